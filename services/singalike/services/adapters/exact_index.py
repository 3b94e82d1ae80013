"""The index that compares with every point: the oracle of the other two, and enough for small catalogues."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import Vectors
from singalike.services.adapters.index_payload import Payload, conditions, to_hit, to_payload
from singalike.services.index_points import best_first, check_points, check_search, checksum
from singalike.services.ports import NO_FILTER, IndexFilter, IndexHit, IndexPoint, IndexState

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Matrices:
    """All points, laid out for searching.

    Attributes:
        point_ids: int64 (points,), rising.
        vectors: float32 (points, dim) of each space.
        payloads: Of each point.
        columns: Values of each filter field, object (points,).
    """

    point_ids: NDArray[np.int64]
    vectors: dict[str, Vectors]
    payloads: list[Payload]
    columns: dict[str, NDArray[Any]]


class ExactIndex:
    """Keeps the points in memory and searches them with one matrix product; see `singalike.services.ports.VoiceIndex`.

    Args:
        timbre_dim, style_dim: Lengths of the vectors.
    """

    def __init__(self, timbre_dim: int, style_dim: int) -> None:
        self._dims = {"timbre": timbre_dim, "style": style_dim}
        self._points: dict[int, IndexPoint] = {}
        self._revision, self._model_version = 0, ""
        self._matrices: _Matrices | None = None
        self._lock = threading.Lock()

    def state(self) -> IndexState:
        """Sum up every point."""
        with self._lock:
            return IndexState(len(self._points), checksum(self._points.values()), self._revision, self._model_version)

    def upsert(self, points: Sequence[IndexPoint]) -> None:
        """Add or replace points; raises InvalidInputError for vectors that cannot be searched."""
        check_points(points, self._dims["timbre"], self._dims["style"])
        with self._lock:
            self._points.update((point.point_id, point) for point in points)
            self._matrices = None

    def delete(self, point_ids: Sequence[int]) -> None:
        """Remove points; unknown ids are ignored."""
        with self._lock:
            for point_id in point_ids:
                self._points.pop(point_id, None)
            self._matrices = None

    def mark(self, revision: int, model_version: str) -> None:
        """Remember up to where the catalogue has been followed."""
        with self._lock:
            self._revision, self._model_version = revision, model_version

    def search(self, vectors: Vectors, space: str, limit: int, where: IndexFilter = NO_FILTER) -> list[list[IndexHit]]:
        """Find the nearest segments of each row of `vectors` (queries, dim)."""
        queries = check_search(vectors, space, limit, self._dims)
        with self._lock:
            held = self._matrices = self._matrices or _lay_out(self._points, self._dims)
        wanted = np.flatnonzero(_matches(held, where))
        similarities = queries @ held.vectors[space][wanted].T if conditions(where) else queries @ held.vectors[space].T
        return [_nearest(held, wanted, row, limit) for row in similarities]

    def optimize(self) -> None:
        """Lay the points out now instead of at the next search."""
        with self._lock:
            self._matrices = self._matrices or _lay_out(self._points, self._dims)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._points.clear()
            self._revision, self._model_version, self._matrices = 0, "", None

    def close(self) -> None:
        """Nothing is held open."""


def _lay_out(points: dict[int, IndexPoint], dims: dict[str, int]) -> _Matrices:
    in_order = [points[point_id] for point_id in sorted(points)]
    payloads = [to_payload(point) for point in in_order]
    fields = ("singer_id", "track_id", "genre", "language", "voice_gender")
    return _Matrices(
        point_ids=np.array([point.point_id for point in in_order], dtype=np.int64),
        vectors={
            "timbre": np.array([p.timbre for p in in_order], dtype=np.float32).reshape(-1, dims["timbre"]),
            "style": np.array([p.style for p in in_order], dtype=np.float32).reshape(-1, dims["style"]),
        },
        payloads=payloads,
        columns={field: np.array([payload.get(field, "") for payload in payloads]) for field in fields},
    )


def _matches(held: _Matrices, where: IndexFilter) -> Mask:
    spelled = conditions(where)
    mask = np.ones(held.point_ids.size, dtype=np.bool_)
    for field, values in spelled.required:
        # An empty string in a filter must not match what the owner did not say.
        mask &= np.isin(held.columns[field], [value for value in values if value])
    for field, values in spelled.excluded:
        mask &= ~np.isin(held.columns[field], values)
    return mask


def _nearest(held: _Matrices, wanted: NDArray[np.int64], similarities: Vectors, limit: int) -> list[IndexHit]:
    count = min(limit, similarities.size)
    if count == 0:
        return []
    worst = np.partition(similarities, similarities.size - count)[similarities.size - count]
    candidates = np.flatnonzero(similarities >= worst)  # with all that tie with the last, for the order by id
    rows = wanted[candidates]
    hits = [
        to_hit(int(held.point_ids[row]), float(similarities[at]), held.payloads[row])
        for row, at in zip(rows, candidates, strict=True)
    ]
    return best_first(hits)[:count]
