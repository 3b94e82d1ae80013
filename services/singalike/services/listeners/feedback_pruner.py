"""What listeners did is forgotten in time, beside the requests."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import structlog

from singalike.errors import SingalikeError, UnavailableError, for_operators

LOG = structlog.get_logger()


class Prunable(Protocol):
    """What is asked of a `FeedbackStore`."""

    def prune(self, now: datetime) -> int:
        """Erase what has run out; returns how many events."""


class FeedbackPruner:
    """Erases what has run out, again and again.

    Args:
        store: Where it is kept.
        now: The clock.
    """

    def __init__(self, store: Prunable, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def prune(self) -> int:
        """Look once; a store that cannot be reached now is looked at again later."""
        try:
            erased = self._store.prune(self._now())
        except SingalikeError as error:
            self._report(error)
        except Exception as error:  # noqa: BLE001  a database that fails once must not end the forgetting for good
            self._report(UnavailableError("PRUNING_FAILED", f"the store met {type(error).__name__}: {error}"))
        else:
            if erased:
                LOG.info("feedback_pruned", erased=erased)
            return erased
        return 0

    def run_in_background(self, interval_s: float) -> None:
        """Look until `stop`, with this many seconds in between, and at once."""
        self._thread = threading.Thread(target=self._loop, args=(interval_s,), name="feedback-pruner", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End; what takes longer is found by whoever looks next."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _loop(self, interval_s: float) -> None:
        while True:
            self.prune()
            if self._stopping.wait(interval_s):
                return

    def _report(self, error: SingalikeError) -> None:
        LOG.warning("feedback_pruning_failed", reason=error.reason, message=for_operators(error))
