"""One contract for what is kept of listeners: in memory, on SQLite and, where a server is named, on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from singalike.errors import AlreadyExistsError, InvalidInputError, NotFoundError
from singalike.services.listeners.listener_records import DISLIKE, HIDE, LIKE, PLAY, Exclusion, Feedback
from singalike.services.page_tokens import make_token
from tests.support.conversion_stores import START
from tests.support.feedback_stores import Store, event, exposure


def test_an_event_comes_back_as_it_was_recorded(store: Store) -> None:
    said = (event(LIKE, keep=timedelta(days=9)), Feedback("", HIDE, "", "singer-2", START))

    stored = store.record("mia", said)

    assert [replace(each, feedback_id="") for each in stored] == list(said)
    assert all(each.feedback_id.startswith("f-") and len(each.feedback_id) == 34 for each in stored)
    assert store.events_of("mia", START) == stored
    assert store.list_feedback("mia").items == stored[::-1]


def test_events_of_one_moment_keep_the_order_in_which_they_came(store: Store) -> None:
    stored = store.record("mia", [event(kind) for kind in (LIKE, DISLIKE, HIDE, PLAY)])

    assert store.events_of("mia", START) == stored


def test_events_are_told_by_their_time_and_not_by_their_arrival(store: Store) -> None:
    late, early = store.record("mia", [event(minutes=2), event(minutes=1)])

    assert store.events_of("mia", START) == (early, late)
    assert store.list_feedback("mia").items == (late, early)


@pytest.mark.parametrize(
    ("reason", "target"), [("TRACK_NOT_FOUND", ("nowhere", "")), ("SINGER_NOT_FOUND", ("", "nobody"))]
)
def test_an_event_about_something_unknown_leaves_nothing_of_its_request(
    store: Store, reason: str, target: tuple[str, str]
) -> None:
    with pytest.raises(NotFoundError) as refusal:
        store.record("mia", [event(), Feedback("", LIKE, *target, START)], "request-1")

    assert refusal.value.reason == reason
    assert target[0] + target[1] in refusal.value.message
    assert store.events_of("mia", START) == ()
    assert store.revision() == store.listener_revision("mia") == 0
    assert len(store.record("mia", [event()], "request-1")) == 1


def test_a_repeated_request_is_answered_as_before(store: Store) -> None:
    first = store.record("mia", [event(LIKE, 1), event(PLAY, 0)], "request-1")
    revision = store.revision()

    again = store.record("mia", [event(LIKE, 1), event(PLAY, 0)], "request-1")

    assert again == first
    assert store.revision() == revision
    assert len(store.events_of("mia", START)) == 2


def test_a_retry_is_known_by_what_was_sent_when_its_times_were_filled_in_later(store: Store) -> None:
    first = store.record("mia", [event(minutes=0)], "request-1", content="digest")

    assert store.record("mia", [event(minutes=5)], "request-1", content="digest") == first
    with pytest.raises(AlreadyExistsError):
        store.record("mia", [event(minutes=0)], "request-1", content="another")


@pytest.mark.parametrize("other", [event(LIKE), event(track=1), event(minutes=1), event(keep=timedelta(1))])
def test_a_request_id_is_for_one_content(store: Store, other: Feedback) -> None:
    store.record("mia", [event()], "request-1")

    with pytest.raises(AlreadyExistsError) as refusal:
        store.record("mia", [other], "request-1")

    assert refusal.value.reason == "REQUEST_ID_REUSED"
    assert len(store.record("ben", [other], "request-1")) == 1


def test_what_was_taken_back_does_not_return_with_a_retry(store: Store) -> None:
    gone, left = store.record("mia", [event(LIKE), event(PLAY)], "request-1")
    store.delete_feedback("mia", gone.feedback_id)

    again = store.record("mia", [event(LIKE), event(PLAY)], "request-1")

    assert again == (left,)
    assert store.events_of("mia", START) == (left,)


def test_nobody_takes_back_what_somebody_else_did(store: Store) -> None:
    (stored,) = store.record("mia", [event()])

    for listener, feedback_id in (("ben", stored.feedback_id), ("mia", "f-none")):
        with pytest.raises(NotFoundError) as refusal:
            store.delete_feedback(listener, feedback_id)
        assert refusal.value.reason == "FEEDBACK_NOT_FOUND"

    assert store.events_of("mia", START) == (stored,)


def test_pages_of_events_walk_over_everything_once(store: Store) -> None:
    stored = store.record("mia", [event(minutes=number // 3) for number in range(11)])
    store.record("ben", [event()])
    seen: list[Feedback] = []
    token = "go"

    while token:
        page = store.list_feedback("mia", 4, "" if token == "go" else token)
        assert page.total_size == 11
        seen += page.items
        token = page.next_page_token

    assert tuple(seen) == stored[::-1]


def test_an_event_that_arrives_between_two_pages_moves_nothing(store: Store) -> None:
    stored = store.record("mia", [event(minutes=number) for number in range(4)])
    first = store.list_feedback("mia", 2)

    store.record("mia", [event(minutes=9)])

    assert store.list_feedback("mia", 2, first.next_page_token).items == stored[1::-1]


@pytest.mark.parametrize("place", ["", "x", "1", "1.", "1.2.3", "9" * 40 + ".1", "1.²"])
def test_a_page_token_that_somebody_made_up_is_refused(store: Store, place: str) -> None:
    token = make_token("feedback", ("mia",), place) if place else "AAAA"

    with pytest.raises(InvalidInputError) as refusal:
        store.list_feedback("mia", 2, token)

    assert refusal.value.reason == "BAD_PAGE_TOKEN"


def test_a_page_token_is_for_one_listener(store: Store) -> None:
    store.record("mia", [event() for _ in range(3)])
    token = store.list_feedback("mia", 2).next_page_token

    for call in (lambda: store.list_feedback("ben", 2, token), lambda: store.list_exclusions("mia", 2, token)):
        with pytest.raises(InvalidInputError) as refusal:
            call()
        assert refusal.value.reason == "BAD_PAGE_TOKEN"


def test_revisions_move_with_every_change_of_the_listener_and_with_no_other(store: Store) -> None:
    seen = [store.listener_revision("mia")]

    def moved() -> bool:
        seen.append(store.listener_revision("mia"))
        return seen[-1] != seen[-2]

    (stored,) = store.record("mia", [event()])
    assert moved()
    exclusion = store.add_exclusion("mia", Exclusion("", "genre", "folk", START))
    assert moved()
    store.add_exclusion("mia", Exclusion("", "genre", "folk", START))
    store.record("ben", [event()])
    store.log_exposures([exposure(1)])
    assert not moved()
    store.delete_feedback("mia", stored.feedback_id)
    assert moved()
    store.remove_exclusion("mia", exclusion.exclusion_id)
    assert moved()
    assert seen[0] == seen[-1] == 0
    assert seen[1] < seen[2] < seen[4]


def test_the_revision_of_all_grows_with_every_change_of_anybody(store: Store) -> None:
    seen = [store.revision()]

    def note(_: object) -> None:
        seen.append(store.revision())

    note(stored := store.record("mia", [event()]))
    note(exclusion := store.add_exclusion("ben", Exclusion("", "genre", "folk", START)))
    note(store.remove_exclusion("ben", exclusion.exclusion_id))
    note(store.delete_feedback("mia", stored[0].feedback_id))
    store.record("mia", [event()])
    note(store.erase_listener("mia"))

    assert seen == sorted(set(seen))
    store.erase_listener("mia")
    assert store.revision() == seen[-1]


def test_exposures_are_walked_oldest_first(store: Store) -> None:
    shown = [exposure(3), exposure(1, "ben", "trial"), exposure(2, "ben", "other")]

    store.log_exposures(shown)
    store.log_exposures(shown[:1])

    assert list(store.walk_exposures()) == [shown[1], shown[2], shown[0]]
    assert list(store.walk_exposures("trial")) == [shown[1]]


def test_all_events_are_walked_by_listener_and_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("singalike.services.adapters.sql_feedback.WALK_PAGE", 4)
    for name in ("zoe", "Ben", "ärzte", "ben"):
        store.record(name, [event(minutes=number % 3) for number in range(5)])

    walked = list(store.walk_events(START))

    assert [name for name, _ in walked] == [name for name in ("Ben", "ben", "zoe", "ärzte") for _ in range(5)]
    assert [event for name, event in walked if name == "zoe"] == list(store.events_of("zoe", START))


def test_a_history_is_taken_over_once_however_often_it_comes(store: Store) -> None:
    history = [(f"listener {number % 3}", event(minutes=number // 2, track=number % 2)) for number in range(12)]
    store.record("listener 0", [history[0][1]])

    first, again = store.add_events(history + history[:2]), store.add_events(history)

    assert (first, again) == (11, 0)
    assert [replace(each, feedback_id="") for _, each in store.walk_events(START)] == [
        each for name in ("listener 0", "listener 1", "listener 2") for owner, each in history if owner == name
    ]
    assert len({each.feedback_id for _, each in store.walk_events(START)}) == 12
    assert all(store.listener_revision(f"listener {number}") for number in range(3))
    assert store.add_events([]) == 0


@pytest.mark.parametrize("other", [event(LIKE), event(track=1), event(minutes=1)])
def test_an_event_that_differs_in_anything_is_no_repetition(store: Store, other: Feedback) -> None:
    store.add_events([("mia", event())])

    assert store.add_events([("mia", other), ("ben", event())]) == 2


def test_writers_at_once_lose_nothing(store: Store) -> None:
    def write(number: int) -> int:
        return len([store.record(f"listener {number % 3}", [event(), event()], f"request-{number}") for _ in range(2)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(24)))

    assert len(list(store.walk_events(START))) == 48
    assert store.revision() == 24
