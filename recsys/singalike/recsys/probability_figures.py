"""What probabilities are worth: cross entropy, ranks, calibration, and the area under a curve."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from singalike.embeddings.evaluation.intervals import mean_interval
from singalike.embeddings.evaluation.section import Figure, Row
from singalike.recsys.voice_spread import Numbers

Rows = NDArray[np.intp]

BINS = 10
"""Bins of confidence for the calibration error."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What a contender said of all queries of a set.

    Attributes:
        surprise: float64 (queries,), -log probability of the true singer, in nats.
        rank: intp (queries,), singers who were thought more probable.
        confidence: float64 (queries,), probability of the most probable singer.
        singer: intp (queries,), the true singer.
    """

    surprise: Numbers
    rank: Rows
    confidence: Numbers
    singer: Rows

    def row(self, method: str, label: str, *, baseline: bool) -> Row:
        """Average over the queries, with intervals over singers."""
        groups = [str(singer) for singer in self.singer]
        figures = {
            "cross entropy": mean_interval(self.surprise, groups),
            "top 1": mean_interval((self.rank == 0).astype(np.float64), groups),
            "top 5": mean_interval((self.rank < 5).astype(np.float64), groups),
            "calibration error": Figure(expected_calibration_error(self.confidence, self.rank == 0)),
        }
        return Row(method, label, len(self.surprise), figures, baseline=baseline)

    def reliability(self) -> list[tuple[float, float]]:
        """Return mean confidence and share of right answers of every bin that is not empty, ascending."""
        bins = _bins(self.confidence)
        return [
            (float(self.confidence[bins == number].mean()), float((self.rank[bins == number] == 0).mean()))
            for number in np.unique(bins)
        ]


def expected_calibration_error(confidence: Numbers, right: NDArray[np.bool_]) -> float:
    """Average, over ten equal bins of confidence, how far the share of right answers is from the confidence.

    Args:
        confidence: Probability of each answer, in [0, 1].
        right: Whether it was right, same shape.

    Source:
        Naeini, Cooper and Hauskrecht 2015, Obtaining well calibrated probabilities using Bayesian binning.
    """
    apart = np.bincount(_bins(confidence), confidence - right, minlength=BINS)
    return float(np.abs(apart).sum() / len(confidence))


def area_under_curve(positive: Numbers, negative: Numbers) -> float:
    """Return the probability that a positive scores above a negative, ties counting one half."""
    ranks = rankdata(np.concatenate([positive, negative]))[: len(positive)]
    return float((ranks.sum() - len(positive) * (len(positive) + 1) / 2) / (len(positive) * len(negative)))


def _bins(confidence: Numbers) -> Rows:
    return np.minimum((confidence * BINS).astype(np.intp), BINS - 1)
