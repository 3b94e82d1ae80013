"""A worker gets on with one conversion at a time; however that ends, the store says so."""

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

import structlog

from singalike.errors import CapacityError, ConcurrentChangeError, SingalikeError, UnavailableError, for_operators
from singalike.services.conversion.parts import tidy
from singalike.services.conversion.still_wanted import LetGoError, StillWanted
from singalike.services.conversion_ports import ConversionFolder, ConversionStore, JobQueue
from singalike.services.conversion_records import ConversionFault, ConvertedSong, StoredConversion

LOG = structlog.get_logger()

PAUSES_S = (0.5, 2.0, 8.0)
"""Between tries of what may pass by itself; then it is an error like others."""

STORE_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0)
"""As long as the store is tried: a busy database is waited for longer than a conversion tries to get through."""

UNWANTED = {"CONVERSION_CANCELLED", "CONVERSION_FINISHED", "CONVERSION_MOVED", "CONVERSION_NOT_FOUND"}
"""What the store says of a conversion that this worker has no business with any more."""

ERASED = {"CONVERSION_CANCELLED", "CONVERSION_NOT_FOUND"}
"""Of these, where nobody wants the files."""

Check = Callable[[], None]
Value = TypeVar("Value")


class Perform(Protocol):
    """Makes the song of a conversion that was started."""

    def __call__(self, conversion: StoredConversion, check: Check, /) -> ConvertedSong:
        """Return the facts of the finished song; calls `check` several times a second, which raises to stop it."""
        ...


@dataclass(frozen=True)
class WorkerParts:
    """What a worker works with.

    Attributes:
        conversions, jobs, folder: The ports.
        perform: What the work is.
        most_running: Conversions of a tenant that may run at once, by its name.
        after_end: Called when a conversion has ended, and another one's turn may have come.
        pauses_s: Between tries of the performing, in seconds.
        store_pauses_s: Between tries to reach the store, in seconds.
        watch_s: Between looks whether the conversion is still wanted, in seconds.
    """

    conversions: ConversionStore
    jobs: JobQueue
    folder: ConversionFolder
    perform: Perform
    most_running: Callable[[str], int]
    after_end: Callable[[], object] = lambda: None
    pauses_s: tuple[float, ...] = PAUSES_S
    store_pauses_s: tuple[float, ...] = STORE_PAUSES_S
    watch_s: float = 1.0


class ConversionWorker:
    """Works on conversions by their ids.

    Args:
        parts: What with.
        executor_id: Who.
        lost: Called when the store cannot be told how a conversion ended: the process must end.
    """

    def __init__(self, parts: WorkerParts, executor_id: str, lost: Callable[[], None] = lambda: None) -> None:
        self._parts = parts
        self._store = parts.conversions
        self._executor_id = executor_id
        self._lost = lost
        self._stopping = threading.Event()
        self._let_go: list[StoredConversion] = []

    def stop(self) -> None:
        """Let go of what is at work at the next look, and of whatever comes after."""
        self._stopping.set()

    def hand_over(self) -> None:
        """Have others take what was let go of; to be called when no more jobs are taken."""
        while self._let_go:
            conversion = self._let_go.pop()
            self._parts.jobs.enqueue(
                conversion.conversion_id, conversion.tenant, conversion.order.priority, conversion.number
            )

    def work_on(self, conversion_id: str) -> None:
        """Work on a conversion until it has ended or is somebody else's; raises nothing."""
        log = LOG.bind(conversion_id=conversion_id, executor_id=self._executor_id)
        try:
            conversion = self._start(conversion_id)
            if conversion is None:
                log.info("conversion_held")
                return
            log.info("conversion_started", tenant=conversion.tenant, attempts=conversion.attempts)
            outcome = self._perform(conversion)
            self._finish(conversion, outcome)
            if isinstance(outcome, ConversionFault):
                log.info("conversion_failed", reason=outcome.reason)
            else:
                log.info("conversion_succeeded", size_bytes=outcome.size_bytes)
            self._parts.after_end()
        except LetGoError:
            log.info("conversion_let_go")
        except _UnwantedError as error:
            log.info("conversion_dropped", reason=error.reason)
            if error.reason in ERASED:
                tidy(self._parts.folder.erase, conversion_id)
        except Exception:
            # Only an end of this process makes sure that somebody looks after the conversion.
            log.exception("worker_lost")
            self._lost()

    def _start(self, conversion_id: str) -> StoredConversion | None:
        """Take the conversion over; None where its tenant has enough at work, and it waits for its turn."""
        waiting = self._tell(lambda: self._store.get_conversion(conversion_id))
        if self._stopping.is_set():
            self._hold(waiting)
            raise LetGoError
        most_running = self._parts.most_running(waiting.tenant)
        try:
            return self._tell(lambda: self._store.start(conversion_id, self._executor_id, most_running))
        except CapacityError:
            self._tell(lambda: self._parts.jobs.cancel(conversion_id))
            return None

    def _perform(self, conversion: StoredConversion) -> ConvertedSong | ConversionFault:
        """Make the song, or say why there is none."""
        conversion_id = conversion.conversion_id

        def ask() -> None:
            self._store.check(conversion_id, self._executor_id)

        try:
            with StillWanted(ask, self._stopping, self._parts.watch_s) as wanted:
                perform = partial(self._parts.perform, conversion, wanted.check)
                return retried(perform, self._parts.pauses_s, wanted.pause)
        except LetGoError:
            self._give_back(conversion)
            raise
        except SingalikeError as error:
            if error.reason in UNWANTED:
                raise _UnwantedError(error.reason) from error
            told = {"conversion_id": conversion_id, "reason": error.reason, "message": for_operators(error)}
            LOG.warning("conversion_hindered", **told)
            return ConversionFault(error.reason, error.message)
        except Exception:
            fault_id = uuid.uuid4().hex
            LOG.exception("conversion_broke", conversion_id=conversion_id, fault_id=fault_id)
            return ConversionFault("INTERNAL", f"this is a fault of ours: report it with the id {fault_id}")

    def _finish(self, conversion: StoredConversion, outcome: ConvertedSong | ConversionFault) -> None:
        conversion_id, executor_id = conversion.conversion_id, self._executor_id
        if isinstance(outcome, ConvertedSong):
            self._tell(lambda: self._store.succeed(conversion_id, executor_id, outcome))
            tidy(self._parts.folder.drop_pieces, conversion_id)
            return
        self._tell(lambda: self._store.fail(conversion_id, executor_id, outcome))
        tidy(self._parts.folder.erase, conversion_id)

    def _give_back(self, conversion: StoredConversion) -> None:
        self._tell(lambda: self._store.requeue(conversion.conversion_id, self._executor_id, given_back=True))
        self._hold(conversion)

    def _hold(self, conversion: StoredConversion) -> None:
        """Leave the conversion to others, who get it as soon as this worker takes no more."""
        self._tell(lambda: self._parts.jobs.cancel(conversion.conversion_id))
        self._let_go.append(conversion)

    def _tell(self, action: Callable[[], Value]) -> Value:
        """Speak with store or queue, patiently; their refusals are no errors of the conversion."""
        try:
            return retried(action, self._parts.store_pauses_s, self._pause)
        except SingalikeError as error:
            if error.reason in UNWANTED:
                raise _UnwantedError(error.reason) from error
            raise

    def _pause(self, pause_s: float) -> None:
        self._stopping.wait(pause_s)


class _UnwantedError(Exception):
    """The conversion was cancelled, erased or moved."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def retried(action: Callable[[], Value], pauses_s: tuple[float, ...], pause: Callable[[float], object]) -> Value:
    """Try again what may pass by itself; nothing else is worth a second try.

    Args:
        action: What to try, once more than there are pauses.
        pauses_s: Between tries, in seconds.
        pause: Waits.

    Raises:
        Exception: Whatever else the action raises, and what it raised last.
    """
    for pause_s in pauses_s:
        try:
            return action()
        except (UnavailableError, ConcurrentChangeError) as error:
            LOG.warning("try_failed", reason=error.reason, message=for_operators(error), pause_s=pause_s)
            pause(pause_s)
    return action()
