"""Statuses back into the errors of `singalike.errors`, rebuilt from their details."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from singalike.errors import (
    AlreadyExistsError,
    CapacityError,
    ConcurrentChangeError,
    FieldViolation,
    InvalidInputError,
    NotFoundError,
    SingalikeError,
    UnavailableError,
    WrongStateError,
)

ERROR_BY_CODE: Mapping[grpc.StatusCode, type[SingalikeError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidInputError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExistsError,
    grpc.StatusCode.FAILED_PRECONDITION: WrongStateError,
    grpc.StatusCode.ABORTED: ConcurrentChangeError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: CapacityError,
    grpc.StatusCode.UNAVAILABLE: UnavailableError,
    grpc.StatusCode.DEADLINE_EXCEEDED: UnavailableError,
    grpc.StatusCode.CANCELLED: UnavailableError,
    grpc.StatusCode.UNAUTHENTICATED: InvalidInputError,
    grpc.StatusCode.UNIMPLEMENTED: WrongStateError,
}
"""The class that a status becomes; any other is the root of the tree, our bug."""


@contextmanager
def reading_rpc_errors() -> Iterator[None]:
    """Turn the statuses of calls made inside into errors of the domain."""
    try:
        yield
    except grpc.RpcError as error:
        raise error_from_rpc(error) from error


def error_from_rpc(error: grpc.RpcError) -> SingalikeError:
    """Rebuild the server's error; without details the reason is the name of the status."""
    code: grpc.StatusCode = error.code()
    message: str = error.details() or ""
    return error_from_status(code, message, _read_details(error))


def _read_details(error: grpc.RpcError) -> status_pb2.Status:
    try:
        return rpc_status.from_call(error) or status_pb2.Status()  # type: ignore[arg-type]
    except ValueError:
        # The details contradict the status: somebody between us rewrote it, and the status is what counts.
        return status_pb2.Status()


def error_from_status(code: grpc.StatusCode, message: str, status: status_pb2.Status) -> SingalikeError:
    """Build the error of a status.

    Args:
        code: The status.
        message: For people.
        status: Carries ErrorInfo, BadRequest and RetryInfo where the server sent them.
    """
    info, bad_request, retry = (
        error_details_pb2.ErrorInfo(reason=code.name),
        error_details_pb2.BadRequest(),
        error_details_pb2.RetryInfo(),
    )
    waiting_helps = False
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad_request)
        waiting_helps |= detail.Unpack(retry)
    error = ERROR_BY_CODE.get(code, SingalikeError)
    if error is InvalidInputError:
        violations = tuple(FieldViolation(one.field, one.description) for one in bad_request.field_violations)
        return InvalidInputError(info.reason, message, violations)
    if error is CapacityError:
        return CapacityError(
            info.reason, message, retry.retry_delay.ToTimedelta().total_seconds() if waiting_helps else None
        )
    return error(info.reason, message)
