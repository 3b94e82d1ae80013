"""One explicit check for each request about listeners; the bounds stand in the comments of the protos too."""

from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.message import Message

from singalike.client.listener_converters import ENUM_BY_KIND
from singalike.services.listeners.listener_feedback import SINGER_KINDS
from singalike.services.wire.faults import Faults
from singalike.v1 import feedback_pb2
from singalike.v1 import recommender_service_pb2 as pb

MOST_EVENTS = 1000
MAX_PAGE_SIZE = 1000
LONGEST_ID, LONGEST_TOKEN, LONGEST_REQUEST_ID, LONGEST_EXPOSURE_ID = 200, 1000, 64, 64
SECONDS_OF_YEAR_9999 = 253_402_300_799
KINDS_OF_SINGERS = {ENUM_BY_KIND[word] for word in SINGER_KINDS}


def _record_feedback(faults: Faults, request: pb.RecordFeedbackRequest) -> None:
    _check_id(faults, request, "listener_id")
    faults.text("request_id", request.request_id, LONGEST_REQUEST_ID)
    if not 1 <= len(request.feedback) <= MOST_EVENTS:
        faults.add("feedback", f"holds {len(request.feedback)} values: use 1 to {MOST_EVENTS}")
        return
    for place, event in enumerate(request.feedback):
        _check_event(faults, f"feedback[{place}]", event)


def _check_event(faults: Faults, field: str, event: feedback_pb2.Feedback) -> None:
    if event.kind not in ENUM_BY_KIND.values():
        faults.add(f"{field}.kind", "is not said" if not event.kind else f"has the unknown value {event.kind}")
    match event.WhichOneof("target"):
        case "track_id":
            faults.text(f"{field}.track_id", event.track_id, LONGEST_ID, shortest=1)
        case "singer_id":
            faults.text(f"{field}.singer_id", event.singer_id, LONGEST_ID, shortest=1)
            if event.kind not in KINDS_OF_SINGERS:
                faults.add(f"{field}.kind", "is not done to a singer: name a track, or use LIKE, DISLIKE or HIDE")
        case _:
            faults.add(f"{field}.target", "is missing: give one of track_id, singer_id")
    for name in ("time", "expire_time"):
        time = getattr(event, name)
        faults.number(f"{field}.{name}.seconds", time.seconds, 0, SECONDS_OF_YEAR_9999)
        faults.number(f"{field}.{name}.nanos", time.nanos, 0, 999_999_999)
    faults.text(f"{field}.exposure_id", event.exposure_id, LONGEST_EXPOSURE_ID)


def _create_exclusion(faults: Faults, request: pb.CreateExclusionRequest) -> None:
    _check_id(faults, request, "listener_id")
    named = request.exclusion.WhichOneof("excluded")
    if named is None:
        faults.add("exclusion", "is missing: give one of singer_id, track_id, genre, language, unlike_singer_id")
    else:
        faults.text(f"exclusion.{named}", getattr(request.exclusion, named), LONGEST_ID, shortest=1)


def _list(faults: Faults, request: pb.ListFeedbackRequest | pb.ListExclusionsRequest) -> None:
    _check_id(faults, request, "listener_id")
    faults.number("page_size", request.page_size, 0, MAX_PAGE_SIZE)
    faults.text("page_token", request.page_token, LONGEST_TOKEN)


def _ids(*fields: str) -> Callable[[Faults, Any], None]:
    """Make the check of a request that holds ids only."""

    def check(faults: Faults, request: Any) -> None:
        for field in fields:
            _check_id(faults, request, field)

    return check


def _check_id(faults: Faults, request: Any, field: str) -> None:
    faults.text(field, getattr(request, field), LONGEST_ID, shortest=1)


LISTENER_CHECKS: Mapping[type[Message], Callable[[Faults, Any], None]] = {
    pb.RecordFeedbackRequest: _record_feedback,
    pb.ListFeedbackRequest: _list,
    pb.DeleteFeedbackRequest: _ids("listener_id", "feedback_id"),
    pb.CreateExclusionRequest: _create_exclusion,
    pb.ListExclusionsRequest: _list,
    pb.DeleteExclusionRequest: _ids("listener_id", "exclusion_id"),
    pb.DeleteListenerRequest: _ids("listener_id"),
}
