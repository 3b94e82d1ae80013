"""A catalogue in memory with its segments, searched exactly: what the shells get from SQL and an index."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import Vectors, VoiceProfile
from singalike.recsys.catalogue_view import CatalogueView, TrackView, build_view
from singalike.recsys.neighbours import NO_HITS, SegmentHits, choose_queries

HITS_PER_SEGMENT = 16
"""As many as the shells ask an index for."""


@dataclass(frozen=True, eq=False)
class SearchedView:
    """A view and the segments of its tracks.

    Attributes:
        view: The catalogue.
        segments: float32 (segments, timbre_dim), unit or zero rows.
        segment_track: intp (segments,), rows of the view.
    """

    view: CatalogueView
    segments: Vectors
    segment_track: NDArray[np.intp]

    def find_hits(self, profile: VoiceProfile) -> SegmentHits:
        """Look up the person's typical segments by timbre, as `services.recommender.segment_search.find_hits` does."""
        queries = choose_queries(profile.segments.timbre)
        if not len(queries) or not len(self.segments):
            return NO_HITS
        similarity = profile.segments.timbre[queries] @ self.segments.T
        nearest = np.argsort(-similarity, axis=1, kind="stable")[:, :HITS_PER_SEGMENT]
        track = self.segment_track[nearest].ravel()
        found = np.take_along_axis(similarity, nearest, axis=1).ravel().astype(np.float64)
        nowhere = np.zeros(len(track))
        query = np.repeat(np.arange(len(queries)), nearest.shape[1])
        return SegmentHits(query, self.view.track_singer[track], track, nowhere, nowhere, found)


def searched_view(tracks: Sequence[TrackView], segments: Sequence[Vectors]) -> SearchedView:
    """Arrange tracks, and the timbre vectors of each one's segments in the same order."""
    view = build_view(tracks)
    rows = [view.track_rows[track.track_id] for track in tracks]
    owner = np.repeat(np.array(rows, dtype=np.intp), [len(part) for part in segments])
    return SearchedView(view, np.concatenate(segments), owner)
