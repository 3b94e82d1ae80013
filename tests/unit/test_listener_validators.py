"""Requests about listeners are checked field by field."""

import pytest
from google.protobuf.message import Message

from singalike.errors import InvalidInputError
from singalike.services.wire.validators import validate
from singalike.v1 import feedback_pb2 as feedback
from singalike.v1 import recommender_service_pb2 as pb

LIKE = feedback.FEEDBACK_KIND_LIKE
SOUND = feedback.Feedback(kind=LIKE, track_id="t")


def record(*events: feedback.Feedback, **fields: str) -> pb.RecordFeedbackRequest:
    return pb.RecordFeedbackRequest(**{"listener_id": "mia", **fields}, feedback=events)


def at(seconds: int, nanos: int = 0) -> feedback.Feedback:
    event = feedback.Feedback(kind=LIKE, track_id="t")
    event.time.seconds, event.time.nanos = seconds, nanos
    return event


@pytest.mark.parametrize(
    ("request_", "fields"),
    [
        (record(), ["feedback"]),
        (record(*[SOUND] * 1001), ["feedback"]),
        (record(SOUND, listener_id=""), ["listener_id"]),
        (record(SOUND, listener_id="x" * 201, request_id="r" * 65), ["listener_id", "request_id"]),
        (record(feedback.Feedback()), ["feedback[0].kind", "feedback[0].target"]),
        (record(SOUND, feedback.Feedback(kind=99, track_id="")), ["feedback[1].kind", "feedback[1].track_id"]),
        (record(feedback.Feedback(kind=feedback.FEEDBACK_KIND_SING, singer_id="s")), ["feedback[0].kind"]),
        (record(feedback.Feedback(kind=LIKE, singer_id="s\n")), ["feedback[0].singer_id"]),
        (record(feedback.Feedback(kind=LIKE, track_id="t", exposure_id="e" * 65)), ["feedback[0].exposure_id"]),
        (record(at(-1)), ["feedback[0].time.seconds"]),
        (record(at(1, 10**9)), ["feedback[0].time.nanos"]),
        (pb.ListFeedbackRequest(page_size=1001), ["listener_id", "page_size"]),
        (pb.ListExclusionsRequest(listener_id="mia", page_token="t" * 1001), ["page_token"]),
        (pb.DeleteFeedbackRequest(), ["listener_id", "feedback_id"]),
        (pb.DeleteExclusionRequest(listener_id="mia"), ["exclusion_id"]),
        (pb.DeleteListenerRequest(), ["listener_id"]),
        (pb.CreateExclusionRequest(), ["listener_id", "exclusion"]),
        (
            pb.CreateExclusionRequest(listener_id="mia", exclusion=feedback.Exclusion(unlike_singer_id="")),
            ["exclusion.unlike_singer_id"],
        ),
    ],
)
def test_all_faults_of_a_request_are_told_at_once(request_: Message, fields: list[str]) -> None:
    with pytest.raises(InvalidInputError) as refused:
        validate(request_)

    assert [violation.field for violation in refused.value.violations] == fields


def test_a_thousand_sound_events_pass() -> None:
    validate(record(*[SOUND] * 1000, request_id="r" * 64))
