"""What was read is kept for exactly as long as nobody writes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from singalike.errors import NotFoundError
from singalike.services.adapters.sql_catalogue import SqlCatalogue
from singalike.services.adapters.sql_engine import Database
from singalike.services.adapters.sql_feedback import SqlFeedback
from singalike.services.adapters.sql_memory import ReadMemory
from singalike.services.conversion_records import ConversionProgress
from singalike.services.listeners.listener_records import Exclusion
from tests.support.catalogue_entries import CONSENT, add_track
from tests.support.conversion_stores import START, TENANT, add_target, conversion_stores, order, outcome
from tests.support.fake_ear import make_profile

CHANGES: dict[str, Callable[[SqlCatalogue, SqlFeedback, str, str], object]] = {
    "a voice": lambda catalogue, _feedback, _voice_id, _track_id: catalogue.add_voice(make_profile(2, 3), CONSENT),
    "a voice less": lambda catalogue, _feedback, voice_id, _track_id: catalogue.remove_voice(voice_id),
    "a track": lambda catalogue, _feedback, _voice_id, _track_id: add_track(catalogue, 2),
    "a track less": lambda catalogue, _feedback, _voice_id, track_id: catalogue.remove_track(track_id),
    "an exclusion": lambda _catalogue, feedback, _voice_id, track_id: feedback.add_exclusion(
        "listener-1", Exclusion("", "track", track_id, START)
    ),
}


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


def test_what_workers_say_of_conversions_leaves_what_recommendations_rest_on_in_memory(tmp_path: Path) -> None:
    with conversion_stores(database_of(tmp_path)) as stores:
        catalogue = SqlCatalogue(database_of(tmp_path))
        voice_id = add_target(stores).voice_id
        conversion_id = stores.conversions.add_conversion(TENANT, order(voice_id)).conversion_id
        before, known = catalogue.pulse(), catalogue.get_voice(voice_id)

        stores.conversions.start(conversion_id, "worker-1")
        stores.conversions.report(conversion_id, "worker-1", ConversionProgress("converting", 0.5, 1.0))
        stores.executors.beat("worker-1")
        while_at_work, still_known = catalogue.pulse(), catalogue.get_voice(voice_id)
        stores.targets.revoke_consent(TENANT.name, voice_id, stores.clock())

        assert while_at_work == before
        assert still_known is known
        assert catalogue.pulse() != before
        assert outcome(lambda: catalogue.get_voice(voice_id)) == "VOICE_NOT_FOUND"
        catalogue.close()


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_recommendations_rest_on_counts(tmp_path: Path, change: str) -> None:
    ours, theirs = SqlCatalogue(database_of(tmp_path)), SqlCatalogue(database_of(tmp_path))
    feedback = SqlFeedback(database_of(tmp_path))
    voice_id = theirs.add_voice(make_profile(1, 3), CONSENT).voice_id
    track_id = add_track(theirs, 1).track_id
    before = ours.pulse()

    CHANGES[change](theirs, feedback, voice_id, track_id)

    assert ours.pulse() != before
    for store in (ours, theirs, feedback):
        store.close()


def test_an_engine_without_a_file_is_asked_every_time() -> None:
    memory = ReadMemory(None)
    reads: list[int] = []

    for _ in range(3):
        memory.get("key", lambda: reads.append(1))

    assert len(reads) == 3
