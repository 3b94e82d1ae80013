"""One contract for lasting exclusions: in memory, on SQLite and, where a server is named, on PostgreSQL."""

from datetime import timedelta

import pytest

from singalike.errors import NotFoundError
from singalike.services.listeners.listener_records import Exclusion
from tests.support.conversion_stores import START
from tests.support.feedback_stores import TRACKS, Store


def test_an_exclusion_comes_back_and_is_kept_once(store: Store) -> None:
    first = store.add_exclusion("mia", Exclusion("", "singer", "singer-1", START))

    second = store.add_exclusion("mia", Exclusion("", "singer", "singer-1", START + timedelta(days=1)))

    assert (first.kind, first.value, first.create_time) == ("singer", "singer-1", START)
    assert first.exclusion_id.startswith("x-")
    assert second == first
    assert store.exclusions_of("mia") == (first,)
    assert store.exclusions_of("ben") == ()


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("singer", "nobody", "SINGER_NOT_FOUND"),
        ("unlike_singer", "nobody", "SINGER_NOT_FOUND"),
        ("track", "nowhere", "TRACK_NOT_FOUND"),
    ],
)
def test_only_what_is_there_can_be_excluded(store: Store, kind: str, value: str, reason: str) -> None:
    with pytest.raises(NotFoundError) as refusal:
        store.add_exclusion("mia", Exclusion("", kind, value, START))

    assert refusal.value.reason == reason
    assert store.exclusions_of("mia") == ()


def test_pages_of_exclusions_walk_over_everything_once(store: Store) -> None:
    stored = [store.add_exclusion("mia", Exclusion("", "genre", f"genre {number}", START)) for number in range(7)]
    first = store.list_exclusions("mia", 4)
    second = store.list_exclusions("mia", 4, first.next_page_token)

    assert (first.total_size, second.total_size, second.next_page_token) == (7, 7, "")
    assert [*first.items, *second.items] == sorted(stored, key=lambda each: each.exclusion_id)
    assert store.exclusions_of("mia") == (*first.items, *second.items)


def test_an_exclusion_is_taken_back_by_its_listener_only(store: Store) -> None:
    stored = store.add_exclusion("mia", Exclusion("", "track", TRACKS[0], START))

    with pytest.raises(NotFoundError) as refusal:
        store.remove_exclusion("ben", stored.exclusion_id)
    store.remove_exclusion("mia", stored.exclusion_id)

    assert refusal.value.reason == "EXCLUSION_NOT_FOUND"
    assert store.exclusions_of("mia") == ()
