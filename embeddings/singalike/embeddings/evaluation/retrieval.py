"""Finding again: average precision of queries among candidates.

Source:
    Manning, Raghavan & Schuetze 2008, Introduction to Information Retrieval, section 8.4 (mean average precision).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.evaluation.intervals import mean_interval
from singalike.embeddings.evaluation.section import Figure

Scores = NDArray[np.floating]
Marks = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Retrieval:
    """How each query that has something to find fared.

    Attributes:
        precision: float64 (queries,), average precision.
        first: bool (queries,), whether the first candidate is relevant.
        tenth: bool (queries,), whether one of the first ten is.
        chance: float64 (queries,), share of the candidates that are relevant.
    """

    precision: NDArray[np.float64]
    first: Marks
    tenth: Marks
    chance: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.precision)

    def figures(self) -> Mapping[str, Figure]:
        """Return mean average precision with its 95 % bootstrap interval over queries, hit@1 and hit@10."""
        return {
            "MAP": mean_interval(self.precision),
            "hit@1": Figure(float(self.first.mean())),
            "hit@10": Figure(float(self.tenth.mean())),
        }


def retrieve(scores: Scores, relevant: Marks, candidate: Marks) -> Retrieval:
    """Rank the candidates of every query.

    Args:
        scores: (queries, candidates), more is closer; ties keep the candidates' order.
        relevant: bool, same shape, what is to be found.
        candidate: bool, same shape, what takes part; the query itself should not.

    Returns:
        Figures of the queries for which something relevant takes part.
    """
    precision, first, tenth, chance = [], [], [], []
    for row, wanted, taking_part in zip(scores, relevant, candidate, strict=True):
        places = np.flatnonzero(taking_part)
        hits = wanted[places[np.argsort(-row[places], kind="stable")]]
        ranks = np.flatnonzero(hits) + 1
        if len(ranks):
            precision.append(np.mean(np.arange(1, len(ranks) + 1) / ranks))
            first.append(hits[0])
            tenth.append(hits[:10].any())
            chance.append(hits.mean())
    return Retrieval(np.array(precision), np.array(first), np.array(tenth), np.array(chance))
