"""The errors of the domain.

::

    SingalikeError
    ├── InvalidInputError        the call is wrong: fix it
    ├── NotFoundError            no such singer, track or voice
    ├── AlreadyExistsError       same id, other content
    ├── WrongStateError          the call is right, the state is not: index of another model, consent missing
    ├── ConcurrentChangeError    lost a race: read, change and write again
    ├── CapacityError            queue full, upload too big, disk nearly full: later, or smaller
    └── UnavailableError         a dependency is down: retry

Every error carries a `reason`, an UPPER_SNAKE_CASE word that machines may rely on; the message is for people and says
what to do next. Only the gRPC shell knows status codes.
"""

from dataclasses import dataclass
from typing import TypeVar


@dataclass(frozen=True)
class FieldViolation:
    """One wrong field of a request.

    Attributes:
        field: Path of the field, as the caller knows it ("audio", "page_size").
        description: What is wrong with it and what would be right.
    """

    field: str
    description: str


class SingalikeError(Exception):
    """The root of every error that the project raises on purpose.

    Args:
        reason: Machine-readable cause, UPPER_SNAKE_CASE.
        message: One sentence for a person, saying what to do next.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message

    def __reduce__(self) -> tuple[type["SingalikeError"], tuple[object, ...]]:
        """Cross process borders whole: decoding runs in children."""
        return type(self), (self.reason, self.message)


class InvalidInputError(SingalikeError):
    """The input can never succeed as it is; `violations` names the fields."""

    def __init__(self, reason: str, message: str, violations: tuple[FieldViolation, ...] = ()) -> None:
        super().__init__(reason, message)
        self.violations = violations

    def __reduce__(self) -> tuple[type["InvalidInputError"], tuple[object, ...]]:
        return type(self), (self.reason, self.message, self.violations)


class NotFoundError(SingalikeError):
    """What the caller named does not exist."""


class AlreadyExistsError(SingalikeError):
    """The id is taken by other content."""


class WrongStateError(SingalikeError):
    """The call is right but the system is not in the state that it needs."""


class ConcurrentChangeError(SingalikeError):
    """Somebody else changed the record first."""


class CapacityError(SingalikeError):
    """A limit is reached; `retry_after_s` is None when waiting does not help."""

    def __init__(self, reason: str, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason, message)
        self.retry_after_s = retry_after_s

    def __reduce__(self) -> tuple[type["CapacityError"], tuple[object, ...]]:
        return type(self), (self.reason, self.message, self.retry_after_s)


class UnavailableError(SingalikeError):
    """A dependency is down; the same call may succeed later."""


Refusal = TypeVar("Refusal", bound=SingalikeError)


def noted(error: Refusal, note: str) -> Refusal:
    """Add to an error what only operators may know, as paths and the words of the system; never sent to callers."""
    error.add_note(note)
    return error


def for_operators(error: SingalikeError) -> str:
    """Return the message of an error with its notes, for logs and the command line."""
    notes: list[str] = getattr(error, "__notes__", [])
    return error.message if not notes else f"{error.message} ({'; '.join(notes)})"
