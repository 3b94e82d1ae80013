"""What was shown reaches the store later, in order, once, and never of somebody who was erased."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from singalike.errors import CapacityError
from singalike.services.adapters.memory_feedback import MemoryFeedback
from singalike.services.listeners.exposure_log import BATCH, ExposureLog
from singalike.services.listeners.listener_records import Exposure

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def exposure(number: int, listener_id: str = "ann") -> Exposure:
    return Exposure(f"e-{number:05}", listener_id, NOW, "songs", "p@1", "", "", ("t1",))


def ids(store: MemoryFeedback) -> list[str]:
    return [one.exposure_id for one in store.walk_exposures()]


class FullDisk(MemoryFeedback):
    """Refuses exposures while its disk is full."""

    full = True

    def log_exposures(self, exposures: Sequence[Exposure]) -> None:
        if self.full:
            raise CapacityError("DISK_FULL", "free some space")
        super().log_exposures(exposures)


def test_nothing_is_written_before_a_flush_and_everything_by_it() -> None:
    store = MemoryFeedback()
    log = ExposureLog(store)
    for number in range(BATCH + 3):
        log.add(exposure(number))

    before = ids(store)
    log.flush()

    assert before == []
    assert ids(store) == [f"e-{number:05}" for number in range(BATCH + 3)]


def test_stopping_writes_what_waits() -> None:
    store = MemoryFeedback()
    log = ExposureLog(store)
    log.run_in_background(interval_s=3600.0)
    log.add(exposure(1))

    log.stop()

    assert ids(store) == ["e-00001"]


def test_what_cannot_be_written_now_is_written_later() -> None:
    store = FullDisk()
    log = ExposureLog(store)
    log.add(exposure(1))
    log.flush()
    log.add(exposure(2))

    store.full = False
    log.flush()

    assert ids(store) == ["e-00001", "e-00002"]


def test_no_more_than_so_many_wait() -> None:
    store = FullDisk()
    log = ExposureLog(store, most_waiting=2)
    for number in range(5):
        log.add(exposure(number))

    store.full = False
    log.flush()

    assert ids(store) == ["e-00000", "e-00001"]


@pytest.mark.parametrize("order", [("ann", "ben"), ("ben", "ann")])
def test_whoever_is_erased_is_not_written_any_more(order: tuple[str, str]) -> None:
    store = MemoryFeedback()
    log = ExposureLog(store)
    for number, listener_id in enumerate(order):
        log.add(exposure(number, listener_id))

    log.forget("ann")
    log.flush()

    assert [one.listener_id for one in store.walk_exposures()] == ["ben"]
