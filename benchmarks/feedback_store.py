"""How fast feedback is stored, told, walked over and erased: .venv/bin/python -m benchmarks.feedback_store.

The database is a file on the disk of the temporary folder, and every write waits for that disk.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from singalike.services.adapters.sql_catalogue import SqlCatalogue
from singalike.services.adapters.sql_feedback import SqlFeedback
from singalike.services.listeners.listener_records import FEEDBACK_KINDS, HIDE, Feedback
from tests.support.catalogue_entries import add_track

NOW = datetime.now(UTC)
BATCH = 5000
EVENTS_PER_LISTENER = 20
CALLS = 200


def measured(name: str, call: Callable[[int], object], numbers: Iterable[int]) -> None:
    """Print the median and the 99th percentile of a call, in ms."""
    took_ms = []
    for number in numbers:
        started = time.perf_counter()
        call(number)
        took_ms.append(1000 * (time.perf_counter() - started))
    print(f"{name:58} p50 {np.median(took_ms):8.3f} ms, p99 {np.percentile(took_ms, 99):8.3f} ms", flush=True)


def rate(name: str, call: Callable[[], object], count: int) -> None:
    """Print how many a second something does."""
    started = time.perf_counter()
    call()
    print(f"{name:58} {count / (time.perf_counter() - started):9.0f} a second", flush=True)


def history(events: int, track_ids: list[str]) -> list[tuple[str, Feedback]]:
    """Draw what listeners did."""
    draw = np.random.default_rng(1)
    kinds = [kind for kind in FEEDBACK_KINDS if kind != HIDE]
    chosen = draw.integers(0, (events // EVENTS_PER_LISTENER, len(kinds), len(track_ids)), (events, 3))
    return [
        (
            f"listener {listener}",
            Feedback("", kinds[kind], track_ids[track], "", NOW - timedelta(seconds=place), NOW + timedelta(days=365)),
        )
        for place, (listener, kind, track) in enumerate(chosen.tolist())
    ]


def measure(folder: Path, events: int) -> None:
    """Fill a store and print what its methods take."""
    url = f"sqlite:///{folder / 'catalogue.db'}"
    catalogue, store = SqlCatalogue(url), SqlFeedback(url)
    track_ids = [add_track(catalogue, number, segments=1).track_id for number in range(100)]
    drawn = history(events, track_ids)
    batches = [drawn[start : start + BATCH] for start in range(0, events, BATCH)]
    rate(f"import of {events} events", lambda: [store.add_events(batch) for batch in batches], events)
    rate("the same again, all of them there already", lambda: [store.add_events(batch) for batch in batches], events)
    rate("walk over all events", lambda: sum(1 for _ in store.walk_events(NOW)), events)

    def one(number: int) -> list[Feedback]:
        return [Feedback("", "like", track_ids[number % 100], "", NOW)]

    measured("record one event, on disk", lambda number: store.record("mia", one(number)), range(CALLS))
    thousand = one(1) * 1000
    measured("record 1000 events, on disk", lambda _: store.record("ben", thousand), range(20))
    measured("revision of a listener, nobody writing", lambda _: store.listener_revision("mia"), range(5000))
    measured("events of a listener", lambda number: store.events_of(f"listener {number}", NOW), range(CALLS))
    measured("erase a listener from every file", lambda number: store.erase_listener(f"listener {number}"), range(50))
    measured("look for what has run out", lambda _: store.prune(NOW), range(CALLS))
    store.close()
    catalogue.close()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), arguments.events)


if __name__ == "__main__":
    main()
