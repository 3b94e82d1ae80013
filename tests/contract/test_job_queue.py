"""The contract of the port `JobQueue`: every queue keeps it."""

import threading
from collections.abc import Iterator

import pytest

from singalike.errors import InvalidInputError, UnavailableError
from singalike.services.adapters.dbos_jobs import DbosJobs, DbosWorker
from singalike.services.adapters.memory_jobs import MemoryJobs
from singalike.services.conversion_ports import JobQueue
from singalike.services.conversion_records import Job, JobState
from tests.support.databases import fresh_database

FIRST, SECOND, THIRD = ("c-" + 32 * digit for digit in "123")


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def jobs(request: pytest.FixtureRequest) -> Iterator[JobQueue]:
    if request.param == "memory":
        yield MemoryJobs()
        return
    with fresh_database(request.param) as url:
        queue = DbosJobs(url)
        queue.open_queue(most_running=2)
        yield queue
        queue.close()


def states(jobs: JobQueue) -> dict[str, JobState]:
    return {job.conversion_id: job.state for job in jobs.jobs()}


def test_an_enqueued_conversion_waits_once_however_often_it_is_enqueued(jobs: JobQueue) -> None:
    jobs.enqueue(FIRST, "default", "normal")
    jobs.enqueue(FIRST, "default", "normal")

    assert jobs.jobs() == [Job(FIRST, JobState.WAITING)]


def test_a_cancelled_job_has_ended_and_waits_again_when_it_is_enqueued_again(jobs: JobQueue) -> None:
    jobs.enqueue(FIRST, "default", "normal")

    jobs.cancel(FIRST)
    cancelled = states(jobs)
    jobs.enqueue(FIRST, "default", "normal")

    assert cancelled == {FIRST: JobState.ENDED}
    assert states(jobs) == {FIRST: JobState.WAITING}


def test_a_forgotten_job_leaves_no_trace_and_the_others_stay(jobs: JobQueue) -> None:
    for conversion_id in (FIRST, SECOND):
        jobs.enqueue(conversion_id, "default", "normal")

    jobs.forget([FIRST, THIRD])

    assert states(jobs) == {SECOND: JobState.WAITING}


def test_what_nobody_knows_is_ignored(jobs: JobQueue) -> None:
    jobs.cancel(FIRST)
    jobs.put_back(FIRST, "worker-1")
    jobs.forget([FIRST])
    jobs.forget([])

    assert jobs.jobs() == []


def test_a_waiting_job_is_not_put_back(jobs: JobQueue) -> None:
    jobs.enqueue(FIRST, "default", "normal")

    jobs.put_back(FIRST, "")

    assert states(jobs) == {FIRST: JobState.WAITING}


class Work:
    """Takes conversions down, and holds each until it is released."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.begun = threading.Semaphore(0)
        self.released = threading.Semaphore(0)

    def __call__(self, conversion_id: str) -> None:
        self.taken.append(conversion_id)
        self.begun.release()
        self.released.acquire(timeout=20)


def test_a_worker_takes_one_job_at_a_time_and_higher_priorities_first() -> None:
    with fresh_database("sqlite") as url:
        jobs, work = DbosJobs(url), Work()
        jobs.open_queue(most_running=4)
        for conversion_id, priority in ((FIRST, "low"), (SECOND, "normal"), (THIRD, "high")):
            jobs.enqueue(conversion_id, "default", priority)

        worker = DbosWorker(url, "worker-1", work)
        first_begun = work.begun.acquire(timeout=20)
        while_busy = states(jobs)
        work.released.release(3)
        others_begun = [work.begun.acquire(timeout=20) for _ in range(2)]
        idle = worker.stop(10)

        assert [first_begun, *others_begun, idle] == 4 * [True]
        assert while_busy == {FIRST: JobState.WAITING, SECOND: JobState.WAITING, THIRD: JobState.TAKEN}
        assert work.taken == [THIRD, SECOND, FIRST]
        assert set(states(jobs).values()) == {JobState.ENDED}
        jobs.close()


def test_a_job_of_a_dead_worker_is_put_back_and_of_another_one_it_is_not() -> None:
    with fresh_database("sqlite") as url:
        jobs, work = DbosJobs(url), Work()
        jobs.open_queue(most_running=4)
        jobs.enqueue(FIRST, "default", "normal")
        worker = DbosWorker(url, "worker-1", work)
        begun = work.begun.acquire(timeout=20)

        jobs.put_back(FIRST, "worker-2")
        left_alone = list(jobs.jobs())
        jobs.put_back(FIRST, "worker-1")
        work.released.release(2)
        begun_again = work.begun.acquire(timeout=20)
        worker.stop(10)

        assert [begun, begun_again] == [True, True]
        assert left_alone == [Job(FIRST, JobState.TAKEN, "worker-1")]
        assert work.taken == [FIRST, FIRST]
        jobs.close()


def test_a_database_that_cannot_be_used_is_told_by_our_errors() -> None:
    with pytest.raises(InvalidInputError, match="SINGALIKE_JOBS_URL") as wrong:
        DbosJobs("mysql://localhost/jobs")
    with pytest.raises(UnavailableError) as unreachable:
        DbosJobs("sqlite:////proc/nowhere/jobs.db")

    assert (wrong.value.reason, unreachable.value.reason) == ("BAD_SETTING", "JOBS_UNAVAILABLE")
