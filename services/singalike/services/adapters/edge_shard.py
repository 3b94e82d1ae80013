"""One shard of Qdrant's embedded engine, spoken to in our words; its errors become ours here."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import qdrant_edge as qdrant

from singalike.embeddings.profile import Vectors
from singalike.errors import UnavailableError, noted
from singalike.services.adapters.index_payload import (
    FILTER_FIELDS,
    FULL_SCAN_KB,
    HNSW_BUILD_CANDIDATES,
    HNSW_LINKS,
    conditions,
    search_candidates,
    to_hit,
    to_payload,
    to_point,
)
from singalike.services.index_points import best_first
from singalike.services.ports import IndexFilter, IndexHit, IndexPoint

SCROLL_PAGE = 2000


class EdgeShard:
    """A loaded shard.

    Args:
        folder: Where it lies; created when it does not exist.
        timbre_dim, style_dim: Lengths of its vectors.
    """

    def __init__(self, folder: Path, timbre_dim: int, style_dim: int) -> None:
        self.folder = folder
        config = _config(timbre_dim, style_dim)
        with foreign_errors("open"):
            if folder.exists():
                self._shard = qdrant.EdgeShard.load(str(folder), config)
                return
            folder.mkdir(parents=True, mode=0o700)
            self._shard = qdrant.EdgeShard.create(str(folder), config)
            for field in FILTER_FIELDS:
                self._shard.update(qdrant.UpdateOperation.create_field_index(field, qdrant.PayloadSchemaType.Keyword))
            self._shard.flush()

    def upsert(self, points: Sequence[IndexPoint]) -> None:
        """Add or replace points."""
        rows = [
            qdrant.Point(
                point.point_id, {"timbre": point.timbre.tolist(), "style": point.style.tolist()}, to_payload(point)
            )
            for point in points
        ]
        with foreign_errors("write"):
            self._shard.update(qdrant.UpdateOperation.upsert_points(rows))

    def delete(self, point_ids: Sequence[int]) -> None:
        """Remove points."""
        with foreign_errors("write"):
            self._shard.update(qdrant.UpdateOperation.delete_points(list(point_ids)))

    def points(self) -> Iterator[IndexPoint]:
        """Walk over everything that is held."""
        offset = None
        while True:
            request = qdrant.ScrollRequest(offset=offset, limit=SCROLL_PAGE, with_payload=True, with_vector=True)
            with foreign_errors("read"):
                records, offset = self._shard.scroll(request)
            for record in records:
                yield _read_record(record)
            if offset is None:
                return

    def search(self, queries: Vectors, space: str, limit: int, where: IndexFilter) -> list[list[IndexHit]]:
        """Find the nearest points of each row."""
        only = _filter(where)
        params = qdrant.SearchParams(hnsw_ef=search_candidates(limit, where))
        requests = [
            qdrant.QueryRequest(
                limit=limit, query=qdrant.Query.Nearest(row, using=space), filter=only, params=params, with_payload=True
            )
            for row in queries
        ]
        with foreign_errors("search"):
            found = self._shard.query_batch(qdrant.QueryBatchRequest(requests))
        return [best_first(_read_hit(hit) for hit in hits) for hits in found]

    def count(self) -> int:
        """Count the points."""
        with foreign_errors("read"):
            return int(self._shard.count(qdrant.CountRequest()))

    def optimize(self) -> None:
        """Build the graph and drop what was deleted; holds Python's lock all the while, so only in a child process."""
        with foreign_errors("optimise"):
            self._shard.optimize()

    def flush(self) -> None:
        """Write everything to disk."""
        with foreign_errors("write"):
            self._shard.flush()

    def close(self) -> None:
        """Flush and let go of the files."""
        with foreign_errors("close"):
            self._shard.close()


@contextmanager
def foreign_errors(doing: str) -> Iterator[None]:
    """Turn the engine's errors, which are bare exceptions and Rust panics, into ours."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, Exception) or type(error).__module__ == "pyo3_runtime":
            message = f"the index failed to {doing}: try again"
            raise noted(UnavailableError("INDEX_FAILED", message), str(error)) from error
        raise


def _read_record(record: qdrant.Record) -> IndexPoint:
    vectors, payload = record.vector, record.payload
    if not (isinstance(record.id, int) and isinstance(vectors, dict) and payload is not None):
        raise UnavailableError("INDEX_FAILED", f"the index holds a point that is not ours: {record.id}")
    timbre, style = (np.asarray(vectors[space], dtype=np.float32) for space in ("timbre", "style"))
    return to_point(record.id, timbre, style, payload)


def _read_hit(hit: qdrant.ScoredPoint) -> IndexHit:
    assert isinstance(hit.id, int)
    return to_hit(hit.id, hit.score, hit.payload or {})


def _config(timbre_dim: int, style_dim: int) -> qdrant.EdgeConfig:
    # Dot on unit vectors is the cosine, and unlike Cosine it stores the vectors bit by bit as they came.
    dims = {"timbre": timbre_dim, "style": style_dim}
    return qdrant.EdgeConfig(
        vectors={space: qdrant.EdgeVectorParams(dim, qdrant.Distance.Dot) for space, dim in dims.items()},
        hnsw_config=qdrant.HnswIndexConfig(
            m=HNSW_LINKS, ef_construct=HNSW_BUILD_CANDIDATES, full_scan_threshold=FULL_SCAN_KB
        ),
        # Any deletion is reason enough to rewrite a segment: erased means gone from the files.
        optimizers=qdrant.EdgeOptimizersConfig(
            deleted_threshold=1e-9,
            vacuum_min_vector_number=1,
            default_segment_number=1,
            indexing_threshold=FULL_SCAN_KB,
        ),
        max_search_threads=1,  # one segment to search: handing it to another thread only costs time
        wal_enabled=False,  # the catalogue is the log: what was not flushed is followed again
    )


def _filter(where: IndexFilter) -> qdrant.Filter | None:
    spelled = conditions(where)
    if not spelled:
        return None
    return qdrant.Filter(
        must=[qdrant.FieldCondition(field, match=qdrant.MatchAny(values)) for field, values in spelled.required],
        must_not=[qdrant.FieldCondition(field, match=qdrant.MatchAny(values)) for field, values in spelled.excluded],
    )
