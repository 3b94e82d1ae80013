"""How well vectors tell singers apart, with intervals by bootstrap over singers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.evaluation.intervals import PERCENTILES, draw_weights, mean_interval
from singalike.embeddings.evaluation.section import Figure
from singalike.embeddings.projection import unit

_EER_DRAWS = 200
"""Every draw goes through all pairs, so there are fewer of them than for means."""


def same_gender_eer(
    vectors: NDArray[np.floating],
    singers: Sequence[str],
    works: Sequence[str],
    voice_genders: Sequence[str],
    seed: int = 0,
) -> Figure:
    """Find where misses equal false alarms among pairs of one voice gender.

    Args:
        vectors: (items, dim), any length.
        singers: Whose each is.
        works: What is sung in each; two items of one singer and one work are no pair.
        voice_genders: "f", "m" or "unknown", which is in no pair of two singers.
        seed: Of the bootstrap.

    Returns:
        The rate with its 95 % interval; NaN where there are no pairs of one singer, or none of two.
    """
    rows = unit(vectors)
    singer = np.unique(np.array(singers), return_inverse=True)[1]
    gender = np.array(voice_genders)
    first, second = np.triu_indices(len(rows), 1)
    same = singer[first] == singer[second]
    usable = np.where(
        same,
        np.array(works)[first] != np.array(works)[second],
        (gender[first] == gender[second]) & (gender[first] != "unknown"),
    )
    first, second, same = first[usable], second[usable], same[usable]
    if not same.any() or same.all():
        return Figure(float("nan"))
    order = np.argsort(-(rows[first] * rows[second]).sum(axis=1), kind="stable")
    same, one, other = same[order], singer[first][order], singer[second][order]
    weights = draw_weights(int(singer.max()) + 1, _EER_DRAWS, seed)
    drawn = [_weighted_eer(same, weight[one] * np.where(same, 1.0, weight[other])) for weight in weights]
    low, high = np.nanpercentile(drawn, PERCENTILES)
    return Figure(_weighted_eer(same, np.ones(len(same))), float(low), float(high))


def singer_map(vectors: NDArray[np.floating], singers: Sequence[str], works: Sequence[str], seed: int = 0) -> Figure:
    """Return the mean average precision of finding a singer's other works, with its interval; arguments as above."""
    rows = unit(vectors)
    similarity = rows @ rows.T
    singer, work = np.array(singers), np.array(works)
    precisions, asked = [], []
    for index in range(len(rows)):
        alike = singer == singer[index]
        kept = ~(alike & (work == work[index]))
        found = alike[kept][np.argsort(-similarity[index][kept], kind="stable")]
        ranks = np.flatnonzero(found) + 1
        if len(ranks):
            precisions.append(float(np.mean(np.arange(1, len(ranks) + 1) / ranks)))
            asked.append(singers[index])
    return mean_interval(precisions, asked, seed=seed)


def _weighted_eer(same: NDArray[np.bool_], weights: NDArray[np.float64]) -> float:
    """Equal error rate of weighted pairs in order of falling similarity."""
    hits, alarms = np.cumsum(np.where(same, weights, 0.0)), np.cumsum(np.where(same, 0.0, weights))
    if hits[-1] == 0.0 or alarms[-1] == 0.0:
        return float("nan")
    miss, alarm = 1.0 - hits / hits[-1], alarms / alarms[-1]
    crossing = int(np.argmin(np.abs(miss - alarm)))
    return float((miss[crossing] + alarm[crossing]) / 2)
