"""Who is being erased, and was lately: what was begun for them before must leave no trace after."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from singalike.services.recently_used import RecentlyUsed

MOST_REMEMBERED = 10_000
"""Erasures that a request in flight may overlap."""


class Erasures:
    """Tells whether a listener was erased since a moment; safe to share between threads, and holds no names."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ended = 0
        self._going_on: Counter[int] = Counter()
        self._last: RecentlyUsed[int, int] = RecentlyUsed(MOST_REMEMBERED)

    def moment(self) -> int:
        """Return now, for `unless_erased`."""
        return self._ended

    @contextmanager
    def erasing(self, listener_id: str) -> Iterator[None]:
        """Erase a listener within the block."""
        key = hash(listener_id)
        with self._lock:
            self._going_on[key] += 1
        try:
            yield
        finally:
            with self._lock:
                self._ended += 1
                self._last.put(key, self._ended)
                self._going_on -= Counter({key: 1})

    @contextmanager
    def unless_erased(self, listener_id: str, since: int) -> Iterator[bool]:
        """Say whether nobody has erased a listener since a moment; nobody begins to within the block."""
        key = hash(listener_id)
        with self._lock:
            yield not self._going_on[key] and (self._last.find(key) or 0) <= since
