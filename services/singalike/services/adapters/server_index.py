"""The index on a Qdrant server; several processes may search it, the catalogue keeps it in step."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import grpc
import numpy as np
from qdrant_client import QdrantClient
from qdrant_client import models as qdrant
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from singalike.embeddings.profile import Vectors
from singalike.errors import CapacityError, InvalidInputError, SingalikeError, UnavailableError, WrongStateError, noted
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
from singalike.services.index_points import best_first, check_points, check_search, checksum
from singalike.services.ports import NO_FILTER, IndexFilter, IndexHit, IndexPoint, IndexState

BATCH = 500
SCROLL_PAGE = 1000
STATE_ID = 1
STATE_VECTOR = [1.0]
COLLECTION = "singalike"
LONGEST_NAME_PART = 60
TOO_MANY_REQUESTS, INSUFFICIENT_STORAGE = 429, 507


class ServerIndex:
    """Two collections: the points, and one point that remembers the revision; see `singalike.services.ports`.

    Args:
        client: Connected to the server; closed with the index.
        timbre_dim, style_dim: Lengths of the vectors.
        collection: Name on the server; "-state" is appended for the second.

    Raises:
        UnavailableError: INDEX_UNAVAILABLE.
    """

    def __init__(self, client: QdrantClient, timbre_dim: int, style_dim: int, collection: str = COLLECTION) -> None:
        self._client = client
        self._dims = {"timbre": timbre_dim, "style": style_dim}
        self._collection, self._state_collection = collection, f"{collection}-state"
        # The client's own twin of a server has neither payload indexes nor graphs, and warns when it is given any.
        self._is_twin = client.init_options.get("location") == ":memory:"
        with foreign_errors():
            self._create()

    def state(self) -> IndexState:
        """Read every point; raises WrongStateError INDEX_DAMAGED."""
        with foreign_errors():
            self._check_dimensions()
            count, total = 0, 0
            for point in self._points():
                count += 1
                total += checksum([point])
            records = self._client.retrieve(self._state_collection, [STATE_ID], with_payload=True)
        marked = (records[0].payload if records else None) or {}
        return IndexState(count, total % 2**64, int(marked.get("revision", 0)), str(marked.get("model_version", "")))

    def upsert(self, points: Sequence[IndexPoint]) -> None:
        """Add or replace points; raises InvalidInputError for vectors that cannot be searched."""
        check_points(points, self._dims["timbre"], self._dims["style"])
        rows = [
            qdrant.PointStruct(
                id=point.point_id,
                vector={"timbre": point.timbre.tolist(), "style": point.style.tolist()},
                payload=to_payload(point),
            )
            for point in points
        ]
        with foreign_errors():
            for first in range(0, len(rows), BATCH):
                self._client.upsert(self._collection, rows[first : first + BATCH], wait=True)

    def delete(self, point_ids: Sequence[int]) -> None:
        """Remove points; unknown ids are ignored."""
        if point_ids:
            with foreign_errors():
                self._client.delete(self._collection, list(point_ids), wait=True)

    def mark(self, revision: int, model_version: str) -> None:
        """Remember up to where the catalogue has been followed; the server has its own log."""
        payload = {"revision": revision, "model_version": model_version}
        with foreign_errors():
            point = qdrant.PointStruct(id=STATE_ID, vector=STATE_VECTOR, payload=payload)
            self._client.upsert(self._state_collection, [point], wait=True)

    def search(self, vectors: Vectors, space: str, limit: int, where: IndexFilter = NO_FILTER) -> list[list[IndexHit]]:
        """Find the nearest segments of each row of `vectors` (queries, dim)."""
        queries = check_search(vectors, space, limit, self._dims)
        params = None if self._is_twin else qdrant.SearchParams(hnsw_ef=search_candidates(limit, where))
        requests = [
            qdrant.QueryRequest(
                query=row.tolist(), using=space, limit=limit, filter=_filter(where), params=params, with_payload=True
            )
            for row in queries
        ]
        with foreign_errors():
            found = self._client.query_batch_points(self._collection, requests)
        return [best_first(_read_hit(hit) for hit in response.points) for response in found]

    def optimize(self) -> None:
        """Nothing to do: the server builds its graphs by itself."""

    def clear(self) -> None:
        """Forget everything, also collections of other dimensions."""
        with foreign_errors():
            self._client.delete_collection(self._collection)
            self._client.delete_collection(self._state_collection)
            self._create()

    def close(self) -> None:
        """Let go of the connection."""
        with foreign_errors():
            self._client.close()

    def _create(self) -> None:
        if not self._client.collection_exists(self._collection):
            self._client.create_collection(
                self._collection,
                # Dot on unit vectors is the cosine, and stores the vectors bit by bit as they came.
                vectors_config={
                    space: qdrant.VectorParams(size=dim, distance=qdrant.Distance.DOT)
                    for space, dim in self._dims.items()
                },
                hnsw_config=qdrant.HnswConfigDiff(
                    m=HNSW_LINKS, ef_construct=HNSW_BUILD_CANDIDATES, full_scan_threshold=FULL_SCAN_KB
                ),
                optimizers_config=qdrant.OptimizersConfigDiff(
                    deleted_threshold=0.01, vacuum_min_vector_number=100, indexing_threshold=FULL_SCAN_KB
                ),
            )
            self._index_payload()
        if not self._client.collection_exists(self._state_collection):
            marker = qdrant.VectorParams(size=len(STATE_VECTOR), distance=qdrant.Distance.DOT)
            self._client.create_collection(self._state_collection, vectors_config=marker)

    def _index_payload(self) -> None:
        if self._is_twin:
            return
        for field in FILTER_FIELDS:
            self._client.create_payload_index(self._collection, field, qdrant.PayloadSchemaType.KEYWORD, wait=True)

    def _check_dimensions(self) -> None:
        config = self._client.get_collection(self._collection).config.params.vectors
        sizes = {space: params.size for space, params in config.items()} if isinstance(config, dict) else {}
        if sizes != self._dims:
            raise WrongStateError("INDEX_DAMAGED", "the collection holds vectors of other lengths: clear it")

    def _points(self) -> Iterator[IndexPoint]:
        offset: Any = None  # REST and gRPC type it differently
        while True:
            records, offset = self._client.scroll(
                self._collection, limit=SCROLL_PAGE, offset=offset, with_payload=True, with_vectors=True
            )
            yield from map(_read_record, records)
            if offset is None:
                return


def collection_name(model_version: str) -> str:
    """Name the collection of an ear: two ears on one server would keep clearing what the other has filled.

    The collection of an ear that listens no more stays until somebody drops it on the server.
    """
    if not model_version:
        return COLLECTION
    # Versions that look the same once a server takes them as a name still differ in the digest.
    readable = re.sub(r"[^A-Za-z0-9_.-]", "-", model_version)[:LONGEST_NAME_PART]
    return f"{COLLECTION}-{readable}-{hashlib.blake2b(model_version.encode(), digest_size=4).hexdigest()}"


def connect(url: str, api_key: str, timeout_s: int = 10) -> QdrantClient:
    """Connect to a Qdrant server; nothing is sent yet; raises InvalidInputError BAD_SETTING without an address."""
    if not url:
        raise InvalidInputError("BAD_SETTING", "SINGALIKE_QDRANT_URL: set the address of the Qdrant server")
    return QdrantClient(url=url, api_key=api_key or None, timeout=timeout_s, check_compatibility=False)


@contextmanager
def foreign_errors() -> Iterator[None]:
    """Turn the client's errors into ours."""
    try:
        yield
    except SingalikeError:
        raise
    except UnexpectedResponse as error:
        raise _of_status(error) from error
    except (ResponseHandlingException, ApiException, grpc.RpcError, OSError) as error:
        message = "the Qdrant server cannot be reached: try again later"
        raise noted(UnavailableError("INDEX_UNAVAILABLE", message), str(error)) from error
    except (ValueError, RuntimeError) as error:
        raise WrongStateError("INDEX_DAMAGED", f"the collection is not as it was made: {error}") from error


def _of_status(error: UnexpectedResponse) -> SingalikeError:
    if error.status_code == INSUFFICIENT_STORAGE:
        return CapacityError("DISK_FULL", "the disk of the Qdrant server is full: make room")
    if error.status_code is None or error.status_code >= 500 or error.status_code == TOO_MANY_REQUESTS:
        return UnavailableError("INDEX_UNAVAILABLE", f"the Qdrant server answers {error.status_code}: try again")
    if error.status_code in {401, 403}:
        return WrongStateError("INDEX_FORBIDDEN", "the Qdrant server refuses the key: set SINGALIKE_QDRANT_API_KEY")
    return WrongStateError("INDEX_DAMAGED", f"the collection is not as it was made: the server says {error}")


def _filter(where: IndexFilter) -> qdrant.Filter | None:
    spelled = conditions(where)
    if not spelled:
        return None
    return qdrant.Filter(must=_matching(spelled.required), must_not=_matching(spelled.excluded))


def _matching(pairs: tuple[tuple[str, list[str]], ...]) -> list[qdrant.Condition]:
    return [qdrant.FieldCondition(key=field, match=qdrant.MatchAny(any=values)) for field, values in pairs]


def _read_record(record: qdrant.Record) -> IndexPoint:
    vectors, payload = record.vector, record.payload
    if not (isinstance(record.id, int) and isinstance(vectors, dict) and payload is not None):
        raise WrongStateError("INDEX_DAMAGED", f"the collection holds a point that is not ours: {record.id}")
    timbre, style = (np.asarray(vectors[space], dtype=np.float32) for space in ("timbre", "style"))
    return to_point(record.id, timbre, style, payload)


def _read_hit(hit: qdrant.ScoredPoint) -> IndexHit:
    assert isinstance(hit.id, int)
    return to_hit(hit.id, hit.score, hit.payload or {})
