"""How far the recordings of one singer lie apart, and how far singers do: a Gaussian within each, one over all.

A recording x of singer s is drawn as x = m + y_s + e with y_s ~ N(0, between) and e ~ N(0, within). The covariance
within singers is common to all, so that a singer with one track is judged by what the others show; that between singers
is the same in all directions. A recording counts once, however many segments it has: they share room, song and day.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import Vectors

Numbers = NDArray[np.float64]

FOLDS = 5
"""Groups of singers, of which each can be judged by a spread that has not seen it."""

PRIOR_WITHIN_SHARE, PRIOR_TRACKS = 0.5, 20.0
"""Share of all variance that lies within singers before a catalogue is seen, and for how many tracks it stands."""

LEAST_BETWEEN_SHARE = 0.05
"""Singers differ: at least this share of all variance lies between them."""

CENTRING_PRIOR = 8.0
"""The mean of n singers is subtracted n / (n + this), as for ranking."""

ORDERING_DIMS = 4


@dataclass(frozen=True, eq=False)
class SingerStatistics:
    """What has to be known of a catalogue's recordings to fit a spread.

    Attributes:
        counts: float64 (singers,), tracks of each.
        centroids: float64 (singers, dim), plain mean of each singer's vectors.
        fold: intp (singers,), in [0, FOLDS): by content, so that the order of the singers does not matter.
        scatter: float64 (FOLDS, dim, dim), sum over each fold's tracks of (x - centroid)(x - centroid)'.
    """

    counts: Numbers
    centroids: Numbers
    fold: NDArray[np.intp]
    scatter: Numbers


@dataclass(frozen=True, eq=False)
class VoiceSpread:
    """The two covariances, in axes in which that within singers is the identity.

    Attributes:
        mean: float64 (dim,), subtracted from every vector.
        axes: float64 (dim, dim), one whitening axis a row.
        between: float64 (dim,), variance between singers along each axis, above zero.

    Source:
        Ioffe 2006, Probabilistic Linear Discriminant Analysis, https://doi.org/10.1007/11744085_41; Brummer and
        de Villiers 2010, The speaker partitioning problem, for the closed forms.
    """

    mean: Numbers
    axes: Numbers
    between: Numbers

    def whiten(self, vectors: NDArray[np.floating]) -> Numbers:
        """Move vectors, shape (rows, dim), to the axes."""
        return np.asarray((vectors - self.mean) @ self.axes.T, dtype=np.float64)

    def log_densities(self, points: Numbers, centroids: Numbers, counts: Numbers) -> Numbers:
        """Say how well each singer explains each recording.

        The density is that of one more recording after those heard: a singer of few tracks is known less well, and has
        a wider one. One more recording x of a singer never lowers the singer's own density at x, the spread being the
        same: it becomes E[p(x|y)^2] / E[p(x|y)] >= E[p(x|y)] over what is believed of y (Jensen).

        Args:
            points: White, float64 (rows, dim).
            centroids: White mean of each singer's tracks, (singers, dim).
            counts: Tracks of each singer, (singers,).

        Returns:
            Natural logarithms but for a constant, float64 (rows, singers).
        """
        believed, variance = self._predict(centroids, counts)
        precision = 1.0 / variance
        squares = (points**2) @ precision.T - 2.0 * points @ (believed * precision).T
        constants = (believed**2 * precision + np.log(variance)).sum(axis=1)
        return np.asarray(-0.5 * (squares + constants))

    def paired_log_densities(self, points: Numbers, centroids: Numbers, counts: Numbers) -> Numbers:
        """As `log_densities`, of each recording by the singer of its own row; a count of zero is a stranger.

        Returns:
            float64 (rows,).
        """
        believed, variance = self._predict(centroids, counts)
        return np.asarray(-0.5 * ((points - believed) ** 2 / variance + np.log(variance)).sum(axis=1))

    def stranger_log_densities(self, points: Numbers) -> Numbers:
        """Say how well somebody of whom nothing is known explains each recording, float64 (rows,)."""
        return self.paired_log_densities(points, np.zeros_like(points), np.zeros(len(points)))

    def _predict(self, centroids: Numbers, counts: Numbers) -> tuple[Numbers, Numbers]:
        """Mean and variance of a further recording of each singer, given the mean of `counts` heard ones."""
        evidence = counts[:, None] * self.between
        return evidence / (evidence + 1.0) * centroids, 1.0 + self.between / (evidence + 1.0)


def gather_statistics(vectors: Vectors, first_track: NDArray[np.intp]) -> SingerStatistics:
    """Add up what a spread is fitted to, in one pass over the tracks.

    Everything is added up anew for each state of a catalogue: that takes seconds for 100 000 tracks, and
    leaves no remainder of an erased voice, which sums from which it was subtracted would.

    Args:
        vectors: Unit rows, float32 (tracks, dim), grouped by singer.
        first_track: intp (singers,), ascending: the row where each singer's tracks begin; at least one.
    """
    wide = vectors.astype(np.float64)
    counts = np.diff([*first_track, len(wide)]).astype(np.float64)
    centroids = np.add.reduceat(wide, first_track) / counts[:, None]
    fold = np.empty(len(counts), dtype=np.intp)
    fold[canonical_order(centroids)] = np.arange(len(counts)) % FOLDS
    wide -= np.repeat(centroids, counts.astype(np.intp), axis=0)
    track_fold = np.repeat(fold, counts.astype(np.intp))
    parts = [wide[track_fold == number] for number in range(FOLDS)]
    return SingerStatistics(counts, centroids, fold, np.stack([part.T @ part for part in parts]))


def canonical_order(rows: Numbers) -> NDArray[np.intp]:
    """Order rows by their first numbers, whatever order they came in."""
    return np.lexsort(rows.T[:ORDERING_DIMS][::-1])


def fit_spread(statistics: SingerStatistics, without_fold: int | None = None) -> VoiceSpread:
    """Fit both covariances; few tracks lean on a prior, and on equal variance in all directions.

    The sample covariance within singers is drawn towards a multiple of the identity as far as its own noise demands.

    Args:
        statistics: Of the catalogue.
        without_fold: Leave the singers of this fold out, to judge them by a spread that has not seen them.

    Source:
        Chen, Wiesel, Eldar and Hero 2010, Shrinkage algorithms for MMSE covariance estimation, eq. 23 (OAS).
    """
    kept = np.ones(len(statistics.counts), dtype=bool) if without_fold is None else statistics.fold != without_fold
    scatter = statistics.scatter.sum(axis=0)
    if without_fold is not None:
        scatter = scatter - statistics.scatter[without_fold]
    centroids, counts = statistics.centroids[kept], statistics.counts[kept]
    dim, singers = scatter.shape[0], len(counts)
    freedom = float(counts.sum()) - singers
    measured = np.trace(scatter) / dim / freedom if freedom > 0 else 0.0
    within, between = _variances(centroids, counts, measured, freedom)
    covariance = within * np.eye(dim)
    if measured > 0:
        share = _shrinkage(scatter / freedom, freedom)
        covariance = (1.0 - share) * scatter * (within / measured / freedom) + share * covariance
    variances, axes = np.linalg.eigh(covariance)
    everyone = statistics.centroids
    mean = everyone.mean(axis=0) * (len(everyone) / (len(everyone) + CENTRING_PRIOR))
    return VoiceSpread(mean, (axes / np.sqrt(variances)).T, between / variances)


def _variances(centroids: Numbers, counts: Numbers, measured: float, freedom: float) -> tuple[float, float]:
    """Variance along a direction within and between singers; unit vectors that share nothing have 1 / dim in all."""
    singers, dim = centroids.shape
    total = 1.0 / dim
    if singers > 1:
        of_centroids = centroids.var(axis=0, ddof=1).sum() / dim
        seen = of_centroids + measured * (1.0 - float(np.mean(1.0 / counts)))
        total = (seen * (singers - 1) + total) / singers
    within = (freedom * measured + PRIOR_TRACKS * PRIOR_WITHIN_SHARE * total) / (freedom + PRIOR_TRACKS)
    return within, max(total - within, LEAST_BETWEEN_SHARE * total)


def _shrinkage(covariance: Numbers, freedom: float) -> float:
    """Return how far to draw a covariance of so many degrees of freedom towards the identity, in [0, 1]."""
    dim = len(covariance)
    squares, square = float((covariance**2).sum()), float(np.trace(covariance)) ** 2
    apart = (freedom + 1.0 - 2.0 / dim) * (squares - square / dim)
    if apart <= 0:
        return 1.0
    return min(1.0, ((1.0 - 2.0 / dim) * squares + square) / apart)
