"""The rules for taking a person's agreement from a message."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from singalike.errors import FieldViolation, InvalidInputError, WrongStateError
from singalike.services.records import Consent
from singalike.v1 import catalogue_pb2

CLOCK_SKEW = timedelta(minutes=5)
"""How far a caller's clock may be ahead of ours."""


def read_consent(message: catalogue_pb2.Consent, now: Callable[[], datetime]) -> Consent:
    """Read a person's agreement.

    Raises:
        WrongStateError: CONSENT_MISSING.
        InvalidInputError: CONSENT_IN_FUTURE.
    """
    if not message.subject.strip() or not message.statement.strip():
        raise WrongStateError(
            "CONSENT_MISSING", "ask the person, then send consent.subject and consent.statement: nothing was kept"
        )
    time = message.time.ToDatetime(UTC) if message.HasField("time") else now()
    if time > now() + CLOCK_SKEW:
        description = "lies in the future: send when the person agreed"
        raise InvalidInputError(
            "CONSENT_IN_FUTURE", f"consent.time {description}", (FieldViolation("consent.time", description),)
        )
    return Consent(message.subject, message.statement, time)
