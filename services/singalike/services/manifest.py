"""What to take in: a folder of singers, or a manifest as CSV, JSON Lines or Parquet."""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from singalike.audio.decoding.suffixes import AUDIO_SUFFIXES
from singalike.errors import InvalidInputError
from singalike.services.plain_text import is_plain
from singalike.services.ports import IngestItem
from singalike.services.records import TrackInfo
from singalike.services.singer_ids import fold

REQUIRED = ("audio", "singer", "title")
CHANNELS = ("mix", "left", "right")
LONGEST_TEXT = 500
VOICE_GENDERS: Mapping[str, str | None] = {
    "": None, "unknown": None, "other": None, "x": None, "non-binary": None, "nonbinary": None, "mixed": None,
    "f": "female", "female": "female", "m": "male", "male": "male",
}  # fmt: skip

Row = Mapping[str, Any]
Tags = Mapping[str, str]
Refused = tuple[str, str, str]


@dataclass(frozen=True)
class Manifest:
    """What was read.

    Attributes:
        items: Recordings to take in, in order.
        refused: (place, reason, message) of each row or file that says too little or nonsense.
    """

    items: tuple[IngestItem, ...]
    refused: tuple[Refused, ...] = ()


class RowError(Exception):
    """A row cannot be used; the message says why."""


def read_manifest(path: Path, read_tags: Callable[[Sequence[Path]], Iterable[Tags]]) -> Manifest:
    """Read a folder or a manifest file.

    Args:
        path: A folder, or a file that ends in .csv, .jsonl, .ndjson or .parquet.
        read_tags: Returns the tags of each file of a folder.

    Raises:
        InvalidInputError: BAD_MANIFEST, it cannot be read at all or lacks a column.
    """
    if path.is_dir():
        return scan_folder(path, read_tags)
    readers = {".csv": _csv_rows, ".jsonl": _json_rows, ".ndjson": _json_rows, ".parquet": _parquet_rows}
    if path.suffix.lower() not in readers:
        raise _bad(path, "is no manifest: use a folder, or a file that ends in .csv, .jsonl or .parquet")
    try:
        return _collect((f"{path}:{line}", row) for line, row in readers[path.suffix.lower()](path))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise _bad(path, f"cannot be read: {error}") from error


def scan_folder(folder: Path, read_tags: Callable[[Sequence[Path]], Iterable[Tags]]) -> Manifest:
    """Find the audio files below a folder; FOLDER/SINGER/title.ext names them where their tags do not."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in AUDIO_SUFFIXES and file.is_file())
    rows = (_row_of_file(folder, file, tags) for file, tags in zip(files, read_tags(files), strict=True))
    return _collect(rows)


def _row_of_file(folder: Path, file: Path, tags: Tags) -> tuple[str, Row]:
    parents = file.relative_to(folder).parts[:-1]
    row = {
        "audio": file.name,
        "singer": tags.get("artist") or (parents[0] if parents else ""),
        "title": tags.get("title") or re.sub(r"^\d{1,2}\s*[-.]\s+", "", file.stem),  # "01 - Title": a track number
        "genre": tags.get("genre"),
        "language": tags.get("language"),
        "isrc": tags.get("isrc"),
    }
    return str(file), row


def _collect(rows: Iterable[tuple[str, Row | RowError]]) -> Manifest:
    items, refused = [], []
    for place, row in rows:
        try:
            items.append(_to_item(place, row))
        except RowError as error:
            refused.append((place, "BAD_ROW", str(error)))
    return Manifest(tuple(items), tuple(refused))


def _to_item(place: str, row: Row | RowError) -> IngestItem:
    if isinstance(row, RowError):
        raise row
    texts = {name: _text(row, name) for name in (*REQUIRED, "genre", "language", "isrc", "gender", "channel")}
    for name in REQUIRED:
        if not fold(texts[name]):
            raise RowError(f"no {name} is given: fill the column, or use FOLDER/SINGER/title.ext")
    voice_gender, channel = texts["gender"].casefold(), texts["channel"] or "mix"
    if voice_gender not in VOICE_GENDERS:
        raise RowError(f"gender is {voice_gender!r}: use female, male or leave it empty")
    if channel not in CHANNELS:
        raise RowError(f"channel is {channel!r}: use mix, left or right")
    info = TrackInfo(
        singer=texts["singer"],
        title=texts["title"],
        genre=texts["genre"] or None,
        language=texts["language"] or None,
        isrc=texts["isrc"] or None,
        voice_gender=VOICE_GENDERS[voice_gender],
    )
    # Relative paths start where the manifest lies, so that a catalogue can be moved with its recordings.
    return IngestItem(path=str(Path(place).parent / texts["audio"]), info=info, channel=channel)


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    text = "" if value is None else str(value).strip()
    if len(text) > LONGEST_TEXT or not is_plain(text):
        raise RowError(f"{name} is longer than {LONGEST_TEXT} characters or holds control characters: shorten it")
    return text


def _csv_rows(path: Path) -> Iterator[tuple[int, Row | RowError]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file, restkey="", strict=True)
        _require_columns(path, reader.fieldnames or ())
        for row in reader:
            extra = row.get("") is not None
            yield reader.line_num, RowError("it has more fields than the header: quote commas") if extra else row


def _json_rows(path: Path) -> Iterator[tuple[int, Row | RowError]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                yield number, RowError(f"it is not JSON: {error}")
                continue
            yield (
                number,
                row if isinstance(row, dict) else RowError("it is not a JSON object with audio, singer, title"),
            )


def _parquet_rows(path: Path) -> Iterator[tuple[int, Row | RowError]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise _bad(path, f"cannot be read: {error}") from error
    _require_columns(path, table.column_names)
    yield from enumerate(table.to_pylist(), start=1)


def _require_columns(path: Path, columns: Iterable[str]) -> None:
    missing = [name for name in REQUIRED if name not in set(columns)]
    if missing:
        raise _bad(path, f"lacks the columns {', '.join(missing)}")


def _bad(path: Path, what: str) -> InvalidInputError:
    return InvalidInputError("BAD_MANIFEST", f"{path} {what}")
