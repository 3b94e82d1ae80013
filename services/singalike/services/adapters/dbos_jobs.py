"""Jobs in DBOS' own database: who waits, and who is taken by which worker; ids only, the truth is in SQL."""

import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
import structlog
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer, EnqueueOptions, WorkflowStatus
from dbos import error as dbos_errors

from singalike.errors import InvalidInputError, UnavailableError, noted
from singalike.services.conversion_records import Job, JobState, Priority

LOG = structlog.get_logger()

APPLICATION = "singalike"
SCHEMA = "dbos"
QUEUE, WORKFLOW = "conversions", "convert_song"
VERSION = "1"
"""Of the workflow, set by hand: workers of two releases share jobs as long as its argument means the same."""

NUMBERS = 2**29
"""Of conversions, from which they are counted anew: three priorities of so many fit into DBOS' 31 bits."""

PATIENCE_MS = 3_000
"""How long others may keep SQLite's lock before a statement of ours is given up. DBOS by itself waits for ever, which
would keep callers beyond their deadlines and in the end every thread of a server."""

CONNECTIONS = 5

PRIORITIES = {Priority.HIGH.value: 1, Priority.NORMAL.value: 2, Priority.LOW.value: 3}
STATES = {"ENQUEUED": JobState.WAITING, "DELAYED": JobState.WAITING, "PENDING": JobState.TAKEN}


class DbosJobs:
    """A `JobQueue` through `DBOSClient`; every tenant has a partition of the queue, and partitions take turns.

    Args:
        url: SQLAlchemy URL of SQLite or PostgreSQL.
        schema: Of the tables on PostgreSQL.

    Raises:
        InvalidInputError: BAD_SETTING.
        UnavailableError: JOBS_UNAVAILABLE.
    """

    def __init__(self, url: str, schema: str = SCHEMA) -> None:
        prepare(url, schema)
        self._engine = _impatient_engine(url) if url.startswith("sqlite") else None
        with errors_mapped():
            self._client = DBOSClient(
                system_database_url=url,
                system_database_engine=self._engine,
                dbos_system_schema=schema,
                serializer=DBOSPortableJSONSerializer(),  # the default is pickle
                application_name=APPLICATION,
                retry_connection_errors=False,
            )

    def open_queue(self, most_running: int) -> None:
        """Make the queue, or change it; a worker takes one job at a time.

        Args:
            most_running: Of one tenant over all workers; smaller limits of single tenants are the store's to keep.
        """
        with errors_mapped():
            self._client.register_queue(
                QUEUE, partition_concurrency=most_running, worker_concurrency=1, polling_interval_sec=0.5
            )

    def enqueue(self, conversion_id: str, tenant: str, priority: str, number: int) -> None:
        """Have a conversion worked on; see the port."""
        with errors_mapped():
            status = self._status(conversion_id)
            if status is not None and status.status in STATES:
                return
            if status is not None and status.status == "CANCELLED":
                self._client.resume_workflow(conversion_id, queue_name=QUEUE)
                return
            if status is not None:
                self._client.delete_workflow(conversion_id)
            options: EnqueueOptions = {
                "workflow_name": WORKFLOW,
                "queue_name": QUEUE,
                "workflow_id": conversion_id,
                "app_version": VERSION,
                # DBOS itself orders by the time of enqueueing, on some versions of Python in whole seconds.
                "priority": PRIORITIES[priority] * NUMBERS + number % NUMBERS,
                "queue_partition_key": tenant,
            }
            self._client.enqueue(options, conversion_id)

    def cancel(self, conversion_id: str) -> None:
        """Have no worker take a conversion any more; see the port."""
        with errors_mapped():
            self._client.cancel_workflow(conversion_id)

    def put_back(self, conversion_id: str, executor_id: str) -> None:
        """Take a job from a worker that died; see the port."""
        with errors_mapped():
            status = self._status(conversion_id)
            if status is not None and (status.status, status.executor_id) == ("PENDING", executor_id):
                # Named, because DBOS would choose a queue of its own, where a worker takes as many as there are.
                self._client.resume_workflow(conversion_id, queue_name=QUEUE)

    def forget(self, conversion_ids: Sequence[str]) -> None:
        """Erase every trace of jobs; see the port."""
        if conversion_ids:
            with errors_mapped():
                self._client.delete_workflows(list(conversion_ids))

    def jobs(self) -> Sequence[Job]:
        """Return every job that was not forgotten."""
        with errors_mapped():
            found = self._client.list_workflows(name=WORKFLOW, load_input=False, load_output=False)
        return [Job(job.workflow_id, STATES.get(job.status, JobState.ENDED), job.executor_id or "") for job in found]

    def close(self) -> None:
        """Let go of connections."""
        self._client.destroy()
        if self._engine is not None:
            self._engine.dispose()

    def _status(self, conversion_id: str) -> WorkflowStatus | None:
        found = self._client.list_workflows(workflow_ids=[conversion_id], load_input=False, load_output=False)
        return found[0] if found else None


class DbosWorker:
    """DBOS in this process, of which there can be one: takes jobs from the queue, one at a time.

    Args:
        url: Of the jobs' database, which a `DbosJobs` has opened before, and its queue.
        executor_id: Of this process, never used before: a job that it took is its own until somebody moves it.
        work_on: Gets on with a conversion, by its id, and raises nothing.
        schema: As of the `DbosJobs`.
    """

    def __init__(self, url: str, executor_id: str, work_on: Callable[[str], None], schema: str = SCHEMA) -> None:
        route_logs()

        self._at_work: set[str] = set()

        def convert_song(conversion_id: str) -> None:
            self._at_work.add(conversion_id)
            try:
                work_on(conversion_id)
            finally:
                self._at_work.discard(conversion_id)

        with errors_mapped():
            DBOS(
                config={
                    "name": APPLICATION,
                    "system_database_url": url,
                    "dbos_system_schema": schema,
                    "application_version": VERSION,
                    "executor_id": executor_id,
                    "serializer": DBOSPortableJSONSerializer(),
                    "log_level": "WARNING",
                    "sys_db_pool_size": 5,
                }
            )
            # Who dies of a job is counted in SQL, where a job that was given back does not count.
            DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)(convert_song)
            DBOS.launch()

    def stop(self, grace_s: float) -> bool:
        """Take no more jobs and wait for the one at work; returns whether it has ended."""
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=max(1, round(grace_s)))
        return not self._at_work


def prepare(url: str, schema: str) -> None:
    """Create the database of jobs, or bring it to the schema of this DBOS.

    Raises:
        InvalidInputError: BAD_SETTING.
        UnavailableError: JOBS_UNAVAILABLE.
    """
    route_logs()
    with errors_mapped():
        parsed = sa.make_url(url)
        if parsed.get_backend_name() == "sqlite":
            path = Path(parsed.database or "")
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)  # whose songs wait is nobody else's business
        elif parsed.get_backend_name() != "postgresql":
            raise InvalidInputError("BAD_SETTING", "SINGALIKE_JOBS_URL: use sqlite:/// or postgresql+psycopg://")
        DBOS.migrate(url, schema=schema)


def _impatient_engine(url: str) -> sa.Engine:
    """Open SQLite as DBOS does, but give up after `PATIENCE_MS`."""
    engine = sa.create_engine(url, pool_size=CONNECTIONS, max_overflow=0, pool_timeout=PATIENCE_MS / 1000)

    def on_connect(driver: sqlite3.Connection, _record: object) -> None:
        driver.isolation_level = "IMMEDIATE"
        driver.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
        driver.execute("PRAGMA foreign_keys = ON")

    def on_error(context: sa.ExceptionContext) -> None:
        if "database is locked" in str(context.original_exception):
            # In other words than SQLite's, by which DBOS knows what it tries again without end.
            message = "others write to the jobs' database for very long: try again"
            raise UnavailableError("JOBS_UNAVAILABLE", message) from context.original_exception

    sa.event.listen(engine, "connect", on_connect)
    sa.event.listen(engine, "handle_error", on_error)
    return engine


@contextmanager
def errors_mapped() -> Iterator[None]:
    """Turn the errors of DBOS' database into ours."""
    try:
        yield
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError) as error:
        raise InvalidInputError("BAD_SETTING", f"SINGALIKE_JOBS_URL cannot be used: {error}") from error
    except (sa.exc.SQLAlchemyError, dbos_errors.DBOSException, OSError) as error:
        text = str(getattr(error, "orig", None) or error).strip().split("\n", 1)[0]
        message = "the jobs' database cannot be reached: try again later"
        raise noted(UnavailableError("JOBS_UNAVAILABLE", message), text) from error


class _Events(logging.Handler):
    """What DBOS has to say becomes events like ours."""

    def emit(self, record: logging.LogRecord) -> None:
        fault = record.exc_info[1] if record.exc_info else None
        # DBOS' own exceptions only say that a job was held, moved or forgotten while it was worked on: our doing.
        level = (
            logging.DEBUG
            if record.levelno < logging.ERROR or isinstance(fault, dbos_errors.DBOSException)
            else record.levelno
        )
        LOG.log(level, "jobs_warned", message=record.getMessage(), error=type(fault).__name__ if fault else None)


def route_logs() -> None:
    """Take DBOS' lines into our log, before it opens one of its own; only warnings and errors."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(_Events(logging.WARNING))
        logger.setLevel(logging.WARNING)
        logger.propagate = False
