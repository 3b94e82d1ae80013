"""Values that were made lately, kept as long as there is room."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class RecentlyUsed(Generic[Key, Value]):
    """The last few values by key; safe to share between threads.

    Args:
        capacity: How many are kept; the one that was not used longest goes first.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[Key, Value] = OrderedDict()
        self._lock = Lock()

    def hold(self, capacity: int) -> None:
        """Keep so many from now on."""
        with self._lock:
            self._capacity = capacity

    def find(self, key: Key) -> Value | None:
        """Return what is kept under a key."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return what is kept under a key; make it outside the lock where it is not: two threads may both make it."""
        found = self.find(key)
        if found is None:
            found = make()
            self.put(key, found)
        return found

    def put(self, key: Key, value: Value) -> None:
        """Keep a value."""
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)

    def discard(self, key: Key) -> None:
        """Let go of what is kept under a key, if anything is."""
        with self._lock:
            self._kept.pop(key, None)

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._kept.clear()

    def drop(self, unwanted: Callable[[Value], bool]) -> None:
        """Let go of the values that are unwanted."""
        with self._lock:
            for key in [key for key, value in self._kept.items() if unwanted(value)]:
                del self._kept[key]
