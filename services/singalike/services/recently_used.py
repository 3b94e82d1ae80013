"""Values that were made lately, kept as long as there is room."""

import math
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
        room: How large they may be together, the last one aside.
        size_of: How large one is, always the same.
    """

    def __init__(self, capacity: int, room: float = math.inf, size_of: Callable[[Value], int] = lambda _: 0) -> None:
        self._capacity = capacity
        self._room = room
        self._size_of = size_of
        self._used = 0
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
            self._remove(key)
            self._kept[key] = value
            self._used += self._size_of(value)
            while len(self._kept) > self._capacity or (self._used > self._room and len(self._kept) > 1):
                self._remove(next(iter(self._kept)))

    def discard(self, key: Key) -> None:
        """Let go of what is kept under a key, if anything is."""
        with self._lock:
            self._remove(key)

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._kept.clear()
            self._used = 0

    def drop(self, unwanted: Callable[[Value], bool]) -> None:
        """Let go of the values that are unwanted."""
        with self._lock:
            for key in [key for key, value in self._kept.items() if unwanted(value)]:
                self._remove(key)

    def _remove(self, key: Key) -> None:
        if key in self._kept:
            self._used -= self._size_of(self._kept.pop(key))
