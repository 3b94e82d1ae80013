"""What every index does alike: guard what comes in, and sum up what is held.

The checksum is order-free, so that a scan of an index and a scan of the catalogue agree without sorting: the sum of one
64-bit digest for each point, modulo 2**64.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import Vectors
from singalike.errors import CapacityError, InvalidInputError
from singalike.services.ports import IndexHit, IndexPoint

CHECKSUM_MODULUS = 2**64
UNIT_TOLERANCE = 1e-3
"""How far from one the length of a vector may be; float32 rounding stays far below."""

MICROSECONDS = 1_000_000
MAX_HITS = 10_000


def to_microseconds(seconds: float) -> int:
    """Round a time to whole microseconds: an integer survives every payload encoding, a float may lose its last bit."""
    return round(seconds * MICROSECONDS)


def point_digest(point: IndexPoint) -> int:
    """Digest all of a point, vectors bit by bit, to 64 bits."""
    fields = (
        point.point_id,
        to_microseconds(point.start_s),
        to_microseconds(point.end_s),
        point.singer_id,
        point.track_id,
        point.genre,
        point.language,
        point.voice_gender,
    )
    digest = hashlib.blake2b(json.dumps(fields, ensure_ascii=False).encode(), digest_size=8)
    digest.update(np.ascontiguousarray(point.timbre, dtype="<f4").tobytes())
    digest.update(np.ascontiguousarray(point.style, dtype="<f4").tobytes())
    return int.from_bytes(digest.digest(), "little")


def checksum(points: Iterable[IndexPoint]) -> int:
    """Sum the digests of points in any order, modulo 2**64."""
    return sum(map(point_digest, points)) % CHECKSUM_MODULUS


def check_points(points: Sequence[IndexPoint], timbre_dim: int, style_dim: int) -> None:
    """Refuse points that a search could not live with.

    Raises:
        InvalidInputError: BAD_POINT_ID, or one of the reasons of `check_unit_rows`.
    """
    if not points:
        return
    if any(point.point_id <= 0 for point in points):
        raise InvalidInputError("BAD_POINT_ID", "ids of points are above zero: take them from the catalogue")
    check_unit_rows(stack_rows([point.timbre for point in points], timbre_dim, "timbre"), "timbre")
    check_unit_rows(stack_rows([point.style for point in points], style_dim, "style"), "style")


def stack_rows(rows: Sequence[Vectors], dim: int, space: str) -> Vectors:
    """Stack vectors (dim,) to (rows, dim).

    Raises:
        InvalidInputError: VECTOR_WRONG_DIMENSION.
    """
    for row in rows:
        if np.shape(row) != (dim,):
            raise InvalidInputError(
                "VECTOR_WRONG_DIMENSION", f"a {space} vector has shape {np.shape(row)}, expected ({dim},): embed again"
            )
    return np.asarray(rows, dtype=np.float32).reshape(len(rows), dim)


def check_unit_rows(rows: NDArray[np.floating], space: str) -> None:
    """Refuse rows that are not finite unit vectors.

    Raises:
        InvalidInputError: VECTOR_NOT_FINITE, VECTOR_ZERO or VECTOR_NOT_UNIT.
    """
    if not np.isfinite(rows).all():
        raise InvalidInputError("VECTOR_NOT_FINITE", f"a {space} vector holds NaN or infinity: embed the sound again")
    lengths = np.linalg.norm(np.asarray(rows, dtype=np.float64), axis=-1)
    if (lengths == 0.0).any():
        raise InvalidInputError("VECTOR_ZERO", f"a {space} vector is zero: embed a recording with a voice in it")
    if (np.abs(lengths - 1.0) > UNIT_TOLERANCE).any():
        raise InvalidInputError("VECTOR_NOT_UNIT", f"a {space} vector is not of length one: normalise it")


def check_search(vectors: Vectors, space: str, limit: int, dims: dict[str, int]) -> Vectors:
    """Return the queries as (queries, dim) float32, or refuse them.

    Raises:
        InvalidInputError: BAD_SPACE, BAD_LIMIT, VECTOR_WRONG_DIMENSION or a reason of `check_unit_rows`.
    """
    if space not in dims:
        raise InvalidInputError("BAD_SPACE", f"there is no space {space!r}: use one of {', '.join(sorted(dims))}")
    if not 1 <= limit <= MAX_HITS:
        raise InvalidInputError("BAD_LIMIT", f"limit is {limit}: use 1 to {MAX_HITS}")
    queries = np.asarray(vectors, dtype=np.float32)
    if queries.ndim != 2 or queries.shape[1] != dims[space]:
        raise InvalidInputError(
            "VECTOR_WRONG_DIMENSION", f"queries have shape {queries.shape}, expected (queries, {dims[space]})"
        )
    check_unit_rows(queries, space)
    return queries


def best_first(hits: Iterable[IndexHit]) -> list[IndexHit]:
    """Sort by falling similarity, ties by point id, so that equal calls give equal lists."""
    return sorted(hits, key=lambda hit: (-hit.similarity, hit.point_id))


def refuse_full_disk(free_bytes: int, needed_bytes: int, what: str) -> None:
    """Refuse a write that would fill the disk: a memory-mapped file dies with SIGBUS there.

    Raises:
        CapacityError: DISK_FULL.
    """
    if free_bytes < needed_bytes:
        raise CapacityError(
            "DISK_FULL",
            f"{what} needs {needed_bytes / 2**20:.0f} MiB free on its disk, {free_bytes / 2**20:.0f} are: make room, "
            "or lower SINGALIKE_MIN_FREE_DISK_MB",
        )
