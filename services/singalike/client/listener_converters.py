"""Feedback and exclusions to messages and back."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from singalike.client.converters import read_time
from singalike.client.listener_records import Exclusion, Feedback
from singalike.client.requests import invalid
from singalike.v1 import feedback_pb2

ENUM_BY_KIND = {
    "play": feedback_pb2.FEEDBACK_KIND_PLAY,
    "finish": feedback_pb2.FEEDBACK_KIND_FINISH,
    "skip": feedback_pb2.FEEDBACK_KIND_SKIP,
    "like": feedback_pb2.FEEDBACK_KIND_LIKE,
    "dislike": feedback_pb2.FEEDBACK_KIND_DISLIKE,
    "sing": feedback_pb2.FEEDBACK_KIND_SING,
    "convert": feedback_pb2.FEEDBACK_KIND_CONVERT,
    "hide": feedback_pb2.FEEDBACK_KIND_HIDE,
}
KIND_BY_ENUM = {enum: word for word, enum in ENUM_BY_KIND.items()}

FIELD_BY_EXCLUSION = {
    "singer": "singer_id",
    "track": "track_id",
    "genre": "genre",
    "language": "language",
    "unlike_singer": "unlike_singer_id",
}
EXCLUSION_BY_FIELD = {field: kind for kind, field in FIELD_BY_EXCLUSION.items()}


def write_feedback(feedback: Feedback) -> feedback_pb2.Feedback:
    """Write what a listener did.

    Raises:
        InvalidInputError: INVALID_REQUEST, an unknown kind, or not exactly one of track and singer.
    """
    if feedback.kind not in ENUM_BY_KIND:
        raise invalid("kind", f"must be one of {', '.join(ENUM_BY_KIND)}")
    if bool(feedback.track_id) == bool(feedback.singer_id):
        raise invalid("track_id", "say what it was done to: give either this or singer_id")
    message = feedback_pb2.Feedback(kind=ENUM_BY_KIND[feedback.kind], exposure_id=feedback.exposure_id)
    if feedback.track_id:
        message.track_id = feedback.track_id
    else:
        message.singer_id = feedback.singer_id
    _write_time(message.time, feedback.time)
    _write_time(message.expire_time, feedback.expire_time)
    return message


def read_feedback(message: feedback_pb2.Feedback) -> Feedback:
    """Read what a listener did, as it is stored."""
    return Feedback(
        kind=KIND_BY_ENUM.get(message.kind, ""),
        track_id=message.track_id,
        singer_id=message.singer_id,
        time=read_time(message.time),
        expire_time=read_time(message.expire_time) if message.HasField("expire_time") else None,
        exposure_id=message.exposure_id,
        feedback_id=message.feedback_id,
    )


def write_exclusion(exclusion: Exclusion) -> feedback_pb2.Exclusion:
    """Write what a listener never wants to see.

    Raises:
        InvalidInputError: INVALID_REQUEST, an unknown kind.
    """
    if exclusion.kind not in FIELD_BY_EXCLUSION:
        raise invalid("kind", f"must be one of {', '.join(FIELD_BY_EXCLUSION)}")
    message = feedback_pb2.Exclusion()
    setattr(message, FIELD_BY_EXCLUSION[exclusion.kind], exclusion.value)
    return message


def read_exclusion(message: feedback_pb2.Exclusion) -> Exclusion:
    """Read an exclusion, as it is stored."""
    field = message.WhichOneof("excluded")
    return Exclusion(
        kind=EXCLUSION_BY_FIELD.get(field or "", ""),
        value=getattr(message, field) if field else "",
        exclusion_id=message.exclusion_id,
        create_time=read_time(message.create_time),
    )


def _write_time(message: Timestamp, time: datetime | None) -> None:
    if time is not None:
        # A time without a zone is one of this machine, as everywhere in Python.
        message.FromDatetime(time.astimezone(UTC))
