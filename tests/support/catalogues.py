"""A catalogue and an index in memory, just what ranking reads of them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from singalike.embeddings.profile import Vectors, VoiceProfile
from singalike.errors import NotFoundError
from singalike.services.ports import NO_FILTER, IndexFilter, IndexHit
from singalike.services.records import Page, Track, TrackInfo, TrackWithProfile

EPOCH = datetime(2025, 1, 1, tzinfo=UTC)


class MemoryCatalogue:
    """Tracks in a dictionary; every change counts up the revision."""

    def __init__(self) -> None:
        self.tracks: dict[str, TrackWithProfile] = {}
        self.vector_reads = 0
        self._revision = 0

    def put(self, singer: str, title: str, profile: VoiceProfile, **said: str) -> Track:
        """Add a track; its id is made from singer and title."""
        self._revision += 1
        singer_id, track_id = singer.lower(), f"{singer}-{title}".lower()
        info = TrackInfo(singer, title, **said)
        track = Track(
            track_id, singer_id, info, track_id, profile.quality.duration_s, "identity", profile.model_version,
            self._revision, EPOCH,
        )  # fmt: skip
        self.tracks[track_id] = TrackWithProfile(track, profile)
        return track

    def remove_track(self, track_id: str) -> None:
        """Forget a track."""
        self._revision += 1
        del self.tracks[track_id]

    def get_track(self, track_id: str) -> TrackWithProfile:
        """Return a track with vectors."""
        if track_id not in self.tracks:
            raise NotFoundError("TRACK_NOT_FOUND", f"no track {track_id}")
        self.vector_reads += 1
        return self.tracks[track_id]

    def list_tracks(self, page_size: int = 50, page_token: str = "", where: object = None) -> Page[Track]:
        """List tracks by id."""
        ordered = [self.tracks[key].track for key in sorted(self.tracks)]
        start = int(page_token or 0)
        items = tuple(ordered[start : start + page_size])
        token = str(start + page_size) if start + page_size < len(ordered) else ""
        return Page(items, token, len(ordered))

    def iterate_tracks(self, model_version: str) -> Iterable[TrackWithProfile]:
        """Walk over the tracks of an ear."""
        chosen = [item for item in self.tracks.values() if item.track.model_version == model_version]
        self.vector_reads += len(chosen)
        return iter(chosen)

    def pulse(self) -> int | None:
        """Return the number of changes so far."""
        return self._revision

    def revision(self) -> int:
        """Return the number of changes so far."""
        return self._revision


class MemoryIndex:
    """Brute force over the segments of a `MemoryCatalogue`, always up to date."""

    def __init__(self, catalogue: MemoryCatalogue) -> None:
        self._catalogue = catalogue

    def search(self, vectors: Vectors, space: str, limit: int, where: IndexFilter = NO_FILTER) -> list[list[IndexHit]]:
        """Find the nearest segments of each row."""
        rows = [(hit, vector) for hit, vector in self._points(space) if _passes(self._catalogue, hit, where)]
        found = []
        for query in vectors:
            hits = [replace(hit, similarity=float(np.dot(query, vector))) for hit, vector in rows]
            found.append(sorted(hits, key=lambda hit: (-hit.similarity, hit.point_id))[:limit])
        return found

    def _points(self, space: str) -> Sequence[tuple[IndexHit, Vectors]]:
        points = []
        for item in self._catalogue.tracks.values():
            segments = item.profile.segments
            for start_s, end_s, vector in zip(segments.start_s, segments.end_s, getattr(segments, space), strict=True):
                hit = IndexHit(
                    len(points) + 1, item.track.singer_id, item.track.track_id, float(start_s), float(end_s), 0.0
                )
                points.append((hit, vector))
        return points


def _passes(catalogue: MemoryCatalogue, hit: IndexHit, where: IndexFilter) -> bool:
    info = catalogue.tracks[hit.track_id].track.info
    wanted = ((where.genres, info.genre), (where.languages, info.language), (where.voice_genders, info.voice_gender))
    return (
        all(not values or value in values for values, value in wanted)
        and (not where.singer_ids or hit.singer_id in where.singer_ids)
        and hit.singer_id not in where.excluded_singer_ids
        and hit.track_id not in where.excluded_track_ids
    )
