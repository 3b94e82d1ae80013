"""A worker says that it lives, again and again."""

import threading
from types import TracebackType
from typing import Self

import structlog

from singalike.errors import SingalikeError, for_operators
from singalike.services.conversion.silent_workers import BEAT_S
from singalike.services.conversion_ports import Executors

LOG = structlog.get_logger()


class Heartbeat:
    """Beats from the beginning of the block to its end, then leaves.

    Args:
        executors: Where it is said.
        executor_id: Who.
        interval_s: Between two beats, in seconds.
    """

    def __init__(self, executors: Executors, executor_id: str, interval_s: float = BEAT_S) -> None:
        self._executors = executors
        self._executor_id = executor_id
        self._interval_s = interval_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        """Beat once, and from now on."""
        self._executors.beat(self._executor_id)
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Leave."""
        self._ended.set()
        self._thread.join()
        try:
            self._executors.leave(self._executor_id)
        except SingalikeError as error:
            LOG.warning("heartbeat_failed", reason=error.reason, message=for_operators(error))

    def _beat_on(self) -> None:
        while not self._ended.wait(self._interval_s):
            try:
                self._executors.beat(self._executor_id)
            except SingalikeError as error:
                LOG.warning("heartbeat_failed", reason=error.reason, message=for_operators(error))
            except Exception:
                LOG.exception("heartbeat_broke")
