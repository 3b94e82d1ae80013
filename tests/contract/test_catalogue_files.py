"""What the catalogue does with files: rights, erasure, full disks and databases that are none."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from singalike.errors import SingalikeError, UnavailableError, WrongStateError
from singalike.services.adapters import sql_engine
from singalike.services.adapters.sql_catalogue import SqlCatalogue
from singalike.services.adapters.sql_engine import Database
from tests.support.catalogue_entries import CONSENT, EAR, add_track
from tests.support.fake_ear import make_profile
from tests.support.folders import quick_folder


def test_the_database_is_for_its_owner_only() -> None:
    with quick_folder() as folder:
        catalogue = SqlCatalogue(f"sqlite:///{folder / 'data' / 'catalogue.db'}")
        add_track(catalogue, 1)

        rights = {path.name: path.stat().st_mode & 0o777 for path in (folder / "data").iterdir()}
        catalogue.close()

        assert (folder / "data").stat().st_mode & 0o777 == 0o700
        assert set(rights.values()) == {0o600}
        assert "catalogue.db-wal" in rights


def _files_with(folder: Path, content: bytes) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and content in path.read_bytes()]


@pytest.mark.parametrize("what", ["voice", "track", "singer"])
def test_what_is_erased_leaves_no_byte_behind(what: str) -> None:
    with quick_folder() as folder:
        catalogue = SqlCatalogue(f"sqlite:///{folder / 'catalogue.db'}")
        bystander = SqlCatalogue(f"sqlite:///{folder / 'catalogue.db'}")
        for number in range(5):
            add_track(catalogue, number, singer=f"Keepsake {number}")
        track = add_track(catalogue, 77, singer="Zerubabel Quux")
        voice = catalogue.add_voice(make_profile(77), CONSENT)
        bystander.list_tracks()
        traces = [make_profile(77).timbre.tobytes(), make_profile(77).segments.style[1].tobytes()]
        traces += [CONSENT.subject.encode()] if what == "voice" else [b"Zerubabel", b"zerubabel"]
        if what == "voice":
            catalogue.remove_track(track.track_id)
        else:
            catalogue.remove_voice(voice.voice_id)
        assert all(_files_with(folder, trace) for trace in traces)

        if what == "voice":
            catalogue.remove_voice(voice.voice_id)
        elif what == "track":
            catalogue.remove_track(track.track_id)
        else:
            catalogue.remove_singer(track.singer_id)

        assert [_files_with(folder, trace) for trace in traces] == [[] for _ in traces]
        catalogue.close()
        bystander.close()


def _follow(catalogue: SqlCatalogue) -> None:
    catalogue.changes(0, EAR)


@pytest.mark.parametrize("look", [_follow, SqlCatalogue.revision])
@pytest.mark.parametrize("who", ["the one that erased", "another process"])
def test_an_erasure_that_a_reader_hindered_is_completed_when_somebody_looks(
    monkeypatch: pytest.MonkeyPatch, look: Callable[[SqlCatalogue], object], who: str
) -> None:
    monkeypatch.setattr(Database.scrub, "__defaults__", (1,))  # milliseconds: the reader stays anyway
    with quick_folder() as folder:
        url, trace = f"sqlite:///{folder / 'catalogue.db'}", make_profile(77).timbre.tobytes()
        catalogue, bystander = SqlCatalogue(url), SqlCatalogue(url)
        track = add_track(catalogue, 77)
        with closing(sqlite3.connect(folder / "catalogue.db")) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM tracks").fetchone()
            catalogue.remove_track(track.track_id)
            look(catalogue)
            assert _files_with(folder, trace)
            reader.rollback()

            look(catalogue if who == "the one that erased" else bystander)

            assert _files_with(folder, trace) == []
        assert {path.name for path in folder.iterdir() if path.stat().st_size} <= {"catalogue.db", "catalogue.db-shm"}
        assert not (folder / "catalogue.unscrubbed").exists()
        catalogue.close()
        bystander.close()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://nowhere/x", "BAD_SETTING"),
        ("no url", "BAD_SETTING"),
        ("sqlite://", "BAD_SETTING"),
        ("sqlite:////proc/nowhere/catalogue.db", "CATALOGUE_UNAVAILABLE"),
        ("postgresql+psycopg://nobody@127.0.0.1:1/none", "CATALOGUE_UNAVAILABLE"),
    ],
)
def test_a_database_that_cannot_be_opened_says_why(url: str, reason: str) -> None:
    with pytest.raises(SingalikeError) as refusal:
        SqlCatalogue(url)

    assert refusal.value.reason == reason


def test_a_file_that_is_no_database_is_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "catalogue.db").write_bytes(b"this is no database at all " * 100)

    with pytest.raises(WrongStateError) as refusal:
        SqlCatalogue(f"sqlite:///{tmp_path / 'catalogue.db'}")

    assert refusal.value.reason == "CATALOGUE_DAMAGED"


def test_writers_of_one_process_take_turns_and_do_not_wait_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write() -> None:
        with database.write():
            pass

    with closing(Database(f"sqlite:///{tmp_path / 'catalogue.db'}")) as database, ThreadPoolExecutor(1) as other:
        monkeypatch.setattr(sql_engine, "BUSY_TIMEOUT_MS", 20)
        with database.write():
            refused = other.submit(write).exception()
        after = other.submit(write).exception()

    assert isinstance(refused, UnavailableError)
    assert refused.reason == "CATALOGUE_BUSY"
    assert after is None


def test_a_nearly_full_disk_is_refused_before_writing(tmp_path: Path) -> None:
    catalogue = SqlCatalogue(f"sqlite:///{tmp_path / 'catalogue.db'}", min_free_disk_mb=2**40)

    with pytest.raises(SingalikeError) as refusal:
        add_track(catalogue, 1)

    assert refusal.value.reason == "DISK_FULL"
    assert catalogue.list_tracks().total_size == 0
    catalogue.close()


def test_a_nearly_full_disk_does_not_forbid_to_erase(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'catalogue.db'}"
    before = SqlCatalogue(url)
    track = add_track(before, 1)
    before.close()
    catalogue = SqlCatalogue(url, min_free_disk_mb=2**40)

    catalogue.remove_track(track.track_id)

    assert catalogue.list_tracks().total_size == 0
    catalogue.close()
