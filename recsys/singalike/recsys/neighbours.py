"""From nearest segments to nearest singers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import Vectors
from singalike.recsys.calibration import Similarities
from singalike.recsys.medoids import choose_medoids

QUERY_SEGMENTS = 6
"""Segments of the person's recording that are looked up; more say little new and cost a search each."""

NEAREST_OF_SINGER = 3
"""A singer's similarity to one segment is the mean of this many hits, so that one lucky frame does not decide."""

TRIMMED_SEGMENTS = 0.25
"""Share of the person's segments, the worst matching ones of each singer, that are left out."""

CLOSE_MOMENT_SHARE = 0.25
"""Deviations that a singer gains for each deviation by which their close moments stand out of the others."""


@dataclass(frozen=True, eq=False)
class SegmentHits:
    """What an index found near the person's segments, in rows of a `CatalogueView`.

    Attributes:
        query: intp (hits,), which of the person's segments.
        singer, track: intp (hits,), rows of the view.
        start_s, end_s: float64 (hits,), where in the track.
        similarity: float64 (hits,), cosine.
    """

    query: NDArray[np.intp]
    singer: NDArray[np.intp]
    track: NDArray[np.intp]
    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    similarity: Similarities

    def __len__(self) -> int:
        return len(self.query)

    def only(self, chosen: NDArray[np.bool_]) -> "SegmentHits":
        """Return the hits that are chosen, bool (hits,)."""
        if chosen.all():
            return self
        return SegmentHits(
            self.query[chosen],
            self.singer[chosen],
            self.track[chosen],
            self.start_s[chosen],
            self.end_s[chosen],
            self.similarity[chosen],
        )

    def joined(self, other: "SegmentHits") -> "SegmentHits":
        """Return these hits and others behind them."""
        return SegmentHits(
            np.concatenate([self.query, other.query]),
            np.concatenate([self.singer, other.singer]),
            np.concatenate([self.track, other.track]),
            np.concatenate([self.start_s, other.start_s]),
            np.concatenate([self.end_s, other.end_s]),
            np.concatenate([self.similarity, other.similarity]),
        )


NO_HITS = SegmentHits(
    np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0, np.intp), np.zeros(0), np.zeros(0), np.zeros(0)
)


def choose_queries(segment_vectors: Vectors, count: int = QUERY_SEGMENTS) -> NDArray[np.intp]:
    """Choose the segments of a recording to look up: its medoids, without zero vectors.

    Args:
        segment_vectors: Unit or zero rows, float32 (segments, dim).
        count: How many at most.

    Returns:
        At most `count` rows, most typical first.
    """
    voiced = np.flatnonzero(np.abs(segment_vectors).sum(axis=1) > 0)
    if not len(voiced):
        return voiced
    return voiced[choose_medoids(segment_vectors[voiced], count)]


def close_moments(hits: SegmentHits, singer_count: int) -> Similarities:
    """Say for each singer how far their nearest segments stand out of what else was found.

    For each of the person's segments a singer has the mean of their best `NEAREST_OF_SINGER` hits; where they have
    fewer, the worst hit of that segment stands in, because everything that was not found is at most that close. The
    worst matching quarter of the person's segments is left out, the others are averaged.

    Args:
        hits: Nearest segments, any order.
        singer_count: Singers of the view.

    Returns:
        float64 (singer_count,), cosine above the worst hits, at least zero; zero for singers that were not found.
    """
    if not len(hits):
        return np.zeros(singer_count)
    queries, query = np.unique(hits.query, return_inverse=True)
    floor = np.full(len(queries), np.inf)
    np.minimum.at(floor, query, hits.similarity)
    above = hits.similarity - floor[query]
    order = np.lexsort((-above, hits.singer, query))
    pair = (query * singer_count + hits.singer)[order]
    starts = np.flatnonzero(np.r_[True, pair[1:] != pair[:-1]])
    place = np.arange(len(pair)) - np.repeat(starts, np.diff([*starts, len(pair)]))
    counted = place < NEAREST_OF_SINGER
    table = np.zeros(len(queries) * singer_count)
    np.add.at(table, pair[counted], above[order][counted] / NEAREST_OF_SINGER)
    best_first = -np.sort(-table.reshape(len(queries), singer_count), axis=0)
    kept = len(queries) - int(TRIMMED_SEGMENTS * len(queries))
    return np.asarray(best_first[:kept].mean(axis=0))
