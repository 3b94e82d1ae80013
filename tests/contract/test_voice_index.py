"""One contract for every vector store; the exact one is the oracle of the others."""

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qdrant_client import QdrantClient

from singalike.errors import CapacityError, InvalidInputError
from singalike.services.adapters.edge_index import EdgeIndex
from singalike.services.adapters.exact_index import ExactIndex
from singalike.services.adapters.server_index import ServerIndex, connect
from singalike.services.index_points import checksum
from singalike.services.ports import IndexFilter, IndexHit, VoiceIndex
from tests.support.fake_ear import unit_rows
from tests.support.folders import quick_folder
from tests.support.index_points import STYLE_DIM, TIMBRE_DIM, make_points

SIMILARITY_TOLERANCE = 1e-5
POINTS = make_points(60)
BACKENDS = ("exact", "edge", "server-in-memory", "server")


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as path:
        yield path


@pytest.fixture(params=BACKENDS)
def index(request: pytest.FixtureRequest, folder: Path) -> Iterator[VoiceIndex]:
    opened = _open(request.param, folder)
    yield opened
    if request.param == "server":
        opened.clear()
    opened.close()


def _open(backend: str, folder: Path) -> VoiceIndex:
    if backend == "exact":
        return ExactIndex(TIMBRE_DIM, STYLE_DIM)
    if backend == "edge":
        return EdgeIndex(folder / "index", TIMBRE_DIM, STYLE_DIM)
    if backend == "server-in-memory":
        return ServerIndex(QdrantClient(":memory:"), TIMBRE_DIM, STYLE_DIM)
    url = os.environ.get("SINGALIKE_QDRANT_URL", "")
    if not url:
        pytest.skip("set SINGALIKE_QDRANT_URL to run the contract on a real Qdrant server")
    return ServerIndex(connect(url, ""), TIMBRE_DIM, STYLE_DIM, collection=f"test-{uuid.uuid4().hex}")


def _query(seed: int, rows: int = 1, dim: int = TIMBRE_DIM) -> np.ndarray:
    return unit_rows(np.random.default_rng(seed).standard_normal((rows, dim)))


def test_a_new_index_is_empty(index: VoiceIndex) -> None:
    state = index.state()

    assert (state.count, state.checksum, state.revision, state.model_version) == (0, 0, 0, "")
    assert index.search(_query(0), "timbre", 5) == [[]]


def test_what_is_held_sums_up_to_the_checksum_of_what_was_given(index: VoiceIndex) -> None:
    index.upsert(POINTS)
    index.mark(9, "ear-1")

    state = index.state()

    assert (state.count, state.checksum) == (len(POINTS), checksum(POINTS))
    assert (state.revision, state.model_version) == (9, "ear-1")


def test_a_point_is_its_own_nearest_neighbour(index: VoiceIndex) -> None:
    index.upsert(POINTS)

    (hits,) = index.search(POINTS[17].timbre[None], "timbre", 3)

    assert hits[0].point_id == POINTS[17].point_id
    assert hits[0].similarity == pytest.approx(1.0, abs=SIMILARITY_TOLERANCE)
    assert (hits[0].singer_id, hits[0].track_id) == (POINTS[17].singer_id, POINTS[17].track_id)
    assert (hits[0].start_s, hits[0].end_s) == pytest.approx((POINTS[17].start_s, POINTS[17].end_s), abs=1e-6)


def test_each_query_gets_its_own_hits(index: VoiceIndex) -> None:
    index.upsert(POINTS)

    found = index.search(np.stack([POINTS[3].style, POINTS[4].style]), "style", 1)

    assert [hits[0].point_id for hits in found] == [POINTS[3].point_id, POINTS[4].point_id]


def test_writing_a_point_again_replaces_it(index: VoiceIndex) -> None:
    index.upsert(POINTS)
    moved = replace(POINTS[0], genre="jazz", timbre=_query(99)[0])

    index.upsert([moved])

    assert index.state().checksum == checksum([moved, *POINTS[1:]])
    (hits,) = index.search(moved.timbre[None], "timbre", 5, IndexFilter(genres=frozenset({"jazz"})))
    assert [hit.point_id for hit in hits] == [moved.point_id]


def test_a_field_that_is_no_longer_said_is_no_longer_found(index: VoiceIndex) -> None:
    index.upsert([replace(POINTS[0], genre="jazz")])

    index.upsert([replace(POINTS[0], genre=None)])

    assert index.search(_query(1), "timbre", 5, IndexFilter(genres=frozenset({"jazz"}))) == [[]]


def test_deleted_points_are_gone_and_unknown_ids_ignored(index: VoiceIndex) -> None:
    index.upsert(POINTS)

    index.delete([POINTS[0].point_id, 123_456])
    index.delete([])

    assert index.state().checksum == checksum(POINTS[1:])
    (hits,) = index.search(POINTS[0].timbre[None], "timbre", len(POINTS))
    assert POINTS[0].point_id not in {hit.point_id for hit in hits}


def test_clear_forgets_everything(index: VoiceIndex) -> None:
    index.upsert(POINTS)
    index.mark(4, "ear-1")

    index.clear()

    state = index.state()
    assert (state.count, state.checksum, state.revision, state.model_version) == (0, 0, 0, "")


def test_optimising_changes_nothing_that_is_held(index: VoiceIndex) -> None:
    index.upsert(POINTS)
    index.delete([1])
    index.mark(2, "ear-1")
    before = index.state()

    index.optimize()

    assert index.state() == before


@pytest.mark.parametrize(
    ("reason", "timbre"),
    [
        ("VECTOR_NOT_FINITE", np.full(TIMBRE_DIM, np.nan, dtype=np.float32)),
        ("VECTOR_NOT_FINITE", np.full(TIMBRE_DIM, np.inf, dtype=np.float32)),
        ("VECTOR_ZERO", np.zeros(TIMBRE_DIM, dtype=np.float32)),
        ("VECTOR_NOT_UNIT", np.ones(TIMBRE_DIM, dtype=np.float32)),
        ("VECTOR_WRONG_DIMENSION", _query(1, dim=TIMBRE_DIM + 1)[0]),
    ],
)
def test_vectors_that_cannot_be_searched_are_refused(index: VoiceIndex, reason: str, timbre: np.ndarray) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        index.upsert([POINTS[0], replace(POINTS[1], timbre=timbre)])

    assert refusal.value.reason == reason
    assert index.state().count == 0


@pytest.mark.parametrize(
    ("reason", "vectors", "space", "limit"),
    [
        ("BAD_SPACE", _query(0), "melody", 5),
        ("BAD_LIMIT", _query(0), "timbre", 0),
        ("VECTOR_WRONG_DIMENSION", _query(0), "style", 5),
        ("VECTOR_NOT_UNIT", 2 * _query(0), "timbre", 5),
        ("VECTOR_NOT_FINITE", np.nan * _query(0), "timbre", 5),
    ],
)
def test_bad_queries_are_refused(index: VoiceIndex, reason: str, vectors: np.ndarray, space: str, limit: int) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        index.search(vectors, space, limit)

    assert refusal.value.reason == reason


def test_points_that_tie_come_by_id(index: VoiceIndex) -> None:
    twins = [replace(POINTS[0], point_id=point_id) for point_id in (8, 3, 5)]
    index.upsert(twins)

    (hits,) = index.search(POINTS[0].timbre[None], "timbre", 3)

    assert [hit.point_id for hit in hits] == [3, 5, 8]


SINGERS = sorted({point.singer_id for point in POINTS})
FILTERS = st.builds(
    IndexFilter,
    genres=st.frozensets(st.sampled_from(["pop", "rock", "발라드", "nothing"]), max_size=2),
    languages=st.frozensets(st.sampled_from(["ko", "en"]), max_size=1),
    voice_genders=st.frozensets(st.sampled_from(["female", "male"]), max_size=1),
    singer_ids=st.frozensets(st.sampled_from(SINGERS), max_size=3),
    excluded_singer_ids=st.frozensets(st.sampled_from(SINGERS), max_size=3),
    excluded_track_ids=st.frozensets(st.sampled_from([f"track-{i}" for i in range(14)]), max_size=3),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(seed=st.integers(0, 2**31), where=FILTERS, limit=st.integers(1, 80), space=st.sampled_from(["timbre", "style"]))
def test_every_index_agrees_with_the_exact_one(
    index: VoiceIndex, seed: int, where: IndexFilter, limit: int, space: str
) -> None:
    oracle = _filled(ExactIndex(TIMBRE_DIM, STYLE_DIM))
    if index.state().count == 0:
        _filled(index)
    queries = _query(seed, rows=2, dim=TIMBRE_DIM if space == "timbre" else STYLE_DIM)

    found, expected = (each.search(queries, space, limit, where) for each in (index, oracle))

    for hits, right in zip(found, expected, strict=True):
        assert np.allclose(
            [hit.similarity for hit in hits], [hit.similarity for hit in right], atol=SIMILARITY_TOLERANCE
        )
        assert _fields(hits) == _fields(right)
        assert [hit.similarity for hit in hits] == sorted((hit.similarity for hit in hits), reverse=True)


def _filled(index: VoiceIndex) -> VoiceIndex:
    index.upsert(POINTS)
    return index


def _fields(hits: list[IndexHit]) -> dict[int, tuple[str, str, float, float]]:
    return {hit.point_id: (hit.singer_id, hit.track_id, hit.start_s, hit.end_s) for hit in hits}


@pytest.mark.parametrize("write", [lambda index: index.upsert(POINTS), lambda index: index.clear()])
def test_an_edge_index_refuses_to_fill_the_disk(folder: Path, write: Callable[[VoiceIndex], None]) -> None:
    _open("edge", folder).close()
    index = EdgeIndex(folder / "index", TIMBRE_DIM, STYLE_DIM, min_free_disk_mb=2**40)

    with pytest.raises(CapacityError) as refusal:
        write(index)

    assert refusal.value.reason == "DISK_FULL"
    index.close()
