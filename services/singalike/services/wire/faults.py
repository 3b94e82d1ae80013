"""Collects what is wrong with a request, so that a caller hears of all of it at once."""

import math
from collections.abc import Iterable, Sequence

from singalike.errors import FieldViolation, InvalidInputError
from singalike.services.plain_text import is_plain


class Faults:
    """Violations found so far; the checks name the field and say what would be right."""

    def __init__(self) -> None:
        self._violations: list[FieldViolation] = []

    def add(self, field: str, description: str) -> None:
        """Note a violation."""
        self._violations.append(FieldViolation(field, description))

    def text(self, field: str, value: str, longest: int, *, shortest: int = 0) -> None:
        """Check the length of a text, in characters, and that it holds no control characters."""
        if not shortest <= len(value) <= longest:
            wanted = f"{shortest} to {longest}" if shortest else f"at most {longest}"
            self.add(field, f"holds {len(value)} characters: use {wanted}")
        elif not is_plain(value):
            self.add(field, "holds control characters: remove them")

    def texts(self, field: str, values: Sequence[str], most: int, longest: int) -> None:
        """Check a list of texts."""
        if len(values) > most:
            self.add(field, f"holds {len(values)} values: use at most {most}")
            return
        for place, value in enumerate(values):
            self.text(f"{field}[{place}]", value, longest, shortest=1)

    def number(self, field: str, value: float, low: float, high: float) -> None:
        """Check that a number is finite and lies between two bounds, both allowed."""
        if not (math.isfinite(value) and low <= value <= high):
            self.add(field, f"is {value:g}: use {low:g} to {high:g}")

    def one_of(self, field: str, value: int, known: Iterable[int]) -> None:
        """Check that an enum has a known value; a newer caller may know more."""
        if value not in known:
            self.add(field, f"has the unknown value {value}: see the protos")

    def raise_any(self) -> None:
        """Refuse the request when anything was found.

        Raises:
            InvalidInputError: INVALID_REQUEST, with all violations.
        """
        if self._violations:
            first = self._violations[0]
            more = f" (and {len(self._violations) - 1} more)" if len(self._violations) > 1 else ""
            raise InvalidInputError(
                "INVALID_REQUEST", f"{first.field} {first.description}{more}", tuple(self._violations)
            )
