"""What was shown to whom is written down beside the requests: no request waits for the disk."""

import threading
from collections import deque
from collections.abc import Sequence
from typing import Protocol

import structlog

from singalike.errors import SingalikeError, UnavailableError, for_operators
from singalike.services.listeners.listener_records import Exposure

LOG = structlog.get_logger()

BATCH = 500
"""Exposures that are written at once."""

MOST_WAITING = 20_000
"""Exposures in memory while the store cannot be written to; what comes on top is dropped, and the log says how many."""


class ExposureStore(Protocol):
    """What is asked of a `FeedbackStore`."""

    def log_exposures(self, exposures: Sequence[Exposure]) -> None:
        """Store what was shown, in one transaction; what is stored already stays as it is."""


class ExposureLog:
    """Takes exposures without waiting and writes them in batches; safe to share between threads.

    A process that is killed loses those of the last interval.

    Args:
        store: Where they are kept.
        most_waiting: How many may wait.
    """

    def __init__(self, store: ExposureStore, most_waiting: int = MOST_WAITING) -> None:
        self._store = store
        self._most_waiting = most_waiting
        self._waiting: deque[Exposure] = deque()
        self._dropped = 0
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, exposure: Exposure) -> None:
        """Take an exposure; it is written later."""
        with self._lock:
            if len(self._waiting) >= self._most_waiting:
                self._dropped += 1
            else:
                self._waiting.append(exposure)

    def flush(self) -> None:
        """Write all that wait; what cannot be written now goes on waiting."""
        with self._writing:
            while batch := self._take():
                try:
                    self._store.log_exposures(batch)
                except SingalikeError as error:
                    self._put_back(batch, error)
                    return
                except Exception as error:  # noqa: BLE001  a database that fails once must not end the log for good
                    name = type(error).__name__
                    self._put_back(batch, UnavailableError("EXPOSURES_FAILED", f"the store met {name}: {error}"))
                    return

    def forget(self, listener_id: str) -> None:
        """Drop what waits of a listener; when it returns, nothing of them is on its way to the store any more."""
        with self._writing, self._lock:
            self._waiting = deque(one for one in self._waiting if one.listener_id != listener_id)

    def run_in_background(self, interval_s: float) -> None:
        """Write until `stop`, with this many seconds in between."""
        self._thread = threading.Thread(target=self._loop, args=(interval_s,), name="exposure-log", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End, after everything that waits has been written."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)
        self.flush()

    def _loop(self, interval_s: float) -> None:
        while not self._stopping.wait(interval_s):
            self.flush()

    def _take(self) -> list[Exposure]:
        with self._lock:
            if self._dropped:
                LOG.warning("exposures_dropped", count=self._dropped)
                self._dropped = 0
            return [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]

    def _put_back(self, batch: Sequence[Exposure], error: SingalikeError) -> None:
        LOG.warning("exposures_not_written", reason=error.reason, message=for_operators(error), waiting=len(batch))
        with self._lock:
            self._waiting.extendleft(reversed(batch))
