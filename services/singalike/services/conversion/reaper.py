"""What dead workers had is given to others."""

from collections.abc import Callable

import structlog

from singalike.errors import NotFoundError, WrongStateError
from singalike.services.conversion.parts import ConversionParts
from singalike.services.conversion.silent_workers import SilentWorkers
from singalike.services.conversion_records import ConversionFault, ConversionState, JobState, StoredConversion

LOG = structlog.get_logger()

MOST_DEATHS = 3
"""Workers that a conversion may take with it before it is not tried again."""


class Reaper:
    """Looks for dead workers; any number of processes may look at once.

    Args:
        parts: The ports.
        clock: Seconds, growing (`time.monotonic`).
        silent: Says who is dead.
    """

    def __init__(self, parts: ConversionParts, clock: Callable[[], float], silent: SilentWorkers | None = None) -> None:
        self._parts = parts
        self._clock = clock
        self._silent = silent or SilentWorkers()

    def look(self) -> int:
        """Move what dead workers had; returns how many conversions.

        Raises:
            SingalikeError: The store or the jobs cannot be reached now.
        """
        held = self._held()
        beats = self._parts.executors.beats()
        dead = self._silent.listen(beats, frozenset(held), self._clock())
        return sum(self._bury(executor_id, held.get(executor_id, set())) for executor_id in sorted(dead))

    def bury(self, executor_id: str) -> bool:
        """Move what a worker had of whom it is known that it is dead; returns whether it had ever beaten."""
        had_lived = executor_id in self._parts.executors.beats()
        self._bury(executor_id, self._held().get(executor_id, set()))
        return had_lived

    def _held(self) -> dict[str, set[str]]:
        """Return what each worker has, by what the jobs and by what the store says."""
        held: dict[str, set[str]] = {}
        for job in self._parts.jobs.jobs():
            if job.state is JobState.TAKEN:
                held.setdefault(job.executor_id, set()).add(job.conversion_id)
        for conversion in self._parts.conversions.unfinished():
            if conversion.state is ConversionState.RUNNING:
                held.setdefault(conversion.executor_id, set()).add(conversion.conversion_id)
        return held

    def _bury(self, executor_id: str, conversion_ids: set[str]) -> int:
        for conversion_id in sorted(conversion_ids):
            self._move(conversion_id, executor_id)
        # Last: as long as it is known, somebody finds what it had.
        self._parts.executors.leave(executor_id)
        LOG.warning("worker_buried", dead_executor_id=executor_id, conversions=len(conversion_ids))
        return len(conversion_ids)

    def _move(self, conversion_id: str, executor_id: str) -> None:
        """Have another worker get on with a conversion, unless too many have died of it."""
        parts = self._parts
        try:
            conversion = parts.conversions.get_conversion(conversion_id)
            if _is_deadly(conversion, executor_id):
                conversion = parts.conversions.fail(conversion_id, executor_id, _died(conversion))
                parts.erase_files(conversion_id)
            else:
                conversion = parts.conversions.requeue(conversion_id, executor_id)
        except NotFoundError:
            parts.jobs.forget([conversion_id])
            return
        except WrongStateError:
            return  # ended or moved between two statements: whoever looks next sees what is left to do
        if conversion.state.is_final:
            parts.jobs.forget([conversion_id])
        else:
            parts.jobs.put_back(conversion_id, executor_id)
            parts.jobs.enqueue(conversion_id, conversion.tenant, conversion.order.priority, conversion.number)
        LOG.info("conversion_moved", conversion_id=conversion_id, state=conversion.state.value, had=executor_id)


def _is_deadly(conversion: StoredConversion, executor_id: str) -> bool:
    has_it = (conversion.state, conversion.executor_id) == (ConversionState.RUNNING, executor_id)
    return has_it and conversion.attempts >= MOST_DEATHS


def _died(conversion: StoredConversion) -> ConversionFault:
    message = f"{conversion.attempts} workers died of this conversion: look for what they said last in the log"
    return ConversionFault("WORKER_DIED", message)
