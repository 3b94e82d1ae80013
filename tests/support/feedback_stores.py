"""What is kept of listeners, in memory and in databases, beside a catalogue of three tracks."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta

from singalike.services.adapters.memory_feedback import MemoryFeedback
from singalike.services.adapters.sql_catalogue import SqlCatalogue
from singalike.services.adapters.sql_feedback import SqlFeedback
from singalike.services.listeners.listener_records import PLAY, Exposure, Feedback
from tests.support.catalogue_entries import add_track, sha
from tests.support.conversion_stores import START, Clock
from tests.support.databases import fresh_database

ENGINES = ("memory", "sqlite", "postgresql")
TRACKS = [sha(number)[:20] for number in range(3)]

Store = MemoryFeedback | SqlFeedback


@dataclass(frozen=True)
class FeedbackBench:
    """A store of feedback, and what it works with.

    Attributes:
        store: Of feedback, exclusions and exposures, which it keeps for a week.
        clock: Its time.
        catalogue: Tracks 0 to 2 of singers of the same numbers.
    """

    store: Store
    clock: Clock
    catalogue: SqlCatalogue


@contextmanager
def feedback_bench(engine: str) -> Iterator[FeedbackBench]:
    """Open an empty store in one of `ENGINES`."""
    clock = Clock()
    with fresh_database("sqlite" if engine == "memory" else engine) as url, closing(SqlCatalogue(url)) as catalogue:
        for number in range(3):
            add_track(catalogue, number, singer=f"Singer {number}")
        if engine == "memory":
            yield FeedbackBench(MemoryFeedback(catalogue, exposure_days=7, now=clock), clock, catalogue)
            return
        with closing(SqlFeedback(url, exposure_days=7, now=clock)) as store:
            yield FeedbackBench(store, clock, catalogue)


def event(kind: str = PLAY, track: int = 0, minutes: float = 0, keep: timedelta | None = None) -> Feedback:
    time = START + timedelta(minutes=minutes)
    return Feedback("", kind, TRACKS[track], "", time, None if keep is None else START + keep, "e-1")


def exposure(number: int, listener: str = "mia", experiment: str = "", days: float = 0) -> Exposure:
    time = START + timedelta(days=days, minutes=number)
    teams = ("a", "b") if experiment else ()
    return Exposure(f"e-{number}", listener, time, "songs", "songs@1", experiment, "a", (TRACKS[0], "t-2"), teams)
