"""What conversions leave on disk and in databases, and waiting for something to become so."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa

from singalike.services.conversion.supervisor import WORKER_COMMAND, new_executor_id
from singalike.services.conversion_records import ConversionState, StoredConversion
from singalike.services.settings import as_environment
from tests.support.short_conversions import Farm

GIVE_UP_S = 180.0
LOOK_S = 0.05
OF_DBOS_ITSELF = ("dbos_migrations", "application_versions", "queues")


def await_that(otherwise: str, is_so: Callable[..., bool], *given: object, give_up_s: float = GIVE_UP_S) -> None:
    """Look again and again; ends the program when it never becomes so."""
    give_up = time.monotonic() + give_up_s
    while not is_so(*given):
        if time.monotonic() > give_up:
            raise SystemExit(otherwise)
        time.sleep(LOOK_S)


def is_idle(farm: Farm) -> bool:
    """Whether every conversion has ended and its job is forgotten."""
    return not farm.parts.conversions.unfinished() and not farm.parts.jobs.jobs()


def running(farm: Farm) -> list[StoredConversion]:
    """Return the conversions at work."""
    return [each for each in farm.parts.conversions.unfinished() if each.state is ConversionState.RUNNING]


def has_it(farm: Farm, asked: StoredConversion, executor_id: str) -> bool:
    """Whether a worker has a conversion now."""
    now = farm.parts.conversions.get_conversion(asked.conversion_id)
    return (now.state, now.executor_id) == (ConversionState.RUNNING, executor_id)


def leftovers(farm: Farm) -> list[str]:
    """Return what is left beside rows and songs: pieces, files that were begun, rows of jobs."""
    folder = farm.settings.data_dir / "conversions"
    files = [str(path) for path in (folder / "work").rglob("*")]
    files += [str(path) for path in (folder / "songs").rglob(".*")]
    return [*files, *rows_of(farm.settings.jobs_database_url, OF_DBOS_ITSELF)]


def traces_of(farm: Farm, conversion_ids: set[str], kept: Sequence[str] = ()) -> list[str]:
    """Return files and rows of both databases that name one of these conversions, but for tables that keep theirs."""
    files = [str(path) for path in farm.settings.data_dir.rglob("*") if conversion_ids & set(path.parts)]
    urls = (farm.settings.catalogue_url, farm.settings.jobs_database_url)
    rows = [row for url in urls for row in rows_of(url, kept)]
    return files + [row for row in rows if any(conversion_id in row for conversion_id in conversion_ids)]


def everything_of_voices(farm: Farm) -> list[str]:
    """Return all that is kept of voices and conversions but the records of consents."""
    files = [str(path) for path in (farm.settings.data_dir / "conversions").rglob("*") if path.is_file()]
    about = ("conversions: ", "conversion_news: ", "target_arrays: ", "voices: ")
    rows = [row for row in rows_of(farm.settings.catalogue_url, ()) if row.startswith(about)]
    return [*files, *rows, *leftovers(farm)]


def rows_of(url: str, without: Sequence[str]) -> list[str]:
    """Return all rows of a database as "table: row", but for those of some tables."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        tables = sorted(set(sa.inspect(connection).get_table_names()) - set(without))
        rows = [
            f"{table}: {row}"
            for table in tables
            for row in connection.execute(sa.select(sa.text("*")).select_from(sa.table(table)))
        ]
    engine.dispose()
    return rows


@contextmanager
def lone_worker(farm: Farm) -> "Iterator[tuple[str, subprocess.Popen[bytes]]]":
    """Start a worker as an operator does, so that nobody is told when it dies; yields its executor id and process."""
    executor_id = new_executor_id()
    command = [argument for argument in WORKER_COMMAND if argument != "--supervised"]
    environment = {**os.environ, **as_environment(farm.settings)}
    with subprocess.Popen([*command, "--executor-id", executor_id], env=environment) as process:
        try:
            yield executor_id, process
        finally:
            process.kill()
