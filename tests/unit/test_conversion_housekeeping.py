"""The reaper and the sweeper in the background, whatever fails."""

import threading
from collections.abc import Iterator, Sequence

import pytest

from singalike.errors import UnavailableError
from singalike.services.conversion.housekeeping import Housekeeping
from singalike.services.conversion.reaper import Reaper
from singalike.services.conversion.sweeper import Sweeper
from singalike.services.conversion_records import ConversionState, Job
from tests.support.jobs_bench import JobsBench, jobs_bench
from tests.support.patience import PATIENCE_S


@pytest.fixture
def bench() -> Iterator[JobsBench]:
    with jobs_bench() as bench:
        yield bench


def housekeeping_of(bench: JobsBench, look_s: float = 0.01) -> Housekeeping:
    sweeper = Sweeper(bench.parts, bench.stores.clock, lambda _tenant: 2)
    return Housekeeping(Reaper(bench.parts, lambda: 0.0), sweeper, look_s)


@pytest.mark.parametrize(
    "error", [UnavailableError("JOBS_UNAVAILABLE", "the jobs cannot be reached"), RuntimeError("x")]
)
def test_what_fails_once_is_done_at_the_next_look(bench: JobsBench, error: Exception) -> None:
    looks, erased, jobs = iter(range(1_000_000)), threading.Event(), bench.jobs.jobs

    def fail_at_first() -> Sequence[Job]:
        if next(looks) < 3:
            raise error
        if not bench.files.conversion_ids():
            erased.set()
        return jobs()

    bench.jobs.jobs = fail_at_first  # type: ignore[method-assign]
    bench.files.pieces("c-nobody-knows")
    housekeeping = housekeeping_of(bench)

    housekeeping.start()
    is_erased = erased.wait(PATIENCE_S)
    housekeeping.stop()

    assert is_erased


def test_a_worker_that_died_before_the_eyes_of_its_server_is_buried_at_once(bench: JobsBench) -> None:
    bench.ask()
    conversion_id = bench.take("worker-1")
    bench.stores.executors.beat("worker-1")
    housekeeping = housekeeping_of(bench)

    had_lived = [housekeeping.bury("worker-1"), housekeeping.bury("worker-2")]

    assert had_lived == [True, False]
    assert bench.find(conversion_id).state is ConversionState.QUEUED


def test_a_sweep_that_is_asked_for_does_not_wait_for_its_time(bench: JobsBench) -> None:
    swept, vocals = threading.Semaphore(0), bench.files.vocal_contents

    def note_sweep() -> frozenset[str]:
        swept.release()
        return vocals()

    bench.files.vocal_contents = note_sweep  # type: ignore[method-assign]
    housekeeping = housekeeping_of(bench, look_s=3600.0)

    housekeeping.start()
    at_once = swept.acquire(timeout=PATIENCE_S)
    housekeeping.sweep_soon()
    when_asked = swept.acquire(timeout=PATIENCE_S)
    housekeeping.stop()

    assert [at_once, when_asked] == [True, True]
