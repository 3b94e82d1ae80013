"""The pairs of moments that sound most alike: why somebody was suggested."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import Segments
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.neighbours import SegmentHits
from singalike.recsys.suggestions import Moment

MOMENTS_SHOWN = 3


def best_moments(
    hits: SegmentHits, chosen: NDArray[np.bool_], view: CatalogueView, segments: Segments
) -> tuple[Moment, ...]:
    """Choose the best pairs among some hits, no moment on either side twice.

    Args:
        hits: Nearest segments.
        chosen: bool (hits,), which of them may be shown: those of one singer or track.
        view: Names the tracks.
        segments: Of the person's recording; `hits.query` are rows of it.

    Returns:
        At most `MOMENTS_SHOWN`, best first; pairs that are not alike at all (cosine zero or less) are never shown.
    """
    rows = np.flatnonzero(chosen & (hits.similarity > 0))
    ordered = rows[np.lexsort((hits.start_s[rows], hits.track[rows], -hits.similarity[rows]))]
    return tuple(_moment(hits, row, view, segments) for row in _apart(hits, ordered, segments))


def _apart(hits: SegmentHits, ordered: Iterable[int], segments: Segments) -> list[int]:
    """Keep hits in order whose two sides overlap with none that was kept before."""
    kept: list[int] = []
    for row in ordered:
        if not any(_overlap(hits, row, other, segments) for other in kept):
            kept.append(row)
        if len(kept) == MOMENTS_SHOWN:
            break
    return kept


def _overlap(hits: SegmentHits, row: int, other: int, segments: Segments) -> bool:
    mine, before = hits.query[row], hits.query[other]
    in_voice = segments.start_s[mine] < segments.end_s[before] and segments.start_s[before] < segments.end_s[mine]
    in_track = hits.start_s[row] < hits.end_s[other] and hits.start_s[other] < hits.end_s[row]
    return bool(in_voice or (hits.track[row] == hits.track[other] and in_track))


def _moment(hits: SegmentHits, row: int, view: CatalogueView, segments: Segments) -> Moment:
    query = hits.query[row]
    return Moment(
        track_id=view.tracks[hits.track[row]].track_id,
        voice_start_s=float(segments.start_s[query]),
        voice_end_s=float(segments.end_s[query]),
        track_start_s=float(hits.start_s[row]),
        track_end_s=float(hits.end_s[row]),
        similarity=float(np.clip(hits.similarity[row], -1.0, 1.0)),
    )
