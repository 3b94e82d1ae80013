"""The contract of the port `JobQueue`: every queue keeps it."""

import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from singalike.errors import InvalidInputError, UnavailableError
from singalike.services.adapters import dbos_jobs
from singalike.services.adapters.dbos_jobs import NUMBERS, DbosJobs, DbosWorker
from singalike.services.adapters.memory_jobs import MemoryJobs
from singalike.services.conversion_ports import JobQueue
from singalike.services.conversion_records import Job, JobState
from tests.support.conversion_stores import outcome
from tests.support.databases import fresh_database
from tests.support.patience import PATIENCE_S

FIRST, SECOND, THIRD, FOURTH = ("c-" + 32 * digit for digit in "1234")


@dataclass(frozen=True)
class OwnSchema:
    """A database of jobs that nobody else uses."""

    url: str
    schema: str
    jobs: DbosJobs


@contextmanager
def own_schema(engine: str) -> Iterator[OwnSchema]:
    """Open a queue of its own; DBOS gives its schema a name, whatever the search path says."""
    schema = f"test_dbos_{uuid.uuid4().hex}"
    with fresh_database(engine) as url:
        jobs = DbosJobs(url, schema)
        jobs.open_queue(most_running=2)
        try:
            yield OwnSchema(url, schema, jobs)
        finally:
            jobs.close()
            if engine == "postgresql":
                drop_schema(url, schema)


def drop_schema(url: str, schema: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text(f'DROP SCHEMA "{schema}" CASCADE'))
    engine.dispose()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def jobs(request: pytest.FixtureRequest) -> Iterator[JobQueue]:
    if request.param == "memory":
        yield MemoryJobs()
        return
    with own_schema(request.param) as own:
        yield own.jobs


@pytest.fixture(params=["sqlite", "postgresql"])
def own(request: pytest.FixtureRequest) -> Iterator[OwnSchema]:
    with own_schema(request.param) as own:
        yield own


def states(jobs: JobQueue) -> dict[str, JobState]:
    return {job.conversion_id: job.state for job in jobs.jobs()}


def test_an_enqueued_conversion_waits_once_however_often_it_is_enqueued(jobs: JobQueue) -> None:
    jobs.enqueue(FIRST, "default", "normal", 1)
    jobs.enqueue(FIRST, "default", "normal", 1)

    assert jobs.jobs() == [Job(FIRST, JobState.WAITING)]


def test_a_cancelled_job_has_ended_and_waits_again_when_it_is_enqueued_again(jobs: JobQueue) -> None:
    jobs.enqueue(FIRST, "default", "normal", 1)

    jobs.cancel(FIRST)
    cancelled = states(jobs)
    jobs.enqueue(FIRST, "default", "normal", 1)

    assert cancelled == {FIRST: JobState.ENDED}
    assert states(jobs) == {FIRST: JobState.WAITING}


def test_a_forgotten_job_leaves_no_trace_and_the_others_stay(jobs: JobQueue) -> None:
    for conversion_id in (FIRST, SECOND):
        jobs.enqueue(conversion_id, "default", "normal", 1)

    jobs.forget([FIRST, THIRD])

    assert states(jobs) == {SECOND: JobState.WAITING}


def test_what_nobody_knows_is_ignored(jobs: JobQueue) -> None:
    jobs.cancel(FIRST)
    jobs.put_back(FIRST, "worker-1")
    jobs.forget([FIRST])
    jobs.forget([])

    assert jobs.jobs() == []


def test_a_waiting_job_is_not_put_back(jobs: JobQueue) -> None:
    jobs.enqueue(FIRST, "default", "normal", 1)

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
        self.released.acquire(timeout=PATIENCE_S)


def test_a_worker_takes_one_job_at_a_time_and_higher_priorities_first(own: OwnSchema) -> None:
    work = Work()
    for conversion_id, priority in ((FIRST, "low"), (SECOND, "normal"), (THIRD, "high")):
        own.jobs.enqueue(conversion_id, "default", priority, 1)

    worker = DbosWorker(own.url, "worker-1", work, own.schema)
    first_begun = work.begun.acquire(timeout=PATIENCE_S)
    while_busy = states(own.jobs)
    work.released.release(3)
    others_begun = [work.begun.acquire(timeout=PATIENCE_S) for _ in range(2)]
    idle = worker.stop(PATIENCE_S)

    assert [first_begun, *others_begun, idle] == 4 * [True]
    assert while_busy == {FIRST: JobState.WAITING, SECOND: JobState.WAITING, THIRD: JobState.TAKEN}
    assert work.taken == [THIRD, SECOND, FIRST]
    assert set(states(own.jobs).values()) == {JobState.ENDED}


def test_equal_conversions_are_taken_in_the_order_of_their_creation_however_they_were_enqueued(own: OwnSchema) -> None:
    work = Work()
    work.released.release(4)
    for conversion_id, number in ((THIRD, NUMBERS + 2), (FIRST, NUMBERS + 3), (SECOND, NUMBERS + 1)):
        own.jobs.enqueue(conversion_id, "default", "normal", number)
    own.jobs.enqueue(FOURTH, "default", "high", NUMBERS + 4)

    worker = DbosWorker(own.url, "worker-1", work, own.schema)
    begun = [work.begun.acquire(timeout=PATIENCE_S) for _ in range(4)]
    worker.stop(PATIENCE_S)

    assert all(begun)
    assert work.taken == [FOURTH, SECOND, THIRD, FIRST]


def test_a_job_of_a_dead_worker_is_put_back_and_of_another_one_it_is_not(own: OwnSchema) -> None:
    work = Work()
    own.jobs.enqueue(FIRST, "default", "normal", 1)
    worker = DbosWorker(own.url, "worker-1", work, own.schema)
    begun = work.begun.acquire(timeout=PATIENCE_S)

    own.jobs.put_back(FIRST, "worker-2")
    left_alone = list(own.jobs.jobs())
    own.jobs.put_back(FIRST, "worker-1")
    work.released.release(2)
    begun_again = work.begun.acquire(timeout=PATIENCE_S)
    worker.stop(PATIENCE_S)

    assert [begun, begun_again] == [True, True]
    assert left_alone == [Job(FIRST, JobState.TAKEN, "worker-1")]
    assert work.taken == [FIRST, FIRST]


def test_a_database_that_others_keep_locked_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbos_jobs, "PATIENCE_MS", 50)
    with own_schema("sqlite") as own:
        lock = sqlite3.connect(sa.make_url(own.url).database or "", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        refusals: list[object] = []
        waiting = threading.Thread(
            target=lambda: refusals.append(outcome(lambda: own.jobs.enqueue(FIRST, "default", "normal", 1))),
            daemon=True,
        )
        waiting.start()
        waiting.join(PATIENCE_S)
        while_locked = list(refusals)
        lock.close()
        waiting.join(PATIENCE_S)

        own.jobs.enqueue(FIRST, "default", "normal", 1)

        assert while_locked == ["JOBS_UNAVAILABLE"]
        assert states(own.jobs) == {FIRST: JobState.WAITING}


def test_a_database_that_cannot_be_used_is_told_by_our_errors() -> None:
    with pytest.raises(InvalidInputError, match="SINGALIKE_JOBS_URL") as wrong:
        DbosJobs("mysql://localhost/jobs")
    with pytest.raises(UnavailableError) as unreachable:
        DbosJobs("sqlite:////proc/nowhere/jobs.db")

    assert (wrong.value.reason, unreachable.value.reason) == ("BAD_SETTING", "JOBS_UNAVAILABLE")
