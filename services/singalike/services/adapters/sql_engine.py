"""Connections to the catalogue's database: pragmas, transactions, permissions, and foreign errors turned into ours."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import exc

from singalike.errors import (
    CapacityError,
    ConcurrentChangeError,
    InvalidInputError,
    SingalikeError,
    UnavailableError,
    WrongStateError,
    noted,
)
from singalike.services.adapters import sql_migrate
from singalike.services.adapters.sql_schema import counter
from singalike.services.index_points import refuse_full_disk

BUSY_TIMEOUT_MS = 30_000
SCRUB_TIMEOUT_MS = 2_000
PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA synchronous = FULL",  # an acknowledged commit survives a power cut
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # erased means overwritten
)
RETRY_SQLSTATES = {"40001", "40P01"}  # serialisation failure, deadlock
FULL_DISK_SQLSTATES = {"53100"}


class Database:
    """One SQL database with our rules about transactions.

    Args:
        url: SQLAlchemy URL of SQLite or PostgreSQL.
        min_free_disk_mb: SQLite writes are refused when less is free, in MiB.
    """

    def __init__(self, url: str, min_free_disk_mb: int = 0) -> None:
        self._engine = _create_engine(url)
        self._min_free_bytes = min_free_disk_mb * 2**20
        self._file = Path(self._engine.url.database or "") if self.is_sqlite else None
        # A mark on the disk, for whichever process comes next: the one that erased may have ended.
        self._turn = threading.Lock()
        self._unscrubbed = self._file.with_suffix(".unscrubbed") if self._file else None
        try:
            with errors_mapped():
                if self._file is not None:
                    _prepare_file(self._file)
                sql_migrate.upgrade(self._engine, self._file.with_suffix(".lock") if self._file else None)
            self.scrub()
        except SingalikeError:
            self.close()
            raise

    @property
    def file(self) -> Path | None:
        """The file of the embedded engine; None: another engine."""
        return self._file

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded engine."""
        return self._engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Open a transaction in which everything is seen as of one moment."""
        with errors_mapped(), self._engine.connect() as opened:
            # SQLite's WAL gives every transaction its snapshot; PostgreSQL has to be asked for one.
            options = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
            connection = opened.execution_options(**options)
            with connection.begin():
                yield connection

    @contextmanager
    def write(self, *, erases: bool = False) -> Iterator[sa.Connection]:
        """Open a transaction that no other writer overlaps; it is on disk when the block has ended.

        Args:
            erases: Whether it only takes away, which a nearly full disk must not forbid.

        Raises:
            CapacityError: DISK_FULL.
            UnavailableError: CATALOGUE_BUSY, CATALOGUE_UNAVAILABLE.
        """
        if not erases:
            self._refuse_full_disk()
        with self._turn_to_write(), errors_mapped(), self._engine.connect() as opened:
            connection = opened.execution_options(singalike_writes=True)
            with connection.begin():
                # On PostgreSQL this row is the writers' lock; SQLite has it with BEGIN IMMEDIATE already.
                connection.execute(sa.select(counter.c.value).where(counter.c.name == "revision").with_for_update())
                yield connection
        self.scrub_again()

    @contextmanager
    def _turn_to_write(self) -> Iterator[None]:
        """Let one thread of ours after the other ask for SQLite's lock: those who wait for it only look now and then.

        Where many look, those who have just come pass those who wait, some for longer than their callers do.
        """
        if self._file is None:
            yield
            return
        if not self._turn.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
            raise UnavailableError("CATALOGUE_BUSY", "others write to the catalogue for very long: try again")
        try:
            yield
        finally:
            self._turn.release()

    def scrub(self, timeout_ms: int = SCRUB_TIMEOUT_MS) -> None:
        """Move the write-ahead log into the database and empty it: it still holds what was just erased.

        When a reader holds the log for longer than `timeout_ms`, `scrub_again` of any process tries again.
        """
        if self._unscrubbed is None:
            return
        with errors_mapped(), self._engine.connect() as connection:
            # Removed before and set after: the mark of somebody who was blocked meanwhile is never lost.
            self._unscrubbed.unlink(missing_ok=True)
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            blocked = True
            try:
                driver.execute(f"PRAGMA busy_timeout = {timeout_ms}")
                blocked, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                driver.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
                if blocked:
                    self._unscrubbed.touch(mode=0o600)

    def scrub_again(self) -> None:
        """Try what a reader hindered before, without waiting for one; costs a look at the disk when nothing did."""
        with errors_mapped():
            due = self._unscrubbed is not None and self._unscrubbed.exists()
        if due:
            self.scrub(timeout_ms=0)

    def close(self) -> None:
        """Let go of all connections; SQLite's log goes with the last one."""
        self._engine.dispose()

    def _refuse_full_disk(self) -> None:
        if self._file is not None:
            with errors_mapped():
                free_bytes = shutil.disk_usage(self._file.parent).free
            refuse_full_disk(free_bytes, self._min_free_bytes, "the catalogue")


@contextmanager
def errors_mapped() -> Iterator[None]:
    """Turn the errors of SQLAlchemy, its drivers and the file system into ours."""
    try:
        yield
    except exc.SQLAlchemyError as error:
        raise _ours(error) from error
    except (sqlite3.Error, OSError) as error:
        raise noted(_unavailable(), str(error)) from error


def _ours(error: exc.SQLAlchemyError) -> SingalikeError:
    original = error.orig if isinstance(error, exc.DBAPIError) else None
    sqlstate, text = getattr(original, "sqlstate", None), str(original or error).strip().split("\n", 1)[0]
    known = _known(sqlstate, text)
    if known is not None:
        return known
    if isinstance(error, exc.IntegrityError):
        return ConcurrentChangeError("CATALOGUE_CHANGED", "somebody else changed the same record: try again")
    if isinstance(error, exc.OperationalError | exc.InterfaceError | exc.InternalError | exc.TimeoutError):
        return noted(_unavailable(), text)
    if isinstance(error, exc.ArgumentError | exc.NoSuchModuleError):
        return InvalidInputError("BAD_SETTING", f"SINGALIKE_DATABASE_URL cannot be used: {text}")
    return noted(WrongStateError("CATALOGUE_FAILED", "the catalogue refused a statement: see the server's log"), text)


def _unavailable() -> UnavailableError:
    return UnavailableError("CATALOGUE_UNAVAILABLE", "the catalogue cannot be reached: try again later")


def _known(sqlstate: str | None, text: str) -> SingalikeError | None:
    """Tell apart what the drivers' classes do not."""
    if sqlstate in FULL_DISK_SQLSTATES or "disk is full" in text:
        return CapacityError("DISK_FULL", "the disk of the catalogue is full: make room")
    if sqlstate in RETRY_SQLSTATES:
        return ConcurrentChangeError("CATALOGUE_CHANGED", "somebody else changed the same record: try again")
    if "database is locked" in text:
        return UnavailableError("CATALOGUE_BUSY", "another process writes to the catalogue for very long: try again")
    if "malformed" in text or "is not a database" in text:
        return WrongStateError("CATALOGUE_DAMAGED", "the catalogue's file is damaged: restore it from a backup")
    return None


def _create_engine(url: str) -> sa.Engine:
    with errors_mapped():
        parsed = sa.make_url(url)
        if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
            raise InvalidInputError("BAD_SETTING", "SINGALIKE_DATABASE_URL: use sqlite:/// or postgresql+psycopg://")
        try:
            # Hidden parameters: the text of an error must not carry vectors or consent.
            engine = sa.create_engine(
                parsed, pool_pre_ping=parsed.get_backend_name() == "postgresql", hide_parameters=True
            )
        except ModuleNotFoundError as error:
            raise InvalidInputError(
                "BAD_SETTING", "the driver of SINGALIKE_DATABASE_URL is missing: pip install 'singalike[postgresql]'"
            ) from error
    if engine.dialect.name == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise InvalidInputError("BAD_SETTING", "SINGALIKE_DATABASE_URL: SQLite needs the path of a file")
        sa.event.listen(engine, "connect", _on_sqlite_connect)
        sa.event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def _on_sqlite_connect(driver: sqlite3.Connection, _record: object) -> None:
    driver.isolation_level = None  # the driver's own BEGIN comes too late for a snapshot
    for pragma in PRAGMAS:
        driver.execute(pragma)


def _on_sqlite_begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("singalike_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_file(path: Path) -> None:
    """Make sure that nobody but the owner can read voices; SQLite gives its log the rights of the database."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    path.chmod(0o600)
