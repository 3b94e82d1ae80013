"""What was read of the database, kept for as long as nobody writes to it."""

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from singalike.services.adapters.sql_engine import errors_mapped

Value = TypeVar("Value")

MOST_KEPT = 4096


class ReadMemory:
    """Keeps answers until any connection of any process commits; on PostgreSQL, where that costs a call, keeps none.

    SQLite counts the commits of others for each connection (`PRAGMA data_version`), and a connection that never writes
    sees everybody as another: the look takes microseconds, where the statement that it saves takes a hundred.

    Args:
        file: The SQLite database; None: another engine.
    """

    def __init__(self, file: Path | None) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._version: int | None = None
        self._watch = sqlite3.connect(file, check_same_thread=False, isolation_level=None) if file else None

    def get(self, key: Hashable, read: Callable[[], Value]) -> Value:
        """Return what was read under this key since the last commit, or read it now.

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

    def pulse(self) -> int | None:
        """Return a number that another commit of anybody changes; None where it would cost a call to know."""
        with self._lock:
            if self._watch is None:
                return None
            with errors_mapped():
                version = int(self._watch.execute("PRAGMA data_version").fetchone()[0])
            if version != self._version:
                self._kept.clear()
                self._version = version
            return version

    def _keep(self, key: Hashable, value: Any, version: int) -> None:
        with self._lock:
            if self._version != version or self._watch is None:
                return
            self._kept[key] = value
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
