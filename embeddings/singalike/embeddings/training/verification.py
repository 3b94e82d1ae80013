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


def identity_figures(
    vectors: NDArray[np.floating], singers: Sequence[str], songs: Sequence[str] | None = None
) -> IdentityFigures:
    """Judge unit vectors by the singers that they belong to.

    Two vectors of one singer and one song are neither a hit nor a miss: the song would give them away.

    Args:
        vectors: (items, dim), unit rows.
        singers: Whose each is; at least one singer twice.
        songs: Which song each is of; None when every item is a song of its own.
    """
    similarity = np.asarray(vectors @ vectors.T, dtype=np.float64)
    same = _equal_pairs(singers)
    same_song = np.eye(len(same), dtype=bool) if songs is None else _equal_pairs(songs)
    upper = np.triu(np.ones_like(same), 1).astype(bool)
    precisions, first = [], []
    for row, alike, excluded in zip(similarity, same, same & same_song, strict=True):
        relevant = alike[~excluded][np.argsort(-row[~excluded], kind="stable")]
        if relevant.any():
            ranks = np.flatnonzero(relevant) + 1
            precisions.append(np.mean(np.arange(1, len(ranks) + 1) / ranks))
            first.append(relevant[0])
    return IdentityFigures(
        equal_error_rate(similarity[upper & same & ~same_song], similarity[upper & ~same]),
        float(np.mean(precisions)),
        float(np.mean(first)),
    )


def _equal_pairs(names: Sequence[str]) -> NDArray[np.bool_]:
    listed = np.array(names)
    return np.asarray(listed[:, None] == listed[None])
