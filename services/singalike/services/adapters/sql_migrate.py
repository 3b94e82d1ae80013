"""Bring a database to the schema of this release, one process at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from singalike.errors import WrongStateError
from singalike.services.adapters.sql_schema import HEAD

SCRIPTS = Path(__file__).parent / "migrations"
ADVISORY_LOCK = 0x5106A11  # any number, as long as every release uses the same


def upgrade(engine: sa.Engine, lock_file: Path | None) -> None:
    """Run the migrations that are missing.

    Args:
        engine: The database.
        lock_file: Locked meanwhile (SQLite); None: PostgreSQL's advisory lock is taken instead.

    Raises:
        WrongStateError: CATALOGUE_TOO_NEW, a later release has been here.
    """
    if _current(engine) == HEAD:
        return
    with _file_lock(lock_file), engine.connect() as connection:
        if lock_file is None:
            # Held to the end of the transaction in which the migrations run.
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        else:
            # Switching to WAL ignores the busy timeout, so it happens under the lock; the file remembers it.
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
        _run(connection)


def _current(engine: sa.Engine) -> str | None:
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _run(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
        connection.commit()
    except CommandError as error:
        raise WrongStateError(
            "CATALOGUE_TOO_NEW", "the catalogue was written by a later release: install that one or a newer"
        ) from error


@contextmanager
def _file_lock(path: Path | None) -> Iterator[None]:
    if path is None:
        yield
        return
    with path.open("w") as file:
        path.chmod(0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
