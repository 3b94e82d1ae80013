"""What runs out and who is erased leaves the store of feedback, in memory and in databases; the rest stays."""

from datetime import timedelta

import pytest

from singalike.errors import NotFoundError
from singalike.services.listeners.listener_records import DISLIKE, HIDE, LIKE, PLAY, Exclusion, Feedback
from tests.support.conversion_stores import START
from tests.support.feedback_stores import FeedbackBench, Store, event, exposure


def test_what_has_run_out_is_not_seen_even_before_it_is_pruned(store: Store, bench: FeedbackBench) -> None:
    _, kept = store.record("mia", [event(LIKE, keep=timedelta(days=1)), event(PLAY)])

    bench.clock.time = START + timedelta(days=1)

    assert store.events_of("mia", bench.clock()) == (kept,)
    assert store.list_feedback("mia").items == (kept,)
    assert store.list_feedback("mia").total_size == 1
    assert list(store.walk_events(bench.clock())) == [("mia", kept)]


def test_pruning_erases_what_has_run_out_and_tells_its_listeners(store: Store) -> None:
    _, kept = store.record("mia", [event(LIKE, keep=timedelta(days=1)), event(PLAY, keep=timedelta(days=3))])
    store.record("ben", [event()])
    before = {name: store.listener_revision(name) for name in ("mia", "ben")}

    assert store.prune(START + timedelta(hours=23)) == 0
    assert store.prune(START + timedelta(days=2)) == 1

    assert store.events_of("mia", START) == (kept,)
    assert store.listener_revision("mia") > before["mia"]
    assert store.listener_revision("ben") == before["ben"]
    assert store.prune(START + timedelta(days=2)) == 0


def test_pruning_in_small_steps_erases_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("singalike.services.adapters.sql_feedback.ERASED_AT_ONCE", 3)
    for name in ("mia", "ben", "zoe"):
        store.record(name, [event(keep=timedelta(days=1)), event(keep=timedelta(days=9)), event(keep=timedelta(1))])
    store.log_exposures([exposure(number) for number in range(7)])

    erased = store.prune(START + timedelta(days=8))

    assert erased == 6
    assert [name for name, _ in store.walk_events(START)] == ["ben", "mia", "zoe"]
    assert list(store.walk_exposures()) == []


def test_a_request_is_remembered_while_anything_of_it_is_kept_and_for_a_month(store: Store) -> None:
    short, long = event(LIKE, keep=timedelta(days=1)), event(PLAY, keep=timedelta(days=99))
    store.record("mia", [short], "request-1")
    store.record("mia", [long], "request-2")
    later = START + timedelta(days=31)

    store.prune(START + timedelta(days=2))
    assert store.record("mia", [short], "request-1") == ()
    store.record("ben", [event(keep=timedelta(days=3))])
    store.prune(later)

    assert len(store.record("mia", [short], "request-1")) == 1
    assert len(store.record("mia", [long], "request-2")) == 1
    assert len(store.events_of("mia", START)) == 2


def test_old_exposures_are_pruned(store: Store) -> None:
    store.log_exposures([exposure(1), exposure(2, days=3)])

    store.prune(START + timedelta(days=8))

    assert list(store.walk_exposures()) == [exposure(2, days=3)]


def test_an_erased_listener_leaves_nothing_and_the_others_everything(store: Store) -> None:
    for name in ("mia", "ben"):
        store.record(name, [event()], "request-1")
        store.add_exclusion(name, Exclusion("", "genre", "folk", START))
    store.log_exposures([exposure(1, "mia"), exposure(2, "ben")])

    store.erase_listener("mia")
    store.erase_listener("nobody at all")

    assert (store.events_of("mia", START), store.exclusions_of("mia"), store.listener_revision("mia")) == ((), (), 0)
    assert len(store.record("mia", [event(LIKE)], "request-1")) == 1
    assert [shown.listener_id for shown in store.walk_exposures()] == ["ben"]
    assert len(store.events_of("ben", START)) == len(store.exclusions_of("ben")) == 1


def test_the_revision_of_an_erased_listener_never_comes_back(store: Store) -> None:
    store.record("mia", [event()])
    before = store.listener_revision("mia")
    store.erase_listener("mia")

    store.record("mia", [event(HIDE)])

    assert store.listener_revision("mia") > before


def test_events_outlive_the_tracks_that_they_are_about(store: Store, bench: FeedbackBench) -> None:
    stored = store.record("mia", [event(HIDE, 1), Feedback("", DISLIKE, "", "singer-1", START)])

    bench.catalogue.remove_singer("singer-1")

    assert store.events_of("mia", START) == stored
    assert store.list_feedback("mia").total_size == 2
    with pytest.raises(NotFoundError):
        store.record("mia", [event(LIKE, 1)])
