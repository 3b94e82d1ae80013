"""What was read is kept for exactly as long as nobody writes."""

from pathlib import Path

import pytest

from singalike.errors import NotFoundError
from singalike.services.adapters.sql_catalogue import SqlCatalogue
from singalike.services.adapters.sql_engine import Database
from singalike.services.adapters.sql_memory import ReadMemory
from tests.support.catalogue_entries import CONSENT, add_track
from tests.support.fake_ear import make_profile


def database_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'catalogue.db'}"


def test_what_nobody_changed_is_read_once(tmp_path: Path) -> None:
    database = Database(database_of(tmp_path))
    memory = ReadMemory(database.file)
    reads: list[int] = []

    for _ in range(3):
        memory.get("key", lambda: reads.append(1))

    assert len(reads) == 1
    memory.close()
    database.close()


def test_a_commit_of_anybody_makes_it_read_again(tmp_path: Path) -> None:
    ours, theirs = SqlCatalogue(database_of(tmp_path)), SqlCatalogue(database_of(tmp_path))
    before = ours.revision()

    add_track(theirs, 1)

    assert ours.revision() == before + 1
    add_track(ours, 2)
    assert (ours.revision(), theirs.revision()) == (before + 2, before + 2)
    ours.close()
    theirs.close()


def test_what_changes_while_it_is_read_is_not_kept(tmp_path: Path) -> None:
    catalogue = SqlCatalogue(database_of(tmp_path))
    memory = ReadMemory(tmp_path / "catalogue.db")
    reads: list[int] = []

    def read() -> int:
        reads.append(1)
        add_track(catalogue, len(reads))
        return len(reads)

    assert [memory.get("key", read), memory.get("key", read)] == [1, 2]
    memory.close()
    catalogue.close()


def test_a_voice_that_another_process_erased_is_not_remembered(tmp_path: Path) -> None:
    ours, theirs = SqlCatalogue(database_of(tmp_path)), SqlCatalogue(database_of(tmp_path))
    voice = ours.add_voice(make_profile(1, 3), CONSENT)
    assert ours.get_voice(voice.voice_id).voice_id == voice.voice_id

    theirs.remove_voice(voice.voice_id)

    with pytest.raises(NotFoundError):
        ours.get_voice(voice.voice_id)
    ours.close()
    theirs.close()


def test_an_engine_without_a_file_is_asked_every_time() -> None:
    memory = ReadMemory(None)
    reads: list[int] = []

    for _ in range(3):
        memory.get("key", lambda: reads.append(1))

    assert len(reads) == 3
