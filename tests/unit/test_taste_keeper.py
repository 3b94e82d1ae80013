"""Taste beside the requests: what counts at once, what waits for a refit, and who waits for nothing."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event

import numpy as np
import pytest

from singalike.errors import UnavailableError
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.listener_taste import Popularity
from singalike.services.adapters.memory_feedback import MemoryFeedback
from singalike.services.listeners.listener_records import DISLIKE, HIDE, LIKE, PLAY, Exclusion, Feedback
from singalike.services.recommender.taste_keeper import (
    CHECK_S,
    OLDEST_S,
    Refit,
    Run,
    TasteKeeper,
    at_once,
    beside,
    logged,
)
from tests.support.patience import PATIENCE_S
from tests.support.voices import small_view

START = datetime(2025, 3, 1, tzinfo=UTC)
EQUAL = 1e-9


@dataclass
class Clock:
    """A clock that is moved by hand, as UTC and as seconds."""

    passed_s: float = 0.0

    def now(self) -> datetime:
        return START + timedelta(seconds=self.passed_s)

    def monotonic(self) -> float:
        return self.passed_s


class Diary(MemoryFeedback):
    """Counts the walks over all events, and holds them up when asked to."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(now=clock.now)
        self.walks = 0
        self.walking, self.go_on = Event(), Event()
        self.go_on.set()

    def add(self, listener_id: str, kind: str, track_id: str = "", singer_id: str = "", days: float = 0.0) -> None:
        expires = START + timedelta(days=days) if days else None
        self.record(listener_id, [Feedback("", kind, track_id, singer_id, START, expires)])

    def walk_events(self, now: datetime) -> Iterator[tuple[str, Feedback]]:
        self.walks += 1
        self.walking.set()
        self.go_on.wait()
        return super().walk_events(now)


def track_id(singer: int, take: int = 0) -> str:
    return f"s{singer:02}-song {singer} {take}"


@pytest.fixture(scope="module")
def view() -> CatalogueView:
    return small_view(8, 3)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def diary(clock: Clock) -> Diary:
    """Eight listeners like singers 0 to 2, eight like 3 to 5."""
    return filled(Diary(clock))


def filled(found: Diary) -> Diary:
    for camp in (0, 3):
        for listener in range(8):
            for singer in range(camp, camp + 3):
                for take in range(3):
                    found.add(f"of-{camp}-{listener}", LIKE, track_id(singer, take))
    return found


def keeper_of(diary: Diary, clock: Clock, run: Run = at_once) -> TasteKeeper:
    return TasteKeeper(diary, clock.now, run, clock.monotonic)


def test_a_listener_who_came_after_a_fit_is_folded_in_at_once(diary: Diary, view: CatalogueView, clock: Clock) -> None:
    keeper = keeper_of(diary, clock)
    keeper.follow(view)

    diary.add("ann", LIKE, track_id(0))
    taste = keeper.taste("ann", view)

    assert taste.singers[2] > 2 * taste.singers[4]
    assert taste.event_count == 1
    assert diary.walks == 1


def test_hides_and_dislikes_count_from_the_next_request_on_without_a_refit(
    diary: Diary, view: CatalogueView, clock: Clock
) -> None:
    keeper = keeper_of(diary, clock)
    before, state = keeper.taste("of-0-1", view), keeper.state("of-0-1")

    diary.add("of-0-1", HIDE, singer_id="s01")
    diary.add("of-0-1", DISLIKE, track_id(4))
    after = keeper.taste("of-0-1", view)

    assert not before.hidden_tracks.any()
    assert np.flatnonzero(after.hidden_singers).tolist() == [1]
    assert after.hidden_tracks.sum() == 3
    assert after.disliked_tracks[view.track_rows[track_id(4)]] == 1.0
    assert np.array_equal(after.tracks, before.tracks, equal_nan=True)
    assert after.event_count == before.event_count
    assert keeper.state("of-0-1") != state
    assert diary.walks == 1


def test_nobody_waits_for_a_refit_and_the_new_model_comes_whole(
    diary: Diary, view: CatalogueView, clock: Clock
) -> None:
    keeper = keeper_of(diary, clock, beside)
    diary.go_on.clear()

    early = keeper.taste("of-0-1", view)
    diary.walking.wait()
    diary.add("of-0-1", HIDE, track_id(5))
    meanwhile = keeper.taste("of-0-1", view)
    diary.go_on.set()
    keeper.stop()
    late = keeper_of(diary, clock).taste("of-0-1", view)

    assert np.isnan(early.tracks).all()
    assert np.isnan(meanwhile.tracks).all()
    assert meanwhile.hidden_tracks.sum() == 1
    assert not np.isnan(late.tracks).all()


def test_a_refit_in_a_thread_swaps_the_model_in(diary: Diary, view: CatalogueView, clock: Clock) -> None:
    ended = Event()

    def run(refit: Callable[[], Refit | None]) -> None:
        def refit_and_tell() -> Refit | None:
            report = refit()
            ended.set()
            return report

        beside(refit_and_tell)

    keeper = keeper_of(diary, clock, run)
    keeper.follow(view)
    assert ended.wait(PATIENCE_S)

    assert keeper.taste("of-0-1", view).event_count == 9
    assert keeper.popularity(view).singers[0] > keeper.popularity(view).singers[7]


def test_many_changes_or_an_old_model_bring_a_refit_and_few_changes_do_not(
    diary: Diary, view: CatalogueView, clock: Clock
) -> None:
    keeper = keeper_of(diary, clock)
    keeper.follow(view)

    walks = []
    for changes, passed_s in ((10, CHECK_S), (60, CHECK_S), (1, CHECK_S), (0, OLDEST_S), (0, OLDEST_S)):
        for _ in range(changes):
            diary.add("ben", PLAY, track_id(6))
        clock.passed_s += passed_s
        keeper.follow(view)
        walks.append(diary.walks)

    assert walks == [1, 2, 2, 3, 3]


def test_who_is_forgotten_is_gone_at_once_and_leaves_what_was_learnt_with_the_next_refit(
    diary: Diary, view: CatalogueView, clock: Clock
) -> None:
    diary.add("ann", LIKE, track_id(7))
    keeper = keeper_of(diary, clock)
    followed = keeper.popularity(view).singers[7]

    diary.erase_listener("ann")
    stranger = keeper.taste("ann", view)
    clock.passed_s += OLDEST_S
    left = keeper.popularity(view).singers[7]

    assert np.isnan(stranger.tracks).all()
    assert left < followed
    assert left == keeper.popularity(view).singers[6]
    assert np.isnan(keeper.taste("of-0-1", view).tracks[view.track_rows[track_id(7)]])


def test_an_event_that_runs_out_counts_no_more(diary: Diary, view: CatalogueView, clock: Clock) -> None:
    keeper = keeper_of(diary, clock)
    diary.add("ann", HIDE, track_id(0), days=1.0)
    hidden, state = keeper.taste("ann", view), keeper.state("ann")

    clock.passed_s += timedelta(days=1).total_seconds()
    lapsed = keeper.has_lapsed("ann")
    later = keeper.taste("ann", view)

    assert hidden.hidden_tracks.sum() == 1
    assert (lapsed, keeper.has_lapsed("ann")) == (True, False)
    assert not later.hidden_tracks.any()
    assert keeper.state("ann") != state


def test_the_state_stays_while_nothing_changes_and_follows_the_refit(
    diary: Diary, view: CatalogueView, clock: Clock
) -> None:
    keeper = keeper_of(diary, clock)
    keeper.follow(view)
    ann, nobody = keeper.state("ann"), keeper.state("")

    same = (keeper.state("ann"), keeper.state(""))
    diary.add("ben", PLAY, track_id(6))
    clock.passed_s += OLDEST_S

    assert same == (ann, nobody)
    assert keeper.state("ann") != ann
    assert keeper.state("") != nobody


def test_another_process_that_has_learnt_the_same_is_in_the_same_state(
    diary: Diary, view: CatalogueView, clock: Clock
) -> None:
    first, second = keeper_of(diary, clock), keeper_of(diary, clock)

    first.follow(view)
    second.follow(small_view(8, 3))

    assert first.state("of-0-1") == second.state("of-0-1")


def test_the_same_taste_is_not_worked_out_twice(diary: Diary, view: CatalogueView, clock: Clock) -> None:
    keeper = keeper_of(diary, clock)

    assert keeper.taste("of-0-1", view) is keeper.taste("of-0-1", view)
    assert keeper.popularity(view) is keeper.popularity(view)


def test_what_others_do_lets_nobodys_taste_be_worked_out_again(diary: Diary, view: CatalogueView, clock: Clock) -> None:
    keeper = keeper_of(diary, clock)
    before, state = keeper.taste("of-0-1", view), keeper.state("of-0-1")

    diary.add("ben", HIDE, track_id(0))

    assert keeper.taste("of-0-1", view) is before
    assert keeper.state("of-0-1") == state


def test_a_new_view_is_answered_in_its_own_rows(diary: Diary, view: CatalogueView, clock: Clock) -> None:
    keeper = keeper_of(diary, clock)
    old = keeper.taste("of-0-1", view)
    grown = small_view(9, 3)

    new = keeper.taste("of-0-1", grown)

    assert new.tracks.shape == (27,)
    assert np.allclose(new.singers[:6], old.singers[:6], atol=EQUAL)
    assert np.isnan(new.singers[8])
    assert diary.walks == 1


def test_requests_that_meet_a_new_view_at_once_share_what_one_of_them_arranges(
    diary: Diary, view: CatalogueView, clock: Clock
) -> None:
    keeper = keeper_of(diary, clock)
    keeper.follow(view)
    grown, together = small_view(9, 3), Barrier(8)

    def ask(_: int) -> Popularity:
        together.wait()
        return keeper.popularity(grown)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))

    assert all(each is found[0] for each in found)


def test_what_was_liked_before_the_view_knew_it_is_learnt_with_the_new_view(
    diary: Diary, view: CatalogueView, clock: Clock
) -> None:
    for listener in range(8):
        diary.add(f"of-0-{listener}", LIKE, track_id(8))
    keeper = keeper_of(diary, clock)
    keeper.follow(view)
    grown = small_view(9, 3)

    states = keeper.state("of-0-1"), keeper.state("")
    clock.passed_s += OLDEST_S
    taste = keeper.taste("of-0-1", grown)

    assert keeper.state("of-0-1") != states[0]
    assert keeper.state("") != states[1]
    assert taste.singers[8] > 2 * taste.singers[4]
    assert diary.walks == 2


def test_a_refit_that_fails_leaves_the_old_model_and_is_tried_again(view: CatalogueView, clock: Clock) -> None:
    class Broken(Diary):
        def walk_events(self, now: datetime) -> Iterator[tuple[str, Feedback]]:
            found = super().walk_events(now)
            if self.walks == 2:
                raise UnavailableError("DATABASE_DOWN", "the database does not answer: try again")
            return found

    broken = filled(Broken(clock))
    keeper = keeper_of(broken, clock, logged)
    before = keeper.taste("of-0-1", view)
    broken.add("ben", PLAY, track_id(6))

    clock.passed_s += OLDEST_S
    after_failure = keeper.taste("of-0-1", view)
    clock.passed_s += OLDEST_S
    keeper.follow(view)

    assert after_failure is before
    assert broken.walks == 3


def test_a_stopped_keeper_starts_no_refit_and_answers_on(diary: Diary, view: CatalogueView, clock: Clock) -> None:
    keeper = keeper_of(diary, clock)

    keeper.stop()

    assert np.isnan(keeper.taste("of-0-1", view).tracks).all()
    assert diary.walks == 0


def test_lasting_exclusions_are_handed_on_from_the_next_request_on(diary: Diary, clock: Clock) -> None:
    keeper = keeper_of(diary, clock)
    before, state = keeper.exclusions("ann"), keeper.state("ann")

    diary.add_exclusion("ann", Exclusion("", "genre", "polka", START))

    assert before == ()
    assert keeper.state("ann") != state
    assert [exclusion.value for exclusion in keeper.exclusions("ann")] == ["polka"]
    assert keeper.exclusions("ben") == ()
