"""Errors of the domain cross the wire whole."""

from collections.abc import Iterator

import grpc
import pytest

from singalike.client.rpc_errors import ERROR_BY_CODE, error_from_status
from singalike.errors import CapacityError, FieldViolation, InvalidInputError, SingalikeError, UnavailableError
from singalike.services.wire.error_map import CODE_BY_ERROR, code_of, make_status, status_of


def all_errors(root: type[SingalikeError] = SingalikeError) -> Iterator[type[SingalikeError]]:
    """Every class of the tree below the root."""
    for kind in root.__subclasses__():
        yield kind
        yield from all_errors(kind)


def code_named(number: int) -> grpc.StatusCode:
    return next(code for code in grpc.StatusCode if code.value[0] == number)


def test_every_error_of_the_domain_has_a_status_of_its_own() -> None:
    kinds = {kind for kind in all_errors() if kind.__module__ == SingalikeError.__module__}

    assert kinds == set(CODE_BY_ERROR)
    assert len(set(CODE_BY_ERROR.values())) == len(kinds)
    assert not set(CODE_BY_ERROR.values()) & {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.OK}


@pytest.mark.parametrize("kind", CODE_BY_ERROR)
def test_the_client_rebuilds_the_same_class_reason_and_message(kind: type[SingalikeError]) -> None:
    error = kind("SOME_REASON", "do something else")

    status = status_of(error, "request-1")
    rebuilt = error_from_status(code_named(status.code), status.message, status)

    assert type(rebuilt) is kind
    assert (rebuilt.reason, rebuilt.message) == (error.reason, error.message)
    assert ERROR_BY_CODE[CODE_BY_ERROR[kind]] is kind


def test_field_violations_and_the_time_to_wait_survive() -> None:
    violations = (FieldViolation("page_size", "is 0: use 1 to 1000"), FieldViolation("audio", "is empty"))
    invalid = status_of(InvalidInputError("BAD", "fix it", violations), "r")
    later = status_of(CapacityError("QUEUE_FULL", "wait", 2.5), "r")
    never = status_of(CapacityError("UPLOAD_TOO_LARGE", "send less"), "r")

    rebuilt = [error_from_status(code_named(status.code), status.message, status) for status in (invalid, later, never)]

    assert isinstance(rebuilt[0], InvalidInputError)
    assert rebuilt[0].violations == violations
    assert [error.retry_after_s for error in rebuilt if isinstance(error, CapacityError)] == [2.5, None]


def test_an_error_outside_the_tree_is_our_fault() -> None:
    class StrayError(SingalikeError):
        """A class that nobody mapped."""

    code = code_of(StrayError("STRAY", "?"))

    assert code is grpc.StatusCode.INTERNAL


def test_a_subclass_of_a_known_error_keeps_its_status() -> None:
    kind = type("NarrowError", (UnavailableError,), {})

    code = code_of(kind("NARROW", "?"))

    assert code is grpc.StatusCode.UNAVAILABLE


def test_a_status_fits_into_the_trailers_whatever_was_echoed() -> None:
    violations = tuple(FieldViolation("f" * 500 + "✓", "d" * 5000 + "✓") for _ in range(100))
    error = InvalidInputError("REASON", "m" * 10_000, violations)

    status = status_of(error, "r" * 64)

    assert status.ByteSize() * 4 / 3 < 4000
    assert len(status.message) <= 300


def test_statuses_without_details_become_errors_too() -> None:
    status = make_status(grpc.StatusCode.INTERNAL, "INTERNAL", "our fault", "r")

    internal = error_from_status(grpc.StatusCode.INTERNAL, "our fault", status)
    late = error_from_status(grpc.StatusCode.DEADLINE_EXCEEDED, "late", type(status)())

    assert (type(internal), internal.reason) == (SingalikeError, "INTERNAL")
    assert (type(late), late.reason) == (UnavailableError, "DEADLINE_EXCEEDED")
