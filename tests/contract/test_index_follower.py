"""An index follows its catalogue, whatever happened to either."""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

from singalike.errors import WrongStateError
from singalike.services import bootstrap
from singalike.services.adapters import server_index
from singalike.services.adapters.edge_index import EdgeIndex
from singalike.services.adapters.exact_index import ExactIndex
from singalike.services.adapters.server_index import ServerIndex, collection_name
from singalike.services.adapters.sql_catalogue import SqlCatalogue
from singalike.services.index_follower import Finding, FollowEvent, IndexFollower
from singalike.services.ports import VoiceIndex
from singalike.services.records import TrackInfo
from singalike.services.settings import read_settings
from tests.support.catalogue_entries import EAR, add_track, sha
from tests.support.fake_ear import FakeEar, make_profile
from tests.support.folders import quick_folder
from tests.support.patience import PATIENCE_S

EAR_DIMS = (FakeEar().timbre_dim, FakeEar().style_dim)


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as path:
        yield path


@pytest.fixture
def catalogue(folder: Path) -> Iterator[SqlCatalogue]:
    opened = SqlCatalogue(f"sqlite:///{folder / 'catalogue.db'}")
    yield opened
    opened.close()


def _edge(folder: Path) -> EdgeIndex:
    return EdgeIndex(folder / "index", *EAR_DIMS)


@pytest.fixture(params=["exact", "edge", "server-in-memory"])
def index(request: pytest.FixtureRequest, folder: Path) -> Iterator[VoiceIndex]:
    build: dict[str, Callable[[], VoiceIndex]] = {
        "exact": lambda: ExactIndex(*EAR_DIMS),
        "edge": lambda: _edge(folder),
        "server-in-memory": lambda: ServerIndex(QdrantClient(":memory:"), *EAR_DIMS),
    }
    opened = build[request.param]()
    yield opened
    opened.close()


def _assert_in_step(catalogue: SqlCatalogue, index: VoiceIndex) -> None:
    expected, held = catalogue.expected_index_state(EAR), index.state()
    assert (held.count, held.checksum) == (expected.count, expected.checksum)


def test_a_new_index_is_filled(catalogue: SqlCatalogue, index: VoiceIndex) -> None:
    for number in range(5):
        add_track(catalogue, number)

    report = IndexFollower(catalogue, index, EAR).start()

    assert (report.finding, report.rebuilt, report.count, report.revision) == (Finding.NEW, False, 15, 5)
    assert index.state() == catalogue.expected_index_state(EAR)


def test_additions_corrections_and_removals_are_followed(catalogue: SqlCatalogue, index: VoiceIndex) -> None:
    for number in range(4):
        add_track(catalogue, number)
    follower = IndexFollower(catalogue, index, EAR)
    follower.start()

    add_track(catalogue, 10, singer="Bob")
    add_track(catalogue, 1, title="Corrected", genre="pop")
    catalogue.remove_track(sha(2)[:20])
    revision = follower.catch_up()

    assert revision == catalogue.revision()
    _assert_in_step(catalogue, index)


def test_a_second_start_finds_the_index_in_step(catalogue: SqlCatalogue, index: VoiceIndex) -> None:
    add_track(catalogue, 1)
    IndexFollower(catalogue, index, EAR).start()

    report = IndexFollower(catalogue, index, EAR).start()

    assert (report.finding, report.rebuilt) == (Finding.IN_STEP, False)


def test_an_index_that_fell_behind_catches_up_at_start(catalogue: SqlCatalogue, index: VoiceIndex) -> None:
    add_track(catalogue, 1)
    IndexFollower(catalogue, index, EAR).start()
    add_track(catalogue, 2)
    catalogue.remove_track(sha(1)[:20])

    report = IndexFollower(catalogue, index, EAR).start()

    assert (report.finding, report.rebuilt) == (Finding.BEHIND, False)
    _assert_in_step(catalogue, index)


def test_an_index_of_another_ear_is_rebuilt(catalogue: SqlCatalogue, index: VoiceIndex) -> None:
    add_track(catalogue, 1)
    IndexFollower(catalogue, index, EAR).start()
    index.mark(catalogue.revision(), "another-ear")

    report = IndexFollower(catalogue, index, EAR).start()

    assert (report.finding, report.rebuilt) == (Finding.OTHER_MODEL, True)
    _assert_in_step(catalogue, index)


def test_a_point_too_few_or_too_many_is_noticed_and_mended(catalogue: SqlCatalogue, index: VoiceIndex) -> None:
    add_track(catalogue, 1)
    add_track(catalogue, 2)
    IndexFollower(catalogue, index, EAR).start()
    index.delete([1])
    index.mark(catalogue.revision(), EAR)

    report = IndexFollower(catalogue, index, EAR).start()

    assert (report.finding, report.rebuilt) == (Finding.DIFFERENT, True)
    _assert_in_step(catalogue, index)


def test_a_catalogue_restored_from_a_backup_rebuilds_the_index(catalogue: SqlCatalogue, index: VoiceIndex) -> None:
    add_track(catalogue, 1)
    IndexFollower(catalogue, index, EAR).start()
    index.mark(catalogue.revision() + 7, EAR)

    report = IndexFollower(catalogue, index, EAR).start()

    assert (report.finding, report.rebuilt) == (Finding.DIFFERENT, True)
    assert index.state() == catalogue.expected_index_state(EAR)


def test_vectors_of_another_ear_stay_out_of_the_index(catalogue: SqlCatalogue, index: VoiceIndex) -> None:
    add_track(catalogue, 1)
    other = make_profile(2, ear=FakeEar("ear-2", timbre_dim=5))
    catalogue.add_track(add_track(catalogue, 2).info, sha(2), 9.0, "identity", other)

    report = IndexFollower(catalogue, index, EAR).start()

    assert report.count == 3


def test_a_server_follows_in_the_background(catalogue: SqlCatalogue, index: VoiceIndex) -> None:
    follower = IndexFollower(catalogue, index, EAR)
    follower.start()
    caught_up, events = threading.Event(), []

    def on_event(event: FollowEvent) -> None:
        events.append(event)
        if event.revision == 2:
            caught_up.set()

    follower.run_in_background(0.01, on_event)
    add_track(catalogue, 1)
    add_track(catalogue, 2)
    assert caught_up.wait(PATIENCE_S)
    follower.stop()

    assert {event.name for event in events} <= {"index_caught_up", "index_optimized"}
    assert index.state() == catalogue.expected_index_state(EAR)


def test_a_failure_in_the_background_is_reported_and_tried_again(
    catalogue: SqlCatalogue, index: VoiceIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = IndexFollower(catalogue, index, EAR)
    follower.start()
    failed, recovered = threading.Event(), threading.Event()
    real_upsert = index.upsert

    def upsert_after_the_first_failure(points: object) -> None:
        if not failed.is_set():
            failed.set()
            raise WrongStateError("INDEX_FAILED", "try again")
        real_upsert(points)

    def on_event(event: FollowEvent) -> None:
        if event.name == "index_caught_up":
            recovered.set()

    monkeypatch.setattr(index, "upsert", upsert_after_the_first_failure)
    add_track(catalogue, 1)
    follower.run_in_background(0.01, on_event)
    assert failed.wait(PATIENCE_S)
    assert recovered.wait(PATIENCE_S)
    follower.stop()

    _assert_in_step(catalogue, index)


def test_two_ears_on_one_server_leave_each_other_alone(
    catalogue: SqlCatalogue, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = QdrantClient(":memory:")
    monkeypatch.setattr(server_index, "connect", lambda url, api_key: server)
    add_track(catalogue, 1)
    young_ear = FakeEar(model_version="fake/2")
    catalogue.add_track(TrackInfo("Bob", "Two"), sha(2), 9.5, "identity", make_profile(2, ear=young_ear))
    settings = read_settings(data_dir=folder, index="server")
    indexes = {ear: bootstrap.open_index(settings, *EAR_DIMS, ear) for ear in (EAR, young_ear.model_version)}

    for ear, index in indexes.items():
        IndexFollower(catalogue, index, ear).start()
    findings = [IndexFollower(catalogue, index, ear).start().finding for ear, index in indexes.items()]

    assert findings == [Finding.IN_STEP, Finding.IN_STEP]
    assert [index.state() for index in indexes.values()] == [catalogue.expected_index_state(ear) for ear in indexes]
    server.close()


@pytest.mark.parametrize("versions", [("ear/1", "ear:1"), ("ear 1", "ear-1"), ("x" * 300, "x" * 301), ("é", "è")])
def test_collections_of_different_ears_have_different_names_that_a_server_takes(versions: tuple[str, str]) -> None:
    names = [collection_name(version) for version in versions]

    assert names[0] != names[1]
    assert all(re.fullmatch(r"singalike-[A-Za-z0-9_.-]{1,100}", name) for name in names)
