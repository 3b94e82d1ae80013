"""Who counts as dead, and what becomes of what the dead had."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from singalike.services.conversion.reaper import MOST_DEATHS, Reaper
from singalike.services.conversion.silent_workers import DEAD_AFTER_S, LONGEST_LOOK_S, SilentWorkers
from singalike.services.conversion_records import ConversionState, JobState
from tests.support.jobs_bench import JobsBench, jobs_bench

NOBODY: frozenset[str] = frozenset()


@pytest.fixture
def bench() -> Iterator[JobsBench]:
    with jobs_bench() as bench:
        yield bench


class Looks:
    """A reaper with a clock of its own, that looks every two seconds."""

    def __init__(self, bench: JobsBench) -> None:
        self.now_s = 1000.0
        self.reaper = Reaper(bench.parts, lambda: self.now_s)

    def until_something_moves(self) -> float:
        """Look until a worker is buried; returns after how many seconds."""
        begin_s = self.now_s
        while not self.reaper.look():
            self.now_s += 2.0
            assert self.now_s < begin_s + 60.0, "nothing ever moves"
        return self.now_s - begin_s


def test_a_dead_worker_s_conversion_moves_to_another_within_half_a_minute(bench: JobsBench) -> None:
    bench.stores.executors.beat("worker-1")
    bench.ask()
    conversion_id = bench.take("worker-1")

    moved_after_s = Looks(bench).until_something_moves()

    assert moved_after_s <= 20.0  # with the next look of a worker that leaves ten seconds of thirty
    assert (bench.find(conversion_id).state, bench.job(conversion_id)) == (ConversionState.QUEUED, JobState.WAITING)
    assert bench.files.conversion_ids() == {conversion_id}
    assert bench.stores.executors.beats() == {}


def test_a_worker_that_never_said_it_lives_is_found_too(bench: JobsBench) -> None:
    bench.ask()
    bench.take("worker-1")

    moved_after_s = Looks(bench).until_something_moves()

    assert moved_after_s <= 20.0


def test_a_worker_that_died_between_job_and_row_is_found_by_its_job(bench: JobsBench) -> None:
    conversion_id = bench.ask()
    bench.jobs.take("worker-1")

    Looks(bench).until_something_moves()

    assert (bench.find(conversion_id).attempts, bench.job(conversion_id)) == (0, JobState.WAITING)


def test_a_worker_that_died_after_its_job_had_ended_is_found_by_the_row(bench: JobsBench) -> None:
    bench.ask()
    conversion_id = bench.take("worker-1")
    bench.jobs.cancel(conversion_id)

    Looks(bench).until_something_moves()

    assert (bench.find(conversion_id).state, bench.job(conversion_id)) == (ConversionState.QUEUED, JobState.WAITING)


def test_who_beats_is_never_buried(bench: JobsBench) -> None:
    bench.ask()
    bench.take("worker-1")
    looks = Looks(bench)

    for _ in range(30):
        bench.stores.executors.beat("worker-1")
        looks.reaper.look()
        looks.now_s += 2.0

    assert bench.stores.executors.beats() == {"worker-1": 30}


def test_a_conversion_that_killed_three_workers_fails(bench: JobsBench) -> None:
    conversion_id = bench.ask()
    reaper = Reaper(bench.parts, lambda: 0.0)

    states = []
    for death in range(MOST_DEATHS):
        bench.take(f"worker-{death}")
        reaper.bury(f"worker-{death}")
        states.append(bench.find(conversion_id).state)

    ended = bench.find(conversion_id)
    assert states == [ConversionState.QUEUED, ConversionState.QUEUED, ConversionState.FAILED]
    assert ended.fault is not None
    assert ended.fault.reason == "WORKER_DIED"
    assert bench.job(conversion_id) is None
    assert not bench.files.conversion_ids()


def test_two_who_bury_the_same_worker_move_its_conversion_once(bench: JobsBench) -> None:
    conversion_id = bench.ask()
    bench.take("worker-1")
    first, second = (Reaper(bench.parts, lambda: 0.0) for _ in range(2))

    first.bury("worker-1")
    bench.take("worker-2")
    second.bury("worker-1")

    moved = bench.find(conversion_id)
    assert (moved.state, moved.executor_id, moved.attempts) == (ConversionState.RUNNING, "worker-2", 2)
    assert bench.job(conversion_id) is JobState.TAKEN


def test_a_dead_worker_s_conversion_that_was_deleted_leaves_no_job(bench: JobsBench) -> None:
    conversion_id = bench.ask()
    bench.take("worker-1")
    bench.stores.conversions.remove_conversion(conversion_id)

    Reaper(bench.parts, lambda: 0.0).bury("worker-1")

    assert bench.jobs.jobs() == []


def test_whoever_was_suspended_has_not_heard_anybody_be_silent() -> None:
    silent = SilentWorkers()
    silent.listen({"worker-1": 7}, NOBODY, 0.0)

    after_a_night = silent.listen({"worker-1": 7}, NOBODY, 30_000.0)

    assert after_a_night == NOBODY


@given(st.lists(st.tuples(st.floats(0.0, LONGEST_LOOK_S), st.booleans()), max_size=60))
def test_the_dead_are_those_whose_count_stood_still_for_long_enough(looks: list[tuple[float, bool]]) -> None:
    silent = SilentWorkers()
    count, now_s, silent_s = 1, 0.0, 0.0
    silent.listen({"worker-1": count}, NOBODY, now_s)

    for passed_s, beats in looks:
        now_s, count = now_s + passed_s, count + beats
        silent_s = 0.0 if beats else silent_s + passed_s
        dead = silent.listen({"worker-1": count}, NOBODY, now_s)
        # Within rounding of the sums either verdict is right.
        assert abs(silent_s - DEAD_AFTER_S) < 1e-6 or bool(dead) == (silent_s > DEAD_AFTER_S)
