"""The store in memory and the one in SQL answer alike, whatever is asked of them in whatever order."""

import itertools
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from singalike.errors import SingalikeError
from singalike.services.adapters.memory_feedback import MemoryFeedback
from singalike.services.adapters.sql_catalogue import SqlCatalogue
from singalike.services.adapters.sql_feedback import SqlFeedback
from singalike.services.listeners.listener_records import FEEDBACK_KINDS, Exclusion, Exposure, Feedback
from tests.support.catalogue_entries import add_track, sha
from tests.support.folders import quick_folder

START = datetime(2026, 5, 4, tzinfo=UTC)
LISTENERS = ("mia", "ben", "밥")
TRACKS = (sha(0)[:20], sha(1)[:20], "nowhere")
Store = MemoryFeedback | SqlFeedback
Call = Callable[[Store, datetime], object]

listeners = st.sampled_from(LISTENERS)
days = st.integers(0, 40)
events = st.builds(
    lambda kind, track, day, keep: Feedback(
        "", kind, track, "", START + timedelta(days=day), None if keep is None else START + timedelta(days=keep)
    ),
    st.sampled_from(FEEDBACK_KINDS),
    st.sampled_from((*TRACKS[:2], *TRACKS)),
    st.integers(0, 3),
    st.one_of(st.none(), st.integers(1, 60)),
)
requests = st.sampled_from(("", "", "one", "two"))
ids = st.integers(1, 12)


def exposure(number: int, listener: str, day: int) -> Exposure:
    return Exposure(f"e-{number}", listener, START + timedelta(days=day), "songs", "p@1", "", "", (f"t-{number}",))


def exclusion(kind: str, value: str) -> Exclusion:
    return Exclusion("", kind, value, START)


calls: st.SearchStrategy[Call] = st.one_of(
    st.builds(
        lambda who, what, request: lambda store, now: store.record(who, what, request),
        listeners, st.lists(events, min_size=1, max_size=3), requests,
    ),
    st.builds(
        lambda what: lambda store, now: store.add_events([one for one in what if one[1].track_id != "nowhere"]),
        st.lists(st.tuples(listeners, events), max_size=4),
    ),
    st.builds(lambda who, at: lambda store, now: store.delete_feedback(who, f"f-{at}"), listeners, ids),
    st.builds(
        lambda who, kind, value: lambda store, now: store.add_exclusion(who, exclusion(kind, value)),
        listeners, st.sampled_from(("track", "genre")), st.sampled_from(TRACKS),
    ),
    st.builds(lambda who, at: lambda store, now: store.remove_exclusion(who, f"x-{at}"), listeners, ids),
    st.builds(lambda who: lambda store, now: store.erase_listener(who), listeners),
    st.builds(lambda: lambda store, now: store.prune(now)),
    st.builds(
        lambda at, who, day: lambda store, now: store.log_exposures([exposure(at, who, day)]), ids, listeners, days
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with quick_folder() as folder:
        catalogue = SqlCatalogue(f"sqlite:///{folder / 'catalogue.db'}")
        for number in range(2):
            add_track(catalogue, number)
        SqlFeedback(f"sqlite:///{folder / 'catalogue.db'}").close()
        catalogue.close()
        yield folder / "catalogue.db"


class Clock:
    """A clock that moves on between calls."""

    time = START

    def __call__(self) -> datetime:
        return self.time


def outcome(call: Call, store: Store, now: datetime) -> object:
    """What a call returns, or the reason why it refuses."""
    try:
        return call(store, now)
    except SingalikeError as error:
        return error.reason


def everything(store: Store, now: datetime, page_size: int) -> dict[str, Any]:
    """All that can be read of a store, page after page where there are pages."""
    read: dict[str, Any] = {"walk": list(store.walk_events(now)), "exposures": list(store.walk_exposures())}
    for who in LISTENERS:
        read[f"{who} kept"] = store.listener_revision(who) > 0
        read[f"{who} events"] = store.events_of(who, now)
        read[f"{who} exclusions"] = store.exclusions_of(who)
        for name, fetch in (("feedback", store.list_feedback), ("exclusions", store.list_exclusions)):
            pages = [fetch(who, page_size)]
            while pages[-1].next_page_token:
                pages.append(fetch(who, page_size, pages[-1].next_page_token))
            read[f"{who} {name} pages"] = [(page.items, page.total_size) for page in pages]
    return read


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    steps=st.lists(st.tuples(calls, st.sampled_from((0, 0, 0, 1, 31))), min_size=8, max_size=25),
    page_size=st.integers(1, 4),
)
def test_both_stores_answer_alike(template: Path, steps: list[tuple[Call, int]], page_size: int) -> None:
    with quick_folder() as folder:
        url, clock = f"sqlite:///{shutil.copy(template, folder)}", Clock()
        catalogue = SqlCatalogue(url)

        def counted(prefix: str) -> Callable[[], str]:
            numbers = itertools.count(1)
            return lambda: f"{prefix}-{next(numbers)}"

        memory = MemoryFeedback(catalogue, 20, clock, counted("f"), counted("x"))
        in_sql = SqlFeedback(url, 0, 20, clock, counted("f"), counted("x"))
        for call, days_on in steps:
            before = [[store.listener_revision(who) for who in LISTENERS] for store in (memory, in_sql)]

            first, second = (outcome(call, store, clock()) for store in (memory, in_sql))

            after = [[store.listener_revision(who) for who in LISTENERS] for store in (memory, in_sql)]
            moved = [
                [one != other for one, other in zip(*pair, strict=True)] for pair in zip(before, after, strict=True)
            ]
            assert first == second
            assert moved[0] == moved[1]
            clock.time += timedelta(days=days_on)
        assert everything(memory, clock(), page_size) == everything(in_sql, clock(), page_size)
        in_sql.close()
        catalogue.close()
