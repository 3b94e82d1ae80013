"""The words in which stores of conversions refuse; docs/conversion.md lists the reasons."""

from datetime import datetime

from singalike.errors import AlreadyExistsError, CapacityError, NotFoundError, WrongStateError
from singalike.services.conversion_records import ConsentRecord, ConversionFault, ConversionState, Tenant

RETRY_S = 30.0
"""When to come back with another conversion: one is done in minutes."""

CANCELLED = ConversionFault("CONVERSION_CANCELLED", "it was cancelled on request")


def phrase_not_found(phrase_id: str) -> NotFoundError:
    """Say that there is no such phrase, or that it was used."""
    return NotFoundError("PHRASE_NOT_FOUND", f"there is no phrase {phrase_id!r} left to read: ask for a new one")


def too_many_phrases(most: int, retry_after_s: float) -> CapacityError:
    """Say that a tenant lets too many phrases wait, and when the first of them runs out."""
    message = f"{most} phrases wait to be read already: have one of them read, or ask again when one has run out"
    return CapacityError("TOO_MANY_PHRASES", message, retry_after_s)


def request_id_taken(what: str) -> AlreadyExistsError:
    """Say that a request_id came before with another content."""
    message = f"this request_id created another {what} before: use a new one for a new {what}"
    return AlreadyExistsError("REQUEST_ID_TAKEN", message)


def not_for_conversion(voice_id: str) -> WrongStateError:
    """Say that a voice is known, but not to sing with."""
    message = f"the voice {voice_id!r} is known for recommendations only: enrol it with a consent to sing with it"
    return WrongStateError("VOICE_NOT_FOR_CONVERSION", message)


def not_enrolled(voice_id: str, engine: str) -> WrongStateError:
    """Say that an engine has not learnt a voice."""
    message = f"the voice {voice_id!r} was not enrolled for the engine {engine!r}: enrol it for that one too"
    return WrongStateError("VOICE_NOT_ENROLLED_FOR_ENGINE", message)


def voice_damaged(voice_id: str) -> WrongStateError:
    """Say that the disk has changed what an engine learnt of a voice."""
    message = f"what was learnt of the voice {voice_id!r} is damaged: enrol it again"
    return WrongStateError("TARGET_VOICE_DAMAGED", message)


def refuse_fallen_consent(consent: ConsentRecord, now: datetime) -> None:
    """Refuse to sing with a voice without a standing consent.

    Raises:
        WrongStateError: CONSENT_REVOKED; CONSENT_EXPIRED.
    """
    if consent.revoke_time is not None:
        message = f"the consent to sing with this voice was taken back at {consent.revoke_time:%Y-%m-%d %H:%M} UTC: "
        raise WrongStateError("CONSENT_REVOKED", message + "without a new enrolment it is never sung with again")
    if consent.expire_time is not None and consent.expire_time <= now:
        message = f"the consent to sing with this voice ran out at {consent.expire_time:%Y-%m-%d %H:%M} UTC: "
        raise WrongStateError("CONSENT_EXPIRED", message + "enrol the voice again with a new one")


def too_many_conversions(tenant: Tenant) -> CapacityError:
    """Say that a tenant has to wait."""
    message = f"{tenant.name!r} may have {tenant.most_waiting} unfinished conversions: wait until one has ended"
    return CapacityError("TOO_MANY_CONVERSIONS", message, RETRY_S)


def tenant_busy(tenant: str, most_running: int) -> CapacityError:
    """Say to a worker that another of this tenant's conversions has to end first."""
    message = f"{tenant!r} has {most_running} conversions at work and may have no more: take it up when one has ended"
    return CapacityError("TENANT_BUSY", message, RETRY_S)


def conversion_not_found(conversion_id: str) -> NotFoundError:
    """Say that there is no such conversion."""
    message = f"there is no conversion {conversion_id!r}: it was deleted, ran out, or never was"
    return NotFoundError("CONVERSION_NOT_FOUND", message)


def conversion_finished(state: ConversionState) -> WrongStateError:
    """Say that a conversion has ended, and how."""
    if state is ConversionState.CANCELLED:
        return WrongStateError("CONVERSION_CANCELLED", "the conversion was cancelled: create a new one")
    return WrongStateError(
        "CONVERSION_FINISHED", f"the conversion has {state.value}: nothing about it changes any more"
    )


def conversion_moved(executor_id: str) -> WrongStateError:
    """Say to a worker that it has lost a conversion."""
    return WrongStateError("CONVERSION_MOVED", f"the conversion is no longer with {executor_id!r}: leave it alone")
