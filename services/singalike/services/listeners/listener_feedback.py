"""What holds of events and exclusions wherever they are kept."""

import hashlib
import json
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from singalike.errors import AlreadyExistsError, FieldViolation, InvalidInputError, NotFoundError
from singalike.services.listeners.listener_records import DISLIKE, HIDE, LIKE, Exclusion, Feedback

SINGER_KINDS = frozenset({LIKE, DISLIKE, HIDE})
"""What is also done to singers; everything else is done to tracks only."""

CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of ours the clock of a caller may be."""

REQUEST_MEMORY = timedelta(days=30)
"""How long a request_id is remembered at least; longer while an event of that request is kept."""


def new_feedback_id() -> str:
    """Draw an id that cannot be guessed."""
    return f"f-{secrets.token_hex(16)}"


def new_exclusion_id() -> str:
    """Draw an id that cannot be guessed."""
    return f"x-{secrets.token_hex(16)}"


def feedback_from(  # the fields of a request, as they come
    kind: str,
    track_id: str,
    singer_id: str,
    time: datetime | None,
    expire_time: datetime | None,
    exposure_id: str,
    now: datetime,
    keep_days: int,
    field: str = "",
) -> Feedback:
    """Make an event of what a caller said of it.

    Args:
        kind: One of `FEEDBACK_KINDS`.
        track_id: Empty when it was done to a singer.
        singer_id: Empty when it was done to a track.
        time: None: now.
        expire_time: None: `keep_days` from now, and never for HIDE.
        exposure_id: Empty: none.
        now: UTC.
        keep_days: How long an event is kept, counted from its arrival, so that an old history can be brought along;
            0: for ever.
        field: Path of the event inside a request with its dot, to name its fields by.

    Raises:
        InvalidInputError: FEEDBACK_OF_SINGER, FEEDBACK_IN_FUTURE or FEEDBACK_EXPIRED.
    """
    if singer_id and kind not in SINGER_KINDS:
        raise _bad("FEEDBACK_OF_SINGER", f"{field}kind", f"{kind} is not done to a singer: name a track")
    if time is not None and time > now + CLOCK_SKEW:
        raise _bad("FEEDBACK_IN_FUTURE", f"{field}time", "lies in the future: say when it was done")
    if expire_time is not None and expire_time <= now:
        raise _bad("FEEDBACK_EXPIRED", f"{field}expire_time", "has passed: name a later one, or none")
    if expire_time is None and keep_days and kind != HIDE:
        expire_time = now + timedelta(days=keep_days)
    return Feedback("", kind, track_id, singer_id, time or now, expire_time, exposure_id)


def content_of(feedback: Sequence[Feedback]) -> str:
    """Digest events as they came, to tell the repetition of a request from another one under its id."""
    said = [
        (each.kind, each.track_id, each.singer_id, str(each.time), str(each.expire_time), each.exposure_id)
        for each in feedback
    ]
    return hashlib.blake2b(json.dumps(said).encode(), digest_size=16).hexdigest()


def excluded_target(exclusion: Exclusion) -> tuple[str, str]:
    """Return the track and the singer that have to be in the catalogue; empty where none has to be."""
    match exclusion.kind:
        case "track":
            return exclusion.value, ""
        case "singer" | "unlike_singer":
            return "", exclusion.value
        case _:
            return "", ""


def request_id_reused() -> AlreadyExistsError:
    """Say that a request came again as another one."""
    return AlreadyExistsError(
        "REQUEST_ID_REUSED", "this request_id recorded other feedback before: use a new one for new feedback"
    )


def unknown_track(track_id: str) -> NotFoundError:
    """Say that there is no such track."""
    return NotFoundError("TRACK_NOT_FOUND", f"there is no track {track_id!r}: list the tracks for their ids")


def unknown_singer(singer_id: str) -> NotFoundError:
    """Say that there is no such singer."""
    return NotFoundError("SINGER_NOT_FOUND", f"there is no singer {singer_id!r}: list the singers for their ids")


def unknown_feedback(feedback_id: str) -> NotFoundError:
    """Say that there is no such event."""
    return NotFoundError(
        "FEEDBACK_NOT_FOUND", f"this listener has no feedback {feedback_id!r}: list the feedback for its ids"
    )


def unknown_exclusion(exclusion_id: str) -> NotFoundError:
    """Say that there is no such exclusion."""
    return NotFoundError(
        "EXCLUSION_NOT_FOUND", f"this listener has no exclusion {exclusion_id!r}: list the exclusions for their ids"
    )


def _bad(reason: str, field: str, description: str) -> InvalidInputError:
    return InvalidInputError(reason, f"{field} {description}", (FieldViolation(field, description),))
