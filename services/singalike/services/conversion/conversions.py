"""Use cases around conversions and target voices that are there: look, list, stop, revoke, erase."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from singalike.errors import UnavailableError, WrongStateError
from singalike.services.conversion.parts import tidy
from singalike.services.conversion_ports import ConversionFolder, ConversionStore, JobQueue, TargetStore
from singalike.services.conversion_records import ConversionFilter, ConversionState, StoredConversion, StoredTarget
from singalike.services.records import Page

LOG = structlog.get_logger()


@dataclass(frozen=True)
class Leftovers:
    """Erases what is left of conversions whose rows are gone: their jobs, then their files.

    Attributes:
        jobs: Who gets on with them; None where this process hands out no jobs: whoever sweeps forgets them.
        folder: Their files.
    """

    jobs: JobQueue | None
    folder: ConversionFolder

    def erase(self, conversion_ids: Sequence[str]) -> None:
        """Erase jobs and files; what cannot be reached now is swept later."""
        if self.jobs is not None and conversion_ids:
            try:
                for conversion_id in conversion_ids:
                    self.jobs.cancel(conversion_id)
                self.jobs.forget(conversion_ids)
            except UnavailableError as error:
                LOG.warning("jobs_not_forgotten", count=len(conversion_ids), reason=error.reason)
        for conversion_id in conversion_ids:
            tidy(self.folder.erase, conversion_id)


class Conversions:
    """Looks at conversions, stops and erases them; an empty tenant is the operator, who sees all.

    Args:
        store: Where they are kept.
        leftovers: Erases what else there is of them.
    """

    def __init__(self, store: ConversionStore, leftovers: Leftovers) -> None:
        self._store = store
        self._leftovers = leftovers

    def get(self, tenant: str, conversion_id: str) -> StoredConversion:
        """Return a conversion; raises NotFoundError CONVERSION_NOT_FOUND."""
        return self._store.get_conversion(conversion_id, tenant)

    def list(self, page_size: int, page_token: str, where: ConversionFilter) -> Page[StoredConversion]:
        """List conversions, newest first; raises InvalidInputError BAD_PAGE_TOKEN, BAD_PAGE_SIZE."""
        return self._store.list_conversions(page_size, page_token, where)

    def cancel(self, tenant: str, conversion_id: str) -> StoredConversion:
        """Stop a conversion; its worker notices within seconds.

        Raises:
            NotFoundError: CONVERSION_NOT_FOUND.
            WrongStateError: CONVERSION_FINISHED.
        """
        conversion = self._store.cancel_conversion(conversion_id, tenant)
        self._stop_job(conversion_id)
        return conversion

    def delete(self, tenant: str, conversion_id: str) -> None:
        """Erase a conversion and its song, whatever its state; raises NotFoundError CONVERSION_NOT_FOUND."""
        self._store.remove_conversion(conversion_id, tenant)
        self._leftovers.erase([conversion_id])

    def _stop_job(self, conversion_id: str) -> None:
        if self._leftovers.jobs is None:
            return
        try:
            self._leftovers.jobs.cancel(conversion_id)
        except UnavailableError as error:
            # No worker begins what is CANCELLED in the store.
            LOG.warning("job_not_cancelled", conversion_id=conversion_id, reason=error.reason)


class TargetVoices:
    """Looks at voices to sing with, takes consents back, erases.

    Args:
        store: Where they are kept.
        leftovers: Erases what is left of conversions with them.
        now: The clock, in UTC.
        after_erase: Brings in step what else holds voices in this process.
    """

    def __init__(
        self,
        store: TargetStore,
        leftovers: Leftovers,
        now: Callable[[], datetime],
        after_erase: Callable[[], object] = lambda: None,
    ) -> None:
        self._store = store
        self._leftovers = leftovers
        self._now = now
        self._after_erase = after_erase

    def get(self, tenant: str, voice_id: str) -> StoredTarget:
        """Return a voice.

        Raises:
            NotFoundError: VOICE_NOT_FOUND.
            WrongStateError: VOICE_NOT_FOR_CONVERSION.
        """
        return self._store.get_target(tenant, voice_id)

    def revoke(self, tenant: str, voice_id: str) -> StoredTarget:
        """Take the consent back: conversions stop, vectors and songs are erased, the record stays; raises as `get`."""
        target, conversion_ids = self._store.revoke_consent(tenant, voice_id, self._now())
        self._after_erase()
        self._leftovers.erase(conversion_ids)
        return target

    def delete(self, tenant: str, voice_id: str) -> None:
        """Erase a voice, the record of its consent and all that was sung with it; raises as `get`."""
        conversion_ids = self._store.remove_target(tenant, voice_id)
        self._after_erase()
        self._leftovers.erase(conversion_ids)


def check_finished(conversion: StoredConversion) -> None:
    """Refuse to give out a song that is not there.

    Raises:
        WrongStateError: CONVERSION_NOT_FINISHED; CONVERSION_CANCELLED; CONVERSION_FAILED.
    """
    match conversion.state:
        case ConversionState.SUCCEEDED:
            return
        case ConversionState.CANCELLED:
            raise WrongStateError("CONVERSION_CANCELLED", "the conversion was cancelled: there is no song, ask again")
        case ConversionState.FAILED:
            why = conversion.fault.message if conversion.fault else "it is not known why"
            raise WrongStateError("CONVERSION_FAILED", f"there is no song: {why}")
        case _:
            raise WrongStateError(
                "CONVERSION_NOT_FINISHED",
                f"the conversion is {conversion.state.value}: watch it, and come back when it has succeeded",
            )
