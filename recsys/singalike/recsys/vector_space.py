"""All singers of a catalogue in one vector space, ready to be compared with a voice."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import Vectors
from singalike.recsys.calibration import Calibration, Similarities, fit_calibration
from singalike.recsys.medoids import choose_medoids, trimmed_centroid, unit_rows

MEDOIDS_PER_SINGER = 4
CENTROID_SHARE = 0.6
"""Weight of the centroid in a singer's similarity; the nearest medoid has the rest."""

CENTRING_PRIOR = 8.0
"""The mean of n singers is subtracted n / (n + this): the mean of three singers is mostly those three."""

COHORT = 512
"""Recordings that stand for "somebody else" when similarities are calibrated."""

UNRELATED_PAIRS = 65536
"""Pairs of different singers that are kept, so that a similarity can be told as a share of them."""

PRIOR_REPEAT_Z, PRIOR_REPEATS = 0.24, 20.0
"""Deviations by which a second recording of the same voice is nearer or further, before a catalogue is seen, and for
how many recordings that belief stands: half recordings of the training voices (`benchmarks/likeness.py`)."""


@dataclass(frozen=True, eq=False)
class VectorSpace:
    """One kind of vector (timbre or style) of all singers.

    Attributes:
        mean: float32 (dim,), shrunken mean of the singers, subtracted from every vector before comparing.
        centroids: float32 (singers, dim), unit: trimmed mean of each singer's recordings.
        medoids: float32 (medoids, dim), unit: typical recordings, grouped by singer.
        first_medoid: intp (singers,), row in `medoids` where each singer's begin.
        calibration: Similarities of recordings to other singers, after centring.
        raw_deviation: Deviation of uncentred cosines between different singers, for hits of an index.
        unrelated: float64 (pairs,), ascending: some of the similarities behind the calibration, at most
            `UNRELATED_PAIRS`; empty with a single singer.
        repeat_deviation: Deviation of the similarity to other singers from one recording of a singer to the next.
    """

    mean: Vectors
    centroids: Vectors
    medoids: Vectors
    first_medoid: NDArray[np.intp]
    calibration: Calibration
    raw_deviation: float
    unrelated: Similarities
    repeat_deviation: float

    def similarities(self, vectors: Vectors) -> Similarities:
        """Compare recordings with every singer.

        Args:
            vectors: Unit rows, float32 (recordings, dim).

        Returns:
            float64 (recordings, singers): centred cosine, blended from centroid and nearest medoid.
        """
        return self.centred_similarities(unit_rows(vectors - self.mean))

    def z(self, vector: Vectors) -> Similarities:
        """Return deviations above unrelated singers, float64 (singers,), of one recording (dim,)."""
        return self.calibration.z(self.similarities(vector[None])[0])

    def centred_similarities(self, centred: Vectors) -> Similarities:
        """As `similarities`, of vectors that are centred already."""
        to_medoids = np.maximum.reduceat(centred @ self.medoids.T, self.first_medoid, axis=1)
        blended = CENTROID_SHARE * (centred @ self.centroids.T) + (1 - CENTROID_SHARE) * to_medoids
        return np.asarray(blended, dtype=np.float64)

    def of_singers(self, rows: NDArray[np.intp]) -> "VectorSpace":
        """Return a space of some singers only, compared and calibrated as in this one.

        Args:
            rows: intp (chosen,), which singers, in any order; at least one.
        """
        counts = np.diff([*self.first_medoid, len(self.medoids)])[rows]
        first_medoid = np.cumsum([0, *counts[:-1]])
        places = np.arange(counts.sum()) + np.repeat(self.first_medoid[rows] - first_medoid, counts)
        return replace(self, centroids=self.centroids[rows], medoids=self.medoids[places], first_medoid=first_medoid)


def build_space(vectors: Vectors, weights: NDArray[np.float64], first_track: NDArray[np.intp]) -> VectorSpace:
    """Gather the recordings of all singers into a space.

    The mean of the singers is subtracted (Suzuki et al. 2013, centring against hubs). Penalties on singers who are near
    to everybody, as in CSLS and AS-norm, cost hits and are left out (`benchmarks/likeness.py`).

    Args:
        vectors: Unit rows, float32 (tracks, dim), grouped by singer.
        weights: Trust in each track, float64 (tracks,), above zero.
        first_track: intp (singers,), ascending: the row where each singer's tracks begin.

    Returns:
        The space of `len(first_track)` singers.
    """
    groups = [slice(start, stop) for start, stop in zip(first_track, [*first_track[1:], len(vectors)], strict=True)]
    raw_centroids = np.stack([trimmed_centroid(vectors[group], weights[group]) for group in groups])
    count = len(groups)
    mean = np.asarray(raw_centroids.mean(axis=0) * (count / (count + CENTRING_PRIOR)), dtype=np.float32)
    centred = unit_rows(vectors - mean)
    chosen = [group.start + choose_medoids(centred[group], MEDOIDS_PER_SINGER) for group in groups]
    first_medoid = np.cumsum([0, *(len(rows) for rows in chosen[:-1])])
    space = VectorSpace(
        mean=mean,
        centroids=np.stack([trimmed_centroid(centred[group], weights[group]) for group in groups]),
        medoids=centred[np.concatenate(chosen)],
        first_medoid=first_medoid,
        calibration=Calibration(),
        raw_deviation=fit_calibration(_pairs(raw_centroids)).deviation,
        unrelated=np.zeros(0),
        repeat_deviation=PRIOR_REPEAT_Z * Calibration().deviation,
    )
    return _calibrated(space, np.repeat(np.arange(count), [len(rows) for rows in chosen]))


def _calibrated(space: VectorSpace, medoid_singer: NDArray[np.intp]) -> VectorSpace:
    """Measure with a cohort of the catalogue's own recordings how near they are to other singers."""
    if len(space.centroids) == 1:
        return space
    cohort = _evenly(len(space.medoids), COHORT)
    similarity = space.centred_similarities(space.medoids[cohort])
    foreign = similarity[medoid_singer[cohort][:, None] != np.arange(len(space.centroids))]
    calibration = fit_calibration(foreign)
    return replace(
        space,
        calibration=calibration,
        unrelated=np.sort(foreign[_evenly(len(foreign), UNRELATED_PAIRS)]),
        repeat_deviation=_repeat_deviation(space, medoid_singer, calibration.deviation),
    )


def _repeat_deviation(space: VectorSpace, medoid_singer: NDArray[np.intp], deviation: float) -> float:
    """Measure how far recordings of one singer differ in their similarity to others, drawn towards what is usual.

    The square is the mean over some singers with two typical recordings or more, and over some others that they are
    compared with, of the variance within a singer; each recording beyond a singer's first counts once.
    """
    counts = np.diff([*space.first_medoid, len(space.medoids)])
    several = np.flatnonzero(counts > 1)
    several = several[_evenly(len(several), COHORT // MEDOIDS_PER_SINGER)]
    others = _evenly(len(counts), COHORT)
    rows = np.flatnonzero(np.isin(medoid_singer, several))
    prior = (PRIOR_REPEAT_Z * deviation) ** 2
    if not len(rows):
        return float(np.sqrt(prior))
    similarity = space.of_singers(others).centred_similarities(space.medoids[rows])
    similarity[medoid_singer[rows][:, None] == others] = np.nan
    first = np.cumsum([0, *counts[several][:-1]])
    means = np.add.reduceat(similarity, first) / counts[several][:, None]
    squares = np.nansum((similarity - np.repeat(means, counts[several], axis=0)) ** 2)
    compared = (counts[several] - 1).sum() * (len(others) - 1)
    freedom = float((counts[several] - 1).sum())
    measured = squares / max(compared, 1)
    return float(np.sqrt((freedom * measured + PRIOR_REPEATS * prior) / (freedom + PRIOR_REPEATS)))


def _evenly(length: int, count: int) -> NDArray[np.intp]:
    """Choose at most `count` of `length` places, evenly."""
    return np.unique(np.linspace(0, length - 1, min(length, count)).round().astype(np.intp))


def _pairs(vectors: Vectors) -> Similarities:
    """Cosines between different rows, of at most `COHORT` evenly chosen ones."""
    some = vectors[_evenly(len(vectors), COHORT)]
    return np.asarray((some @ some.T)[np.triu_indices(len(some), k=1)], dtype=np.float64)
