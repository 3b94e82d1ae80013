"""The twin of `DbosJobs` without a database, for tests and for whoever runs its jobs itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock

from singalike.services.conversion_records import Job, JobState, Priority

RANKS = {Priority.HIGH.value: 0, Priority.NORMAL.value: 1, Priority.LOW.value: 2}


@dataclass(frozen=True)
class _Waiting:
    job: Job
    tenant: str
    rank: int
    number: int


class MemoryJobs:
    """A `JobQueue` as long as the process lives."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[str, _Waiting] = {}

    def enqueue(self, conversion_id: str, tenant: str, priority: str, number: int) -> None:
        """Have a conversion worked on; see the port."""
        with self._lock:
            known = self._kept.get(conversion_id)
            if known is None:
                job = Job(conversion_id, JobState.WAITING)
                self._kept[conversion_id] = _Waiting(job, tenant, RANKS[priority], number)
            elif known.job.state is JobState.ENDED:
                self._change(known, JobState.WAITING, known.job.executor_id)

    def take(self, executor_id: str) -> str | None:
        """Give the next job to a worker; None where nothing waits."""
        with self._lock:
            waiting = [kept for kept in self._kept.values() if kept.job.state is JobState.WAITING]
            if not waiting:
                return None
            first = min(waiting, key=lambda kept: (kept.rank, kept.number))
            self._change(first, JobState.TAKEN, executor_id)
            return first.job.conversion_id

    def cancel(self, conversion_id: str) -> None:
        """Have no worker take a conversion any more; see the port."""
        with self._lock:
            known = self._kept.get(conversion_id)
            if known is not None:
                self._change(known, JobState.ENDED, known.job.executor_id)

    def put_back(self, conversion_id: str, executor_id: str) -> None:
        """Take a job from a worker that died; see the port."""
        with self._lock:
            known = self._kept.get(conversion_id)
            if known is not None and known.job == Job(conversion_id, JobState.TAKEN, executor_id):
                self._change(known, JobState.WAITING, executor_id)

    def forget(self, conversion_ids: Sequence[str]) -> None:
        """Erase every trace of jobs."""
        with self._lock:
            for conversion_id in conversion_ids:
                self._kept.pop(conversion_id, None)

    def jobs(self) -> Sequence[Job]:
        """Return every job that was not forgotten."""
        with self._lock:
            return [kept.job for kept in self._kept.values()]

    def close(self) -> None:
        """Do nothing."""

    def _change(self, known: _Waiting, state: JobState, executor_id: str) -> None:
        job = replace(known.job, state=state, executor_id=executor_id)
        self._kept[job.conversion_id] = replace(known, job=job)
