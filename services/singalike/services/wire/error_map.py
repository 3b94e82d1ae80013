"""Errors of the domain to statuses with details; nothing else in the project knows status codes."""

from collections.abc import Mapping

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from singalike.errors import (
    AlreadyExistsError,
    CapacityError,
    ConcurrentChangeError,
    InvalidInputError,
    NotFoundError,
    SingalikeError,
    UnavailableError,
    WrongStateError,
)

CODE_BY_ERROR: Mapping[type[SingalikeError], grpc.StatusCode] = {
    InvalidInputError: grpc.StatusCode.INVALID_ARGUMENT,
    NotFoundError: grpc.StatusCode.NOT_FOUND,
    AlreadyExistsError: grpc.StatusCode.ALREADY_EXISTS,
    WrongStateError: grpc.StatusCode.FAILED_PRECONDITION,
    ConcurrentChangeError: grpc.StatusCode.ABORTED,
    CapacityError: grpc.StatusCode.RESOURCE_EXHAUSTED,
    UnavailableError: grpc.StatusCode.UNAVAILABLE,
}

DOMAIN = "singalike"

# A status travels in the trailers, which peers refuse above 8 KiB; base64 and percent encoding make texts longer.
LONGEST_MESSAGE, LONGEST_DESCRIPTION, LONGEST_FIELD, MOST_VIOLATIONS = 300, 150, 60, 5


def code_of(error: SingalikeError) -> grpc.StatusCode:
    """Return the status of an error; the root of the tree, raised by nobody on purpose, is our bug."""
    return next(
        (CODE_BY_ERROR[kind] for kind in type(error).__mro__ if kind in CODE_BY_ERROR), grpc.StatusCode.INTERNAL
    )


def status_of(error: SingalikeError, request_id: str) -> status_pb2.Status:
    """Write an error as a status: ErrorInfo always, BadRequest for wrong fields, RetryInfo when waiting helps."""
    details: list[Message] = []
    if isinstance(error, InvalidInputError) and error.violations:
        details.append(_bad_request(error))
    if isinstance(error, CapacityError) and error.retry_after_s is not None:
        delay = Duration()
        delay.FromMilliseconds(round(error.retry_after_s * 1000))
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    return make_status(code_of(error), error.reason, error.message, request_id, details)


def make_status(
    code: grpc.StatusCode, reason: str, message: str, request_id: str, details: list[Message] | None = None
) -> status_pb2.Status:
    """Write a status that carries its reason and the id that our log knows the call by."""
    info = error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata={"request_id": request_id})
    status = status_pb2.Status(code=code.value[0], message=shorten(message, LONGEST_MESSAGE))
    for detail in (info, *(details or ())):
        packed = Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def _bad_request(error: InvalidInputError) -> error_details_pb2.BadRequest:
    return error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(
                field=shorten(violation.field, LONGEST_FIELD),
                description=shorten(violation.description, LONGEST_DESCRIPTION),
            )
            for violation in error.violations[:MOST_VIOLATIONS]
        ]
    )


def shorten(text: str, length: int) -> str:
    """Cut a text that may echo what a caller sent."""
    return text if len(text) <= length else text[: length - 1] + "…"
