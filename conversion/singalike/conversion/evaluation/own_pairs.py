"""A person's own pairs to convert, from a file."""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

from singalike.audio.resample import resample
from singalike.audio.sound import Sound
from singalike.conversion.evaluation.pairs import JOINED_S, RATE, Pair
from singalike.errors import InvalidInputError

COLUMNS = ("source", "takes", "held_out")
SEPARATOR = ";"


def read_own_pairs(file: Path, decode: Callable[[bytes], Sound], key_shift: float | None = 0.0) -> Iterator[Pair]:
    """Read pairs that a person has put together.

    Args:
        file: CSV in UTF-8 with the columns source (a recording of one voice), takes (recordings of the target, parted
            by semicolons) and held_out (the target singing or saying the same as the source), and perhaps name, set
            and key_shift. Paths are relative to the file.
        decode: Bytes of a recording to sound.
        key_shift: Semitones for rows that name none; None: 0.

    Yields:
        A pair a row; unlike those of a folder, sources are converted whole.

    Raises:
        InvalidInputError: BAD_PAIRS, it lacks a column, names a file that cannot be read, or is not CSV.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise InvalidInputError("BAD_PAIRS", f"{file} lacks the columns {', '.join(missing)}: add them")
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInputError("BAD_PAIRS", f"{file} cannot be read as CSV in UTF-8: {error}") from error

    def read(path: str) -> Sound:
        try:
            content = (file.parent / path.strip()).read_bytes()
        except OSError as error:
            raise InvalidInputError("BAD_PAIRS", f"{file} names {path}, which cannot be read: correct it") from error
        return resample(decode(content).mono(), RATE)

    for number, row in enumerate(rows, start=1):
        yield Pair(
            row.get("set") or file.stem,
            row.get("name") or f"row {number}",
            read(row["source"]),
            [read(path) for path in row["takes"].split(SEPARATOR) if path.strip()],
            read(row["held_out"]).cut(0.0, JOINED_S),
            _shift(file, row.get("key_shift") or "", key_shift or 0.0),
        )


def _shift(file: Path, written: str, default: float) -> float:
    try:
        return float(written) if written else default
    except ValueError as error:
        message = f"{file} has the key_shift {written!r}: write semitones as a number"
        raise InvalidInputError("BAD_PAIRS", message) from error
