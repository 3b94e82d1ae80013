"""Who did what and when, in a file: CSV, JSON Lines or Parquet with the columns user, item and time."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from singalike.errors import InvalidInputError
from singalike.services.plain_text import is_plain

NAMES: Mapping[str, Sequence[str]] = {
    "user": ("user", "user_id", "userid", "listener", "listener_id"),
    "item": ("item", "item_id", "itemid", "track", "track_id", "isrc"),
    "time": ("time", "timestamp", "datetime", "date"),
    "kind": ("kind", "event", "event_type"),
}
"""What columns are called in the files that are about; the first one that is there counts."""

REQUIRED = ("user", "item", "time")
LONGEST_TEXT = 200
PARQUET_ROWS = 50_000
SECONDS_UP_TO, MILLISECONDS_UP_TO = 1e11, 1e14
"""Numbers of time up to the year 5138 in seconds, or in milliseconds; above are microseconds."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Interaction:
    """One row.

    Attributes:
        user, item: As the file names them.
        time: UTC.
        kind: What was done, in lower case; empty: the file does not say.
    """

    user: str
    item: str
    time: datetime
    kind: str = ""


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be used: which one, from 1, and why."""

    number: int
    message: str


def read_interactions(path: Path) -> Iterator[Interaction | BadRow]:
    """Read a file row by row, without holding it in memory.

    Args:
        path: Ends in .csv, .tsv, .jsonl, .ndjson or .parquet. Times are ISO 8601 (without a zone: UTC), or numbers
            since 1970 in seconds, milliseconds or microseconds.

    Raises:
        InvalidInputError: BAD_INTERACTIONS, it cannot be read at all or lacks a column.
    """
    if path.suffix.lower() not in READERS:
        raise _bad(path, "is of no known kind: use a file that ends in .csv, .tsv, .jsonl or .parquet")
    try:
        for number, row in enumerate(READERS[path.suffix.lower()](path), start=1):
            yield BadRow(number, row) if isinstance(row, str) else _read_row(number, row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _bad(path, f"cannot be read: {error}") from error


def count_rows(path: Path) -> int:
    """Count the rows of a file roughly, for a progress bar.

    Raises:
        InvalidInputError: BAD_INTERACTIONS, it cannot be read.
    """
    try:
        if path.suffix.lower() == ".parquet":
            return int(_open_parquet(path).metadata.num_rows)
        with path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(2**20), b""))
    except OSError as error:
        raise _bad(path, f"cannot be read: {error}") from error


def _read_row(number: int, row: Row) -> Interaction | BadRow:
    try:
        kind = _plain(row.get("kind")).casefold()
        return Interaction(_text(row, "user"), _text(row, "item"), _time(row["time"]), kind)
    except ValueError as error:
        return BadRow(number, str(error))


def _text(row: Row, name: str) -> str:
    text = _plain(row[name])
    if not 1 <= len(text) <= LONGEST_TEXT or not is_plain(text):
        raise ValueError(f"{name} is empty, longer than {LONGEST_TEXT} characters, or holds control characters")
    return text


def _plain(value: object) -> str:
    """Write a value as text; some writers of Parquet say of texts only that they are bytes."""
    text = value.decode() if isinstance(value, bytes) else "" if value is None else str(value)
    return text.strip()


def _time(value: object) -> datetime:
    text = str("" if value is None else value).strip()
    if isinstance(value, datetime):
        try:
            return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)
        except OverflowError as error:
            raise ValueError(_no_time(text)) from error
    try:
        number = float(text)
    except ValueError:
        return _time(_iso_time(text))
    divisor = 1 if abs(number) < SECONDS_UP_TO else 1e3 if abs(number) < MILLISECONDS_UP_TO else 1e6
    try:
        return datetime.fromtimestamp(number / divisor, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError(_no_time(text)) from error


def _iso_time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(_no_time(text)) from error


def _no_time(text: str) -> str:
    return f"time is {text[:LONGEST_TEXT]!r}: use ISO 8601 or seconds since 1970"


def _csv_rows(path: Path) -> Iterator[Row | str]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file, delimiter="\t" if path.suffix.lower() == ".tsv" else ",", strict=True)
        header = next(reader, [])
        places = {name: header.index(column) for name, column in _columns(path, header).items()}
        for fields in reader:
            if len(fields) == len(header):
                yield {name: fields[place] for name, place in places.items()}
            elif fields:
                yield f"it has {len(fields)} fields, the header {len(header)}: quote commas"


def _json_rows(path: Path) -> Iterator[Row | str]:
    with path.open(encoding="utf-8-sig") as file:
        for line in filter(str.strip, file):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield f"it is not JSON: {error}"
                continue
            found = _found(row) if isinstance(row, dict) else {}
            missing = [name for name in REQUIRED if name not in found]
            yield f"it lacks {', '.join(missing)}" if missing else {name: row[key] for name, key in found.items()}


def _parquet_rows(path: Path) -> Iterator[Row | str]:
    import pyarrow as pa

    file = _open_parquet(path)
    columns = _columns(path, file.schema_arrow.names)
    try:
        for batch in file.iter_batches(batch_size=PARQUET_ROWS, columns=list(columns.values())):
            for row in _python_rows(_in_microseconds(batch)):
                yield row if isinstance(row, str) else {name: row[column] for name, column in columns.items()}
    except pa.ArrowException as error:
        raise _bad(path, f"cannot be read: {error}") from error


def _in_microseconds(batch: Any) -> Any:
    """Cut times to what Python's hold; pandas writes nanoseconds."""
    import pyarrow as pa

    for place, field in enumerate(batch.schema):
        if pa.types.is_timestamp(field.type):
            fine = batch.column(place).cast(pa.timestamp("us", field.type.tz), safe=False)
            batch = batch.set_column(place, field.name, fine)
    return batch


def _python_rows(batch: Any) -> Iterator[Row | str]:
    """Turn rows into Python's values; where one has none, all but that one, by halving."""
    try:
        yield from batch.to_pylist()
    except (ValueError, OverflowError, LookupError) as error:
        if len(batch) == 1:
            yield f"it cannot be read: {error}"
            return
        half = len(batch) // 2
        yield from _python_rows(batch.slice(0, half))
        yield from _python_rows(batch.slice(half))


def _open_parquet(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path)
    except pa.ArrowException as error:
        raise _bad(path, f"cannot be read: {error}") from error


def _columns(path: Path, header: Sequence[str]) -> Mapping[str, str]:
    found = _found(dict.fromkeys(header))
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        raise _bad(path, f"lacks the columns {', '.join(missing)}: name them in its header")
    return found


def _found(row: Row) -> Mapping[str, str]:
    """Name the key of each of our columns."""
    by_name = {str(key).strip().casefold(): key for key in row}
    return {
        name: by_name[others[0]]
        for name, known in NAMES.items()
        if (others := [other for other in known if other in by_name])
    }


def _bad(path: Path, what: str) -> InvalidInputError:
    return InvalidInputError("BAD_INTERACTIONS", f"{path} {what}")


READERS = {
    ".csv": _csv_rows,
    ".tsv": _csv_rows,
    ".jsonl": _json_rows,
    ".ndjson": _json_rows,
    ".parquet": _parquet_rows,
}
