"""How a point's fields are written beside its vectors in Qdrant, embedded or served."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from singalike.embeddings.profile import Vectors
from singalike.services.index_points import MICROSECONDS, to_microseconds
from singalike.services.ports import IndexFilter, IndexHit, IndexPoint

Payload = dict[str, Any]
FILTER_FIELDS = ("singer_id", "track_id", "genre", "language", "voice_gender")
"""Indexed when the store is created: a filter without its index reads every point."""

HNSW_LINKS = 16
HNSW_BUILD_CANDIDATES = 128
HNSW_SEARCH_CANDIDATES, HNSW_FILTERED_CANDIDATES = 32, 256
"""Graph parameters; benchmarks/search.py measures recall and time with them. A filter that many points pass walks the
graph as well, over links that lead to points it must leave out, and needs to look at more of them."""

FULL_SCAN_KB = 4_000
"""Below this much vector data, in KiB, reading all of it is faster than the graph, and exact."""


@dataclass(frozen=True)
class Conditions:
    """A filter as (field, values) pairs: every pair of `required` must match, none of `excluded` may."""

    required: tuple[tuple[str, list[str]], ...]
    excluded: tuple[tuple[str, list[str]], ...]

    def __bool__(self) -> bool:
        return bool(self.required or self.excluded)


def conditions(where: IndexFilter) -> Conditions:
    """Spell a filter out; empty fields do not restrict."""
    required = (
        ("genre", where.genres),
        ("language", where.languages),
        ("voice_gender", where.voice_genders),
        ("singer_id", where.singer_ids),
    )
    excluded = (("singer_id", where.excluded_singer_ids), ("track_id", where.excluded_track_ids))
    return Conditions(
        tuple((field, sorted(values)) for field, values in required if values),
        tuple((field, sorted(values)) for field, values in excluded if values),
    )


def search_candidates(limit: int, where: IndexFilter) -> int:
    """Say how many candidates a walk over the graph keeps for `limit` hits."""
    return max(2 * limit, HNSW_FILTERED_CANDIDATES if conditions(where) else HNSW_SEARCH_CANDIDATES)


def to_payload(point: IndexPoint) -> Payload:
    """Write the fields of a point; what the owner did not say is left out."""
    said = {"genre": point.genre, "language": point.language, "voice_gender": point.voice_gender}
    return {
        "singer_id": point.singer_id,
        "track_id": point.track_id,
        "start_us": to_microseconds(point.start_s),
        "end_us": to_microseconds(point.end_s),
        **{field: value for field, value in said.items() if value is not None},
    }


def to_point(point_id: int, timbre: Vectors, style: Vectors, payload: Mapping[str, Any]) -> IndexPoint:
    """Invert `to_payload`."""
    return IndexPoint(
        point_id=point_id,
        singer_id=payload["singer_id"],
        track_id=payload["track_id"],
        start_s=payload["start_us"] / MICROSECONDS,
        end_s=payload["end_us"] / MICROSECONDS,
        timbre=timbre,
        style=style,
        genre=payload.get("genre"),
        language=payload.get("language"),
        voice_gender=payload.get("voice_gender"),
    )


def to_hit(point_id: int, score: float, payload: Mapping[str, Any]) -> IndexHit:
    """Read a search result; rounding may push a cosine out of [-1, 1] by an ulp."""
    return IndexHit(
        point_id=point_id,
        singer_id=payload["singer_id"],
        track_id=payload["track_id"],
        start_s=payload["start_us"] / MICROSECONDS,
        end_s=payload["end_us"] / MICROSECONDS,
        similarity=min(max(score, -1.0), 1.0),
    )
