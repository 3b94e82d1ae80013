"""How well vectors tell singers apart: pairs to accept or refuse, and recordings to find again.

Conventions: a positive pair is one singer with two different works; two recordings of one singer and one work are left
out everywhere, because the work would give the singer away. A negative pair is two singers. For retrieval every
recording is a query among all others of its set.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.evaluation.intervals import PERCENTILES, draw_weights, mean_interval
from singalike.embeddings.evaluation.recordings import Recording
from singalike.embeddings.evaluation.section import Figure
from singalike.embeddings.projection import unit
from singalike.embeddings.training.verification import equal_error_rate

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_DRAWS = 300
_BINS = 500
_LARGEST = 20_000_000
"""Numbers that a bootstrap may hold at once; with very many singers it becomes coarser."""

_CURVE_POINTS = 200


@dataclass(frozen=True, eq=False)
class Trials:
    """The pairs of a set of recordings.

    Attributes:
        singer: int (recordings,), whose each is.
        names: Of the singers.
        positive: bool (recordings, recordings), one singer and two works.
        negative: bool, two singers.
        same_gender: bool, two singers of one known voice gender.
    """

    singer: NDArray[np.intp]
    names: tuple[str, ...]
    positive: Flags
    negative: Flags
    same_gender: Flags

    @classmethod
    def of(cls, recordings: Sequence[Recording]) -> "Trials":
        """Pair recordings."""
        names, singer = np.unique([one.singer for one in recordings], return_inverse=True)
        work = np.array([one.work for one in recordings])
        voice_gender = np.array([one.voice_gender for one in recordings])
        same = singer[:, None] == singer
        known = (voice_gender[:, None] == voice_gender) & (voice_gender != "unknown")
        return cls(singer, tuple(names.tolist()), same & (work[:, None] != work), ~same, ~same & known)

    @property
    def possible(self) -> bool:
        """Whether there are pairs of both kinds."""
        return bool(self.positive.any() and self.negative.any())


def comparable(vectors: NDArray[np.floating], reference: NDArray[np.floating] | None = None) -> NDArray[np.float32]:
    """Scale every number to mean zero and deviation one over a set, then every row to length one.

    Args:
        vectors: (recordings, dim) without a common scale.
        reference: The set that mean and deviation are taken from; None is `vectors` itself.
    """
    source = np.asarray(vectors if reference is None else reference, dtype=np.float64)
    return unit((vectors - source.mean(axis=0)) / (source.std(axis=0) + 1e-9))


def identity_figures(vectors: NDArray[np.floating], trials: Trials, seed: int = 0) -> Mapping[str, Figure]:
    """Judge unit vectors, with 95 % intervals over singers.

    Args:
        vectors: (recordings, dim), unit rows in the order of the trials.
        trials: At least one pair of each kind.
        seed: Of the bootstrap.

    Returns:
        "EER" and "same-gender EER" (where misses and false alarms are equally frequent; the latter NaN without a known
        pair), "P@1" (the nearest other recording is of the same singer) and "MAP" (mean average precision), in [0, 1].
    """
    similarity = _similarity(vectors)
    upper = np.triu(np.ones_like(trials.positive), 1).astype(bool)
    first, precision, queries = retrieval(similarity, trials)
    singers = [trials.names[singer] for singer in trials.singer[queries]]
    return {
        "EER": _equal_error_figure(similarity, trials.positive & upper, trials.negative & upper, trials, seed),
        "same-gender EER": _equal_error_figure(
            similarity, trials.positive & upper, trials.same_gender & upper, trials, seed
        ),
        "P@1": mean_interval(first, singers, seed=seed),
        "MAP": mean_interval(precision, singers, seed=seed),
    }


def retrieval(similarity: Floats, trials: Trials) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Find the other recordings of each singer: first hits, average precisions, and who had any to find."""
    first, precision, queries = [], [], []
    for query, row in enumerate(similarity):
        candidates = trials.positive[query] | trials.negative[query]
        relevant = trials.positive[query][candidates][np.argsort(-row[candidates], kind="stable")]
        if relevant.any():
            ranks = np.flatnonzero(relevant) + 1
            first.append(float(relevant[0]))
            precision.append(float(np.mean(np.arange(1, len(ranks) + 1) / ranks)))
            queries.append(query)
    return np.array(first), np.array(precision), np.array(queries, dtype=np.intp)


def confusion(vectors: NDArray[np.floating], trials: Trials) -> Floats:
    """Return by singer the share of recordings whose nearest one of another work is of each singer, rows sum to 1."""
    similarity = np.where(trials.positive | trials.negative, _similarity(vectors), -np.inf)
    counts = np.zeros((len(trials.names), len(trials.names)))
    np.add.at(counts, (trials.singer, trials.singer[similarity.argmax(axis=1)]), 1.0)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def detection_curve(vectors: NDArray[np.floating], trials: Trials) -> list[tuple[float, float]]:
    """Return (false alarm rate, miss rate) for a falling threshold: the detection error trade-off.

    Source:
        Martin et al. 1997, The DET curve in assessment of detection task performance.
    """
    similarity = _similarity(vectors)
    upper = np.triu(np.ones_like(trials.positive), 1).astype(bool)
    positive = np.sort(similarity[trials.positive & upper])
    negative = np.sort(similarity[trials.negative & upper])
    thresholds = np.quantile(np.concatenate([positive, negative]), np.linspace(1.0, 0.0, _CURVE_POINTS))
    misses = np.searchsorted(positive, thresholds) / len(positive)
    alarms = 1.0 - np.searchsorted(negative, thresholds) / len(negative)
    return list(zip(alarms.tolist(), misses.tolist(), strict=True))


def _similarity(vectors: NDArray[np.floating]) -> Floats:
    return np.asarray(vectors @ vectors.T, dtype=np.float64)


def _equal_error_figure(similarity: Floats, positive: Flags, negative: Flags, trials: Trials, seed: int) -> Figure:
    if not (positive.any() and negative.any()):
        return Figure(float("nan"))
    rates = _resampled_rates(similarity, positive, negative, trials, seed)
    low, high = np.percentile(rates, PERCENTILES)
    return Figure(equal_error_rate(similarity[positive], similarity[negative]), float(low), float(high))


def _resampled_rates(similarity: Floats, positive: Flags, negative: Flags, trials: Trials, seed: int) -> Floats:
    """Equal error rates with singers drawn anew: a pair counts as often as its singers were drawn together."""
    own = trials.singer[np.nonzero(positive)[0]]
    rows, columns = np.nonzero(negative)
    place = np.sort(np.stack([trials.singer[rows], trials.singer[columns]]), axis=0)
    pairs, pair = np.unique(place[0] * len(trials.names) + place[1], return_inverse=True)
    bins = int(np.clip(_LARGEST // len(pairs), 50, _BINS))
    draws = int(np.clip(_LARGEST // len(pairs), 50, _DRAWS))
    edges = np.quantile(np.concatenate([similarity[positive], similarity[negative]]), np.linspace(0.0, 1.0, bins + 1))
    drawn = draw_weights(len(trials.names), draws, seed)
    together = drawn[:, pairs // len(trials.names)] * drawn[:, pairs % len(trials.names)]
    accepted = _share_above(drawn @ _histograms(similarity[positive], own, len(trials.names), edges))
    alarm = _share_above(together @ _histograms(similarity[negative], pair, len(pairs), edges))
    crossing = np.abs(1.0 - accepted - alarm).argmin(axis=1)[:, None]
    return np.take_along_axis((1.0 - accepted + alarm) / 2, crossing, axis=1)[:, 0]


def _histograms(scores: Floats, group: NDArray[np.intp], groups: int, edges: Floats) -> Floats:
    """Count scores by group and bin, (groups, bins), the highest bin first."""
    place = len(edges) - 2 - np.clip(np.searchsorted(edges, scores, side="right") - 1, 0, len(edges) - 2)
    counts = np.bincount(group * (len(edges) - 1) + place, minlength=groups * (len(edges) - 1))
    return counts.reshape(groups, -1).astype(np.float64)


def _share_above(counts: Floats) -> Floats:
    total = counts.sum(axis=1, keepdims=True)
    return np.asarray(np.cumsum(counts, axis=1) / np.maximum(total, 1e-12))
