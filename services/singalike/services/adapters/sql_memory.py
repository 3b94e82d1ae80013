"""What was read of the database, kept for as long as nobody changes it."""

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from singalike.services.adapters.sql_engine import errors_mapped

Value = TypeVar("Value")

MOST_KEPT = 4096


COUNTERS = "SELECT name, value FROM counter ORDER BY name"
"""What every change of singers, tracks, voices and listeners changes."""


class ReadMemory:
    """Keeps answers until any connection of any process commits; on PostgreSQL, where that costs a call, keeps none.

    SQLite counts the commits of others for each connection (`PRAGMA data_version`), and a connection that never writes
    sees everybody as another: the look takes microseconds, where the statement that it saves takes a hundred.

    Args:
        file: The SQLite database; None: another engine.
        state: A statement that is asked after a commit: while its answer stays the same, so does what is kept. Empty:
            every commit counts.
    """

    def __init__(self, file: Path | None, state: str = "") -> None:
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._query = state
        self._version: int | None = None
        self._state: Hashable = None
        self._watch = sqlite3.connect(file, check_same_thread=False, isolation_level=None) if file else None

    def get(self, key: Hashable, read: Callable[[], Value]) -> Value:
        """Return what was read under this key since the last commit that counts, or read it now.

        Args:
            key: What is read.
            read: Reads it; what it raises is raised, and not kept.
        """
        before = self.pulse()
        with self._lock:
            if before is not None and key in self._kept:
                self._kept.move_to_end(key)
                value: Value = self._kept[key]
                return value
        value = read()
        # Had somebody committed in between, it would be unknown of which state this is.
        if before is not None and self.pulse() == before:
            self._keep(key, value, before)
        return value

    def forget(self) -> None:
        """Let go of everything, as after an erasure."""
        with self._lock:
            self._kept.clear()

    def close(self) -> None:
        """Let go of everything, and of the file."""
        with self._lock:
            self._kept.clear()
            if self._watch is not None:
                self._watch.close()
            self._watch = None

    def pulse(self) -> Hashable | None:
        """Return what another commit of anybody changes, if it counts; None where it would cost a call to know."""
        with self._lock:
            if self._watch is None:
                return None
            with errors_mapped():
                version = int(self._watch.execute("PRAGMA data_version").fetchone()[0])
                if version == self._version:
                    return self._state
                # A commit in between is in the answer already, and is asked for once more at the next look.
                state: Hashable = tuple(self._watch.execute(self._query)) if self._query else version
            if state != self._state:
                self._kept.clear()
            self._version, self._state = version, state
            return state

    def _keep(self, key: Hashable, value: Any, state: Hashable) -> None:
        with self._lock:
            if self._state != state or self._watch is None:
                return
            self._kept[key] = value
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
