"""What an embedding service without a recommender beside it owes to those who are erased."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from singalike.services import bootstrap, erasure
from singalike.services.erasure import IndexEraser
from singalike.services.index_follower import IndexFollower
from singalike.services.settings import Settings
from tests.support.catalogue_entries import EAR, add_track
from tests.support.fake_ear import FakeEar, make_profile
from tests.support.folders import quick_folder
from tests.support.patience import PATIENCE_S
from tests.support.servers import running, small_settings, use_fake_ear

TRACKS = range(4)
ERASED = make_profile(2)
TRACES = (ERASED.timbre.tobytes(), ERASED.segments.timbre[0].tobytes(), ERASED.segments.style[1].tobytes())


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    use_fake_ear(monkeypatch)
    with quick_folder() as folder:
        yield small_settings(folder, index="edge")


def _fill(settings: Settings) -> str:
    """Fill catalogue and index as a recommender that has ended did; returns the track that will be erased."""
    ear = FakeEar()
    catalogue = bootstrap.open_catalogue(settings)
    tracks = [add_track(catalogue, number, singer=f"Singer {number}") for number in TRACKS]
    index = bootstrap.open_index(settings, ear.timbre_dim, ear.style_dim, ear.model_version)
    IndexFollower(catalogue, index, EAR).start()
    index.close()
    catalogue.close()
    return tracks[2].track_id


def _is_held(folder: Path) -> bool:
    try:
        contents = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    except FileNotFoundError:  # the files are being rewritten
        return True
    return any(trace in content for content in contents for trace in TRACES)


async def _until_erased(folder: Path) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await asyncio.to_thread(_is_held, folder):
            await asyncio.sleep(0.05)


async def test_a_track_that_is_deleted_leaves_the_files_of_an_index_that_nobody_owns(settings: Settings) -> None:
    track_id = await asyncio.to_thread(_fill, settings)
    assert _is_held(settings.data_dir / "index")

    async with running(settings, "embedding") as servers:
        await servers.client.delete_track(track_id)
        await _until_erased(settings.data_dir)


async def test_an_index_that_a_command_has_open_is_erased_from_once_it_lets_go(settings: Settings) -> None:
    ear = FakeEar()
    track_id = await asyncio.to_thread(_fill, settings)
    index = bootstrap.open_index(settings, ear.timbre_dim, ear.style_dim, ear.model_version)

    async with running(settings, "embedding") as servers:
        await servers.client.delete_track(track_id)
        await asyncio.to_thread(index.close)
        await _until_erased(settings.data_dir)


def test_what_is_asked_for_right_before_the_end_is_still_done(settings: Settings) -> None:
    track_id = _fill(settings)
    catalogue = bootstrap.open_catalogue(settings)
    eraser = IndexEraser(settings, catalogue)
    eraser.run_in_background(PATIENCE_S)

    catalogue.remove_track(track_id)
    eraser.request()
    eraser.stop(PATIENCE_S)

    assert not _is_held(settings.data_dir)
    catalogue.close()


def test_an_erasure_that_failed_is_tried_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = iter([OSError("lost"), False, True])
    calls = []

    def erase(*_: object) -> bool:
        calls.append(outcome := next(outcomes))
        if isinstance(outcome, OSError):
            raise outcome
        return outcome

    monkeypatch.setattr(erasure, "erase_from_index", erase)
    catalogue = bootstrap.open_catalogue(settings)
    eraser = IndexEraser(settings, catalogue)

    eraser.request()
    for _ in range(5):
        eraser._look()

    assert [type(call) for call in calls] == [OSError, bool, bool]
    catalogue.close()


def test_a_server_that_owns_the_index_is_left_to_it(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    monkeypatch.setattr(erasure, "erase_from_index", lambda *_: bool(calls.append(None)))
    catalogue = bootstrap.open_catalogue(settings)
    eraser = IndexEraser(settings, catalogue)

    eraser.request()
    for _ in range(erasure.TRIES + 5):
        eraser._look()

    assert len(calls) == erasure.TRIES
    catalogue.close()
