"""From the index's hits to rows of the view."""

import numpy as np

from singalike.embeddings.profile import VoiceProfile
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.neighbours import NO_HITS, QUERY_SEGMENTS, SegmentHits, choose_queries
from singalike.services.ports import IndexFilter, VoiceIndex

HITS_PER_SEGMENT = 16


def find_hits(
    index: VoiceIndex,
    profile: VoiceProfile | None,
    view: CatalogueView,
    where: IndexFilter,
    segments: int = QUERY_SEGMENTS,
) -> SegmentHits:
    """Look up the person's typical segments by timbre.

    Args:
        index: Where to search.
        profile: The person's voice; None where a request holds none.
        view: Its rows name singers and tracks; hits that it does not know yet, or no more, are dropped.
        where: Restrictions.
        segments: How many of the person's segments at most.

    Returns:
        Hits of each segment, at most `HITS_PER_SEGMENT`.
    """
    if profile is None:
        return NO_HITS
    queries = choose_queries(profile.segments.timbre, segments)
    if not len(queries):
        return NO_HITS
    found = index.search(profile.segments.timbre[queries], "timbre", HITS_PER_SEGMENT, where)
    rows = [
        (query, view.track_rows[hit.track_id], hit.start_s, hit.end_s, hit.similarity)
        for query, hits in zip(queries.tolist(), found, strict=True)
        for hit in hits
        if hit.track_id in view.track_rows
    ]
    if not rows:
        return NO_HITS
    query, track, start_s, end_s, similarity = zip(*rows, strict=True)
    track_rows = np.asarray(track, dtype=np.intp)
    return SegmentHits(
        np.asarray(query, dtype=np.intp),
        view.track_singer[track_rows],
        track_rows,
        np.asarray(start_s, dtype=np.float64),
        np.asarray(end_s, dtype=np.float64),
        np.asarray(similarity, dtype=np.float64),
    )
