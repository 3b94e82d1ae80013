"""How good are rankings: what they find, how much of the catalogue they show, and how sure a figure is.

Conventions: a query ranks candidates by score, more is better; a rank counts from 1. A candidate whose score is -inf
does not take part (it is known already, or hidden). Ties are broken against the query, so that a constant score earns
nothing. Every metric of finding returns one value a query, so that two rankings of the same queries can be compared
pair by pair; their means are the figures.

Source:
    Manning, Raghavan and Schuetze 2008, Introduction to Information Retrieval, chapter 8.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import Vectors

Values = NDArray[np.float64]
Marks = NDArray[np.bool_]

NOBODY = -1
"""Stands in a list at the places that no candidate is left for."""


@dataclass(frozen=True)
class Interval:
    """A figure with its bootstrap interval.

    Attributes:
        mean: The figure.
        low, high: Ends of the interval.
    """

    mean: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Ranking:
    """Candidates of every query in order.

    Attributes:
        order: intp (queries, places), candidates, best first; `NOBODY` behind the last one that takes part.
        relevant: bool (queries, places), whether what stands there is relevant.
    """

    order: NDArray[np.intp]
    relevant: Marks

    def __len__(self) -> int:
        return len(self.order)


def validate(scores: NDArray[np.floating], relevant: Marks) -> None:
    """Check that scores and relevance fit together.

    Raises:
        ValueError: Shapes differ, a score is NaN, or a query has nothing relevant that takes part.
    """
    if scores.shape != relevant.shape or scores.ndim != 2:
        raise ValueError(f"scores {scores.shape} and relevant {relevant.shape} must be one (queries, candidates) shape")
    if np.isnan(scores).any():
        raise ValueError("a score is NaN")
    if not (relevant & (scores > -np.inf)).any(axis=1).all():
        raise ValueError("a query has no relevant candidate")


def rank(scores: NDArray[np.floating], relevant: Marks) -> Ranking:
    """Put the candidates of every query in order.

    Args:
        scores: Shape (queries, candidates).
        relevant: bool, same shape, at least one in each row among those that take part.

    Returns:
        All candidates, those that do not take part as `NOBODY` at the end.
    """
    validate(scores, relevant)
    order = np.lexsort((relevant, -scores), axis=1)
    taking_part = np.take_along_axis(scores, order, axis=1) > -np.inf
    return Ranking(np.where(taking_part, order, NOBODY), np.take_along_axis(relevant, order, axis=1) & taking_part)


def first_ranks(ranking: Ranking) -> NDArray[np.int64]:
    """Return the rank of the best relevant candidate of each query, int64 (queries,), from 1."""
    return np.asarray(1 + ranking.relevant.argmax(axis=1), dtype=np.int64)


def hits_at(ranks: NDArray[np.int64], k: int) -> Values:
    """Say for each query whether the relevant candidate is among the first k: 1.0 or 0.0, shape (queries,)."""
    return (ranks <= k).astype(np.float64)


def recalls_at(ranking: Ranking, k: int) -> Values:
    """Return the share of each query's relevant candidates that stand among the first k, float64 (queries,)."""
    return np.asarray(ranking.relevant[:, :k].sum(axis=1) / ranking.relevant.sum(axis=1))


def reciprocal_ranks(ranking: Ranking) -> Values:
    """Return 1 / rank of the first relevant candidate, float64 (queries,); their mean is the MRR."""
    return 1.0 / first_ranks(ranking)


def average_precisions(ranking: Ranking) -> Values:
    """Average the precision over the ranks of all relevant candidates.

    Returns:
        float64 (queries,), in (0, 1]; their mean is the MAP.

    Source:
        Manning, Raghavan and Schuetze 2008, Introduction to Information Retrieval, eq. 8.8.
    """
    found = ranking.relevant
    precision = np.cumsum(found, axis=1) / np.arange(1, found.shape[1] + 1)
    return np.asarray((precision * found).sum(axis=1) / found.sum(axis=1))


def ndcgs_at(ranking: Ranking, k: int) -> Values:
    """Compare what the first k hold with the best list there could be, early places weighing more.

    Returns:
        float64 (queries,): sum of 1 / log2(1 + rank) over the relevant ones, divided by the same of a list that begins
        with all relevant ones.

    Source:
        Jarvelin and Kekalainen 2002, Cumulated gain-based evaluation of IR techniques, with gains of 0 and 1,
        https://doi.org/10.1145/582415.582418.
    """
    found = ranking.relevant[:, :k]
    discount = 1.0 / np.log2(np.arange(2, found.shape[1] + 2))
    ideal = np.cumsum(discount)[np.minimum(ranking.relevant.sum(axis=1), found.shape[1]) - 1]
    return np.asarray((found @ discount) / ideal)


def coverage_at(ranking: Ranking, k: int, candidates: int) -> float:
    """Return the share of all candidates that stand among the first k of at least one query."""
    shown = np.unique(ranking.order[:, :k])
    return float((shown != NOBODY).sum() / candidates)


def novelties_at(ranking: Ranking, k: int, known_by: Values) -> Values:
    """Say how little known the first k are.

    Args:
        ranking: What is shown.
        k: Length of the lists.
        known_by: float64 (candidates,), share of people who know each, above zero.

    Returns:
        float64 (queries,), mean self-information -log2(share) in bits.

    Source:
        Zhou et al. 2010, Solving the apparent diversity-accuracy dilemma of recommender systems,
        https://doi.org/10.1073/pnas.1000488107.
    """
    shown = ranking.order[:, :k]
    bits = np.where(shown == NOBODY, 0.0, -np.log2(known_by)[shown])
    return np.asarray(bits.sum(axis=1) / (shown != NOBODY).sum(axis=1))


def diversities_at(ranking: Ranking, k: int, vectors: Vectors) -> Values:
    """Average 1 - cosine over all pairs of each list.

    Args:
        ranking: What is shown.
        k: Length of the lists; those with fewer than two candidates have no pair and give NaN.
        vectors: Unit rows, float32 (candidates, dim).

    Returns:
        float64 (queries,).

    Source:
        Ziegler et al. 2005, Improving recommendation lists through topic diversification,
        https://doi.org/10.1145/1060745.1060754.
    """
    shown = ranking.order[:, :k]
    taking_part = shown != NOBODY
    count = taking_part.sum(axis=1)
    # The sum over all ordered pairs is |sum of vectors|^2 - n, for unit vectors.
    total = np.einsum("qpd->qd", vectors[shown].astype(np.float64) * taking_part[..., None])
    cosines = np.einsum("qd,qd->q", total, total) - count
    pairs = np.where(count > 1, count * (count - 1), np.nan)
    return np.asarray(1.0 - cosines / pairs)


def bootstrap(values: Values, random: np.random.Generator, draws: int = 2000, confidence: float = 0.95) -> Interval:
    """Give the mean of per-query values with a percentile bootstrap interval.

    Args:
        values: Shape (queries,), at least one.
        random: Source of the draws.
        draws: Resamples.
        confidence: Share of resampled means inside the interval.

    Returns:
        Mean and interval.

    Source:
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 13.3.
    """
    means = values[random.integers(0, len(values), (draws, len(values)))].mean(axis=1)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return Interval(float(values.mean()), float(low), float(high))
