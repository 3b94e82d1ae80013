"""Feedback and exclusions: requests to what the store takes, and records to messages."""

import hashlib
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from singalike.client.listener_converters import (
    ENUM_BY_KIND,
    EXCLUSION_BY_FIELD,
    FIELD_BY_EXCLUSION,
    KIND_BY_ENUM,
)
from singalike.services.listeners.listener_feedback import feedback_from
from singalike.services.listeners.listener_records import Exclusion, Feedback
from singalike.services.wire.converters import write_time
from singalike.v1 import feedback_pb2, recommender_service_pb2


def read_feedback(
    request: recommender_service_pb2.RecordFeedbackRequest, now: datetime, keep_days: int
) -> tuple[Feedback, ...]:
    """Read the events of a validated request, filling in what was left out.

    Raises:
        InvalidInputError: FEEDBACK_IN_FUTURE or FEEDBACK_EXPIRED.
    """
    return tuple(
        feedback_from(
            kind=KIND_BY_ENUM[event.kind],
            track_id=event.track_id,
            singer_id=event.singer_id,
            time=_read_time(event, "time"),
            expire_time=_read_time(event, "expire_time"),
            exposure_id=event.exposure_id,
            now=now,
            keep_days=keep_days,
            field=f"feedback[{place}].",
        )
        for place, event in enumerate(request.feedback)
    )


def content_of(request: recommender_service_pb2.RecordFeedbackRequest) -> str:
    """Digest the events as they were sent, times that were left out and all."""
    said = recommender_service_pb2.RecordFeedbackRequest(feedback=request.feedback)
    for event in said.feedback:
        event.ClearField("feedback_id")
    return hashlib.blake2b(said.SerializeToString(deterministic=True), digest_size=16).hexdigest()


def write_feedback(feedback: Feedback) -> feedback_pb2.Feedback:
    """Write an event."""
    target = {"track_id": feedback.track_id} if feedback.track_id else {"singer_id": feedback.singer_id}
    return feedback_pb2.Feedback(
        feedback_id=feedback.feedback_id,
        kind=ENUM_BY_KIND[feedback.kind],
        time=write_time(feedback.time),
        expire_time=None if feedback.expire_time is None else write_time(feedback.expire_time),
        exposure_id=feedback.exposure_id,
        **target,
    )


def read_exclusion(message: feedback_pb2.Exclusion, now: datetime) -> Exclusion:
    """Read the exclusion of a validated request, made now."""
    field = message.WhichOneof("excluded")
    assert field is not None
    return Exclusion("", EXCLUSION_BY_FIELD[field], getattr(message, field), now)


def write_exclusion(exclusion: Exclusion) -> feedback_pb2.Exclusion:
    """Write an exclusion."""
    message = feedback_pb2.Exclusion(exclusion_id=exclusion.exclusion_id, create_time=write_time(exclusion.create_time))
    setattr(message, FIELD_BY_EXCLUSION[exclusion.kind], exclusion.value)
    return message


def _read_time(event: feedback_pb2.Feedback, field: str) -> datetime | None:
    time: Timestamp = getattr(event, field)
    return time.ToDatetime(UTC) if event.HasField(field) else None  # type: ignore[arg-type]
