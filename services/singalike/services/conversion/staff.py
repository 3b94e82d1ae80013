"""Who looks after conversions in a process: the reaper and the sweeper always, workers as children if asked for."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from singalike.services.conversion.housekeeping import Housekeeping
from singalike.services.conversion.parts import ConversionParts
from singalike.services.conversion.reaper import Reaper
from singalike.services.conversion.supervisor import Supervisor
from singalike.services.conversion.sweeper import Sweeper
from singalike.services.settings import Settings, as_environment


class Staff:
    """Starts with the block and ends with it.

    Args:
        settings: Of this process, and of the workers that it starts.
        parts: Where conversions, their jobs, workers and files are kept.
        most_running: Conversions of a tenant that may run at once, by its name.
        workers: Children that work on conversions.
    """

    def __init__(
        self, settings: Settings, parts: ConversionParts, most_running: Callable[[str], int], workers: int
    ) -> None:
        self._grace_s = settings.grace_s
        reaper = Reaper(parts, time.monotonic)
        self._housekeeping = Housekeeping(reaper, Sweeper(parts, lambda: datetime.now(UTC), most_running))
        self._supervisor = Supervisor(workers, as_environment(settings), self._housekeeping.bury)

    def __enter__(self) -> Self:
        """Start."""
        self._housekeeping.start()
        self._supervisor.start()
        return self

    def sweep_soon(self) -> None:
        """Look now whether somebody's turn has come."""
        self._housekeeping.sweep_soon()

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Have the workers let go, and end."""
        self._supervisor.stop(self._grace_s)
        self._housekeeping.stop()
