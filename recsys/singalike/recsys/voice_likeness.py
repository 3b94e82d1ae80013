"""How alike two voices are, told as a share of pairs of different singers, and how sure that is."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from singalike.embeddings.profile import Vectors
from singalike.recsys.calibration import PRIOR_COUNT, Similarities
from singalike.recsys.medoids import unit_rows
from singalike.recsys.suggestions import Likeness
from singalike.recsys.vector_space import VectorSpace

CONFIDENCE = 0.9

DRAWS = 400

MOST_SEGMENTS = 64
"""Of longer recordings so many segments are resampled, evenly chosen: the rest say little more of the noise."""

PRIOR_SEGMENT_Z, PRIOR_SEGMENTS = 0.20, 4.0
"""Deviations by which single segments of a recording differ in their similarity to a singer, and for how many segments
that belief stands: training voices (`benchmarks/likeness.py`)."""


def closer_than(space: VectorSpace, similarity: Similarities) -> Similarities:
    """Say than what share of pairs of different singers a similarity is closer.

    F(s) = (n F_n(s) + p G(s) + 1/2) / (n + p + 1): F_n is the share of the n kept pairs below s, G the normal
    distribution of the calibration, which stands for p = `PRIOR_COUNT` pairs. It rises everywhere, and says no more
    than so many pairs can: a voice closer than all of 400 pairs is told 99.8 %, not 100 %.

    Args:
        space: Holds the pairs.
        similarity: Of a recording to a singer, any shape, finite.

    Returns:
        float64, same shape, in (0, 1).
    """
    below = np.searchsorted(space.unrelated, similarity).astype(np.float64)
    smooth = ndtr(space.calibration.z(similarity))
    return np.asarray((below + PRIOR_COUNT * smooth + 0.5) / (len(space.unrelated) + PRIOR_COUNT + 1.0))


def voice_likeness(
    space: VectorSpace, vector: Vectors, segments: Vectors, rows: NDArray[np.intp], seed: int = 0
) -> list[Likeness]:
    """Say how alike a voice and some singers are, with a 90 % interval.

    The interval is of what a long recording of the same person would be told. Two things make a short one differ: which
    moments it holds, drawn by resampling its segments, and the day and song, drawn as far as recordings of one singer
    of this catalogue differ (`VectorSpace.repeat_deviation`). How far few segments lie apart is partly believed: each
    of n segments has the variance v = ((n - 1) s^2 + p s_0^2) / (n - 1 + p) and their mean v / n, with s^2 as measured,
    s_0 = `PRIOR_SEGMENT_Z` deviations and p = `PRIOR_SEGMENTS`.

    Args:
        space: The singers' timbre.
        vector: Unit timbre vector of the whole recording, float32 (dim,).
        segments: Of its segments, unit or zero rows, float32 (segments, dim).
        rows: intp (chosen,), which singers.
        seed: Of the draws.

    Returns:
        One for each of `rows`.

    Source:
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, sections 13.3 and 16.4 (smoothed bootstrap).
    """
    if not len(rows):
        return []
    chosen = space.of_singers(rows)
    whole = chosen.similarities(vector[None])[0]
    voiced = segments[np.abs(segments).sum(axis=1) > 0]
    voiced = voiced[np.unique(np.linspace(0, len(voiced) - 1, min(len(voiced), MOST_SEGMENTS)).astype(np.intp))]
    low, high = _interval(chosen, chosen.centred_similarities(unit_rows(voiced - space.mean)), seed)
    told = closer_than(space, np.stack([whole, whole + low, whole + high])).T
    return [Likeness(*(float(share) for share in of_singer)) for of_singer in told]


def _interval(space: VectorSpace, of_segments: Similarities, seed: int) -> tuple[Similarities, Similarities]:
    """Draw how far the whole recording's similarity may be off, float64 (singers,) each: lower and upper end."""
    count = len(of_segments)
    seen, believed = max(count - 1.0, 0.0), PRIOR_SEGMENTS
    share = seen / (seen + believed)
    noise = _draws(count, seed)
    segment = PRIOR_SEGMENT_Z * space.calibration.deviation * np.sqrt((1.0 - share) / max(count, 1))
    drawn = noise[:, -2:] @ np.array([segment, space.repeat_deviation])
    moved = np.broadcast_to(drawn[:, None], (DRAWS, len(space.centroids)))
    if count > 1:
        apart = of_segments - of_segments.mean(axis=0)
        moved = moved + np.sqrt(share * count / seen) * (noise[:, :-2] @ apart)
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(moved, [tail, 1.0 - tail], axis=0)
    return np.minimum(low, 0.0), np.maximum(high, 0.0)


@lru_cache(maxsize=128)
def _draws(count: int, seed: int) -> NDArray[np.float64]:
    """Shares of each segment in resamples, and two standard normal numbers, float64 (DRAWS, count + 2)."""
    random = np.random.default_rng([seed, count])
    shares = random.multinomial(count, np.full(count, 1.0 / count), DRAWS) / count if count else np.zeros((DRAWS, 0))
    drawn = np.concatenate([shares, random.standard_normal((DRAWS, 2))], axis=1)
    drawn.flags.writeable = False
    return drawn
