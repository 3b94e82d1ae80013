"""How well vectors tell singers apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class IdentityFigures:
    """Figures of a set of vectors with known singers.

    Attributes:
        equal_error_rate: Where as many same-singer pairs are missed as other pairs are accepted, in [0, 1].
        mean_average_precision: Of finding the other vectors of each singer, in [0, 1].
        first_hit: Share of vectors whose nearest other vector is of the same singer.
    """

    equal_error_rate: float
    mean_average_precision: float
    first_hit: float

    def __str__(self) -> str:
        return f"EER {self.equal_error_rate:.3f}, MAP {self.mean_average_precision:.3f}, P@1 {self.first_hit:.3f}"


def equal_error_rate(same: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Return the rate at which misses and false alarms are equal.

    Args:
        same: Similarities of pairs of one singer, any shape, not empty.
        other: Similarities of pairs of two singers, any shape, not empty.
    """
    scores = np.concatenate([same.ravel(), other.ravel()])
    is_same = np.concatenate([np.ones(same.size), np.zeros(other.size)])[np.argsort(-scores, kind="stable")]
    miss = 1.0 - np.cumsum(is_same) / same.size
    alarm = np.cumsum(1.0 - is_same) / other.size
    crossing = int(np.argmin(np.abs(miss - alarm)))
    return float((miss[crossing] + alarm[crossing]) / 2)


def identity_figures(vectors: NDArray[np.floating], singers: Sequence[str]) -> IdentityFigures:
    """Judge unit vectors by the singers that they belong to.

    Args:
        vectors: (items, dim), unit rows.
        singers: Whose each is; every singer at least twice.
    """
    similarity = np.asarray(vectors @ vectors.T, dtype=np.float64)
    names = np.array(singers)
    same = names[:, None] == names[None]
    upper = np.triu(np.ones_like(same), 1).astype(bool)
    np.fill_diagonal(similarity, -np.inf)
    order = np.argsort(-similarity, axis=1, kind="stable")[:, :-1]
    relevant = np.take_along_axis(same, order, axis=1)
    precision = np.cumsum(relevant, axis=1) / np.arange(1, relevant.shape[1] + 1)
    average = (precision * relevant).sum(axis=1) / np.maximum(relevant.sum(axis=1), 1)
    return IdentityFigures(
        equal_error_rate(similarity[upper & same], similarity[upper & ~same]),
        float(average.mean()),
        float(relevant[:, 0].mean()),
    )
