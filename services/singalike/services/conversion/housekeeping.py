"""The reaper and the sweeper in a thread beside a server's or a worker's own work."""

import itertools
import threading
from collections.abc import Callable

import structlog

from singalike.errors import SingalikeError, for_operators
from singalike.services.conversion.reaper import Reaper
from singalike.services.conversion.sweeper import Sweeper

LOG = structlog.get_logger()

LOOK_S = 2.0
LOOKS_A_SWEEP = 3


class Housekeeping:
    """Looks for dead workers and sweeps until it is stopped.

    Args:
        reaper: Looks for dead workers.
        sweeper: Sweeps at once, and at every third look.
        look_s: Between two looks, in seconds.
    """

    def __init__(self, reaper: Reaper, sweeper: Sweeper, look_s: float = LOOK_S) -> None:
        self._reaper = reaper
        self._sweeper = sweeper
        self._look_s = look_s
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._loop, name="conversion-housekeeping", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def bury(self, executor_id: str) -> bool:
        """Move at once what a worker had that has died before the caller's eyes; returns whether it had ever beaten."""
        had_lived: list[bool] = []
        self._try("reaping", lambda: had_lived.append(self._reaper.bury(executor_id)))
        return any(had_lived)

    def sweep_soon(self) -> None:
        """Sweep now, and not at the third look: somebody's turn may have come."""
        self._woken.set()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End."""
        self._stopping.set()
        self._woken.set()
        self._thread.join(timeout_s)

    def _loop(self) -> None:
        is_due = False
        for look in itertools.count():
            self._try("reaping", self._reaper.look)
            if is_due or look % LOOKS_A_SWEEP == 0:
                self._try("sweeping", self._sweeper.sweep)
            is_due = self._woken.wait(self._look_s)
            if self._stopping.is_set():
                return
            self._woken.clear()

    def _try(self, what: str, action: Callable[[], object]) -> None:
        """What fails now is done at the next look, by this process or another."""
        try:
            with self._turn:
                action()
        except SingalikeError as error:
            LOG.warning("housekeeping_failed", what=what, reason=error.reason, message=for_operators(error))
        except Exception:
            LOG.exception("housekeeping_broke", what=what)
