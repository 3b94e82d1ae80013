"""Whether the conversion at work is still wanted from this worker."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog

from singalike.errors import NotFoundError, SingalikeError, WrongStateError

LOG = structlog.get_logger()

INTERVAL_S = 1.0


class LetGoError(Exception):
    """The worker was told to stop: another one goes on from the last finished piece."""


class StillWanted:
    """Asks the store once a second, in a thread of its own, while the block runs.

    Args:
        ask: Raises NotFoundError or WrongStateError when the conversion is not wanted from this worker any more.
        stopping: Set when the worker shall let go.
        interval_s: Between two looks, in seconds.
    """

    def __init__(self, ask: Callable[[], None], stopping: threading.Event, interval_s: float = INTERVAL_S) -> None:
        self._ask = ask
        self._stopping = stopping
        self._interval_s = interval_s
        self._ended = threading.Event()
        self._woken = threading.Event()
        self._verdict: SingalikeError | None = None
        self._thread = threading.Thread(target=self._look_on, name="conversion-watch", daemon=True)

    def check(self) -> None:
        """Go on, or raise; costs nothing, so that it can be called between any two steps.

        Raises:
            LetGoError: The worker was told to stop.
            SingalikeError: What the store said.
        """
        if self._verdict is not None:
            raise self._verdict
        if self._stopping.is_set():
            raise LetGoError

    def pause(self, pause_s: float) -> None:
        """Wait, but no longer than the conversion is wanted; raises as `check`."""
        self._woken.wait(pause_s)
        self.check()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _look_on(self) -> None:
        while not self._ended.wait(self._interval_s):
            try:
                self._ask()
            except (NotFoundError, WrongStateError) as error:
                self._verdict = error
                self._woken.set()
                return
            except SingalikeError:
                continue  # a store that is busy has not said no
            except Exception:
                LOG.exception("watch_broke")
