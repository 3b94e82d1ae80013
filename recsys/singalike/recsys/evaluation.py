"""How good are suggestions: hit rate and mean average precision, with their uncertainty.

Conventions: a query ranks all candidates by score, more is better; relevant are the candidates of the query's own
singer; a rank counts from 1. Ties are broken against the query, so that a constant score earns nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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


def validate(scores: NDArray[np.floating], relevant: NDArray[np.bool_]) -> None:
    """Check that scores and relevance fit together.

    Raises:
        ValueError: Shapes differ, a score is NaN, or a query has nothing relevant.
    """
    if scores.shape != relevant.shape or scores.ndim != 2:
        raise ValueError(f"scores {scores.shape} and relevant {relevant.shape} must be one (queries, candidates) shape")
    if np.isnan(scores).any():
        raise ValueError("a score is NaN")
    if not relevant.any(axis=1).all():
        raise ValueError("a query has no relevant candidate")


def ranks_of_relevant(scores: NDArray[np.floating], relevant: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Find the rank of the best relevant candidate of each query.

    Args:
        scores: Shape (queries, candidates).
        relevant: bool, same shape, at least one in each row.

    Returns:
        int64 (queries,), from 1; candidates with the same score stand before the relevant one.
    """
    validate(scores, relevant)
    best = np.where(relevant, scores, -np.inf).max(axis=1, keepdims=True)
    return np.asarray(1 + ((scores >= best) & ~relevant).sum(axis=1), dtype=np.int64)


def hits_at(ranks: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """Say for each query whether the relevant candidate is among the first k: 1.0 or 0.0, shape (queries,)."""
    return (ranks <= k).astype(np.float64)


def average_precisions(scores: NDArray[np.floating], relevant: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Compute the average precision of each query.

    Args:
        scores: Shape (queries, candidates).
        relevant: bool, same shape, at least one in each row.

    Returns:
        float64 (queries,), in (0, 1]; their mean is the MAP.

    Source:
        Manning, Raghavan and Schuetze 2008, Introduction to Information Retrieval, eq. 8.8.
    """
    validate(scores, relevant)
    order = np.lexsort((relevant, -scores), axis=1)
    found = np.take_along_axis(relevant, order, axis=1)
    precision = np.cumsum(found, axis=1) / np.arange(1, found.shape[1] + 1)
    return np.asarray((precision * found).sum(axis=1) / found.sum(axis=1))


def bootstrap(
    values: NDArray[np.float64], random: np.random.Generator, draws: int = 2000, confidence: float = 0.95
) -> Interval:
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
