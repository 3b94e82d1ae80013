"""Which workers live, in the catalogue's database."""

from collections.abc import Mapping

import sqlalchemy as sa

from singalike.services.adapters.sql_engine import Database
from singalike.services.adapters.sql_schema import executors


class SqlExecutors:
    """Heartbeats of workers; see `singalike.services.conversion_ports.Executors`.

    Args:
        url: SQLAlchemy URL of the catalogue's database; brought to this release's schema when opened.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)

    def beat(self, executor_id: str) -> None:
        """Say that a worker lives; the first beat makes it known."""
        same = executors.c.executor_id == executor_id
        with self._database.write(erases=True) as connection:
            if not connection.execute(sa.update(executors).where(same).values(beats=executors.c.beats + 1)).rowcount:
                connection.execute(sa.insert(executors).values(executor_id=executor_id, beats=1))

    def beats(self) -> Mapping[str, int]:
        """Return how often each known worker has beaten."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(executors.c.executor_id, executors.c.beats)).all()
        return {row.executor_id: row.beats for row in rows}

    def leave(self, executor_id: str) -> None:
        """Forget a worker that has ended or died; nothing where it is unknown."""
        with self._database.write(erases=True) as connection:
            connection.execute(sa.delete(executors).where(executors.c.executor_id == executor_id))

    def close(self) -> None:
        """Let go of files and connections."""
        self._database.close()
