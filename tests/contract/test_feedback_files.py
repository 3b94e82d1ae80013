"""What the store of feedback does with files: erasure, full disks and databases of the release before."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from singalike.errors import CapacityError
from singalike.services.adapters import sql_migrate
from singalike.services.adapters.sql_catalogue import SqlCatalogue
from singalike.services.adapters.sql_feedback import SqlFeedback
from singalike.services.listeners.listener_records import LIKE, Exclusion, Exposure, Feedback
from tests.support.catalogue_entries import add_track
from tests.support.folders import quick_folder

NOW = datetime(2026, 5, 4, tzinfo=UTC)


def files_with(folder: Path, content: bytes) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file() and content in path.read_bytes()]


@pytest.mark.parametrize("how", ["event", "exclusion", "listener", "prune"])
def test_what_is_erased_leaves_no_byte_behind(how: str) -> None:
    with quick_folder() as folder:
        url = f"sqlite:///{folder / 'catalogue.db'}"
        catalogue, store = SqlCatalogue(url), SqlFeedback(url, exposure_days=1)
        track = add_track(catalogue, 1)
        for number in range(20):
            store.record(f"keepsake {number}", [Feedback("", LIKE, track.track_id, "", NOW)])
        expire_time = NOW if how == "prune" else None
        (event,) = store.record(
            "zerubabel", [Feedback("", LIKE, track.track_id, "", NOW, expire_time, "quux-exposure")]
        )
        exclusion = store.add_exclusion("zerubabel", Exclusion("", "genre", "quux-genre", NOW))
        store.log_exposures([Exposure("e-1", "zerubabel", NOW, "songs", "quux-preset", "", "", ("a", "b"))])
        traces = {
            "event": [event.feedback_id.encode(), b"quux-exposure"],
            "exclusion": [exclusion.exclusion_id.encode(), b"quux-genre"],
            "listener": [b"zerubabel", b"quux-exposure", b"quux-genre", b"quux-preset"],
            "prune": [event.feedback_id.encode(), b"quux-exposure", b"quux-preset"],
        }[how]
        assert all(files_with(folder, trace) for trace in traces)

        match how:
            case "event":
                store.delete_feedback("zerubabel", event.feedback_id)
            case "exclusion":
                store.remove_exclusion("zerubabel", exclusion.exclusion_id)
            case "listener":
                store.erase_listener("zerubabel")
            case "prune":
                store.prune(NOW.replace(year=2027))

        assert [files_with(folder, trace) for trace in traces] == [[] for _ in traces]
        store.close()
        catalogue.close()


@pytest.mark.parametrize("looked_before", [True, False])
def test_a_listener_of_whom_everything_has_run_out_is_forgotten_with_the_last_request(looked_before: bool) -> None:
    with quick_folder() as folder:
        url = f"sqlite:///{folder / 'catalogue.db'}"
        catalogue, store = SqlCatalogue(url), SqlFeedback(url, now=lambda: NOW)
        track = add_track(catalogue, 1)
        store.record("zerubabel", [Feedback("", LIKE, track.track_id, "", NOW, NOW + timedelta(days=1))], "request-1")
        if looked_before:
            store.prune(NOW + timedelta(days=2))
            assert files_with(folder, b"zerubabel")

        store.prune(NOW + timedelta(days=31))

        assert files_with(folder, b"zerubabel") == []
        store.close()
        catalogue.close()


def test_a_database_of_the_release_before_is_brought_along_with_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alembic import command

    url = f"sqlite:///{tmp_path / 'catalogue.db'}"
    newest = command.upgrade
    with monkeypatch.context() as release_before:
        release_before.setattr(command, "upgrade", lambda config, _: newest(config, "0001"))
        before = SqlCatalogue(url)
        track = add_track(before, 1)
        before.close()
    assert "feedback" not in sa.inspect(sa.create_engine(url)).get_table_names()

    store, catalogue = SqlFeedback(url), SqlCatalogue(url)

    assert catalogue.get_track(track.track_id).track == track
    assert catalogue.revision() == track.revision
    assert len(store.record("mia", [Feedback("", LIKE, track.track_id, "", NOW)])) == 1
    store.close()
    catalogue.close()


def test_a_downgrade_takes_the_tables_of_listeners_away_and_nothing_else(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    url = f"sqlite:///{tmp_path / 'catalogue.db'}"
    SqlFeedback(url).close()
    engine = sa.create_engine(url)
    config = Config()
    config.set_main_option("script_location", str(sql_migrate.SCRIPTS))

    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")

    left = set(sa.inspect(engine).get_table_names())
    with engine.connect() as connection:
        counters = connection.execute(sa.text("SELECT name FROM counter")).scalars().all()
    engine.dispose()
    assert {"tracks", "singers", "voices"} < left
    assert not left & {"feedback", "feedback_requests", "exclusions", "exposures", "listeners"}
    assert counters == ["revision"]


def test_a_nearly_full_disk_is_refused_before_writing_and_does_not_forbid_to_erase(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'catalogue.db'}"
    catalogue, roomy, full = SqlCatalogue(url), SqlFeedback(url), SqlFeedback(url, min_free_disk_mb=2**40)
    track = add_track(catalogue, 1)
    (stored,) = roomy.record("mia", [Feedback("", LIKE, track.track_id, "", NOW)])

    with pytest.raises(CapacityError) as refusal:
        full.record("mia", [Feedback("", LIKE, track.track_id, "", NOW)])
    full.delete_feedback("mia", stored.feedback_id)
    full.erase_listener("mia")

    assert refusal.value.reason == "DISK_FULL"
    assert full.events_of("mia", NOW) == ()
    for opened in (catalogue, roomy, full):
        opened.close()


def test_a_change_by_another_process_is_seen_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'catalogue.db'}"
    catalogue, reader, writer = SqlCatalogue(url), SqlFeedback(url), SqlFeedback(url)
    track = add_track(catalogue, 1)
    seen = [(reader.revision(), reader.listener_revision("mia"))]

    (stored,) = writer.record("mia", [Feedback("", LIKE, track.track_id, "", NOW)])
    seen.append((reader.revision(), reader.listener_revision("mia")))
    writer.delete_feedback("mia", stored.feedback_id)
    seen.append((reader.revision(), reader.listener_revision("mia")))

    assert seen == sorted(set(seen))
    for opened in (catalogue, reader, writer):
        opened.close()
