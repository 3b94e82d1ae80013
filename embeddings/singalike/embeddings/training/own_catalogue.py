"""A catalogue of one's own as training data: which recordings there are, whose they are, and of which song."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from singalike.audio.decoding.suffixes import AUDIO_SUFFIXES
from singalike.errors import InvalidInputError

CHANNELS = ("mix", "left", "right")
VOICE_GENDERS = {"f": "f", "female": "f", "m": "m", "male": "m"}


@dataclass(frozen=True)
class OwnTrack:
    """One recording of a singer.

    Attributes:
        path: The recording.
        singer: Whose voice it is, in one spelling.
        song: Title; recordings of one singer with one title are versions of one song.
        channel: "mix", or the side of a stereo recording where the voice is.
        voice_gender: "f", "m" or "unknown".
    """

    path: Path
    singer: str
    song: str
    channel: str = "mix"
    voice_gender: str = "unknown"


@dataclass(frozen=True)
class OwnCatalogue:
    """What was read.

    Attributes:
        tracks: Sorted by singer, song and path, so that the order of files on a disk plays no part.
        refused: (place, what is wrong) of every row that says too little.
    """

    tracks: tuple[OwnTrack, ...]
    refused: tuple[tuple[str, str], ...] = ()

    @property
    def singers(self) -> tuple[str, ...]:
        """All singers, sorted."""
        return tuple(sorted({track.singer for track in self.tracks}))

    def split(self, held_out: int, seed: int) -> tuple["OwnCatalogue", "OwnCatalogue"]:
        """Keep singers away from training, for validation.

        Args:
            held_out: How many.
            seed: Chooses them.

        Returns:
            The catalogue to train on, and that of the singers held out.
        """
        chosen = set(np.random.default_rng(seed).permutation(np.array(self.singers, dtype=object))[:held_out])
        return (
            OwnCatalogue(tuple(track for track in self.tracks if track.singer not in chosen)),
            OwnCatalogue(tuple(track for track in self.tracks if track.singer in chosen)),
        )


def read_catalogue(path: Path) -> OwnCatalogue:
    """Read a folder with one folder a singer, or a manifest.

    Args:
        path: FOLDER with FOLDER/SINGER/title.ext, or a file that ends in .csv, .jsonl, .ndjson or .parquet with the
            columns audio, singer, title and, if known, gender and channel: the manifest of `singalike ingest`. Paths
            in it start where it lies.

    Raises:
        InvalidInputError: BAD_MANIFEST, it cannot be read or lacks a column; NO_RECORDINGS, it names none.
    """
    readers = {".csv": _csv_rows, ".jsonl": _json_rows, ".ndjson": _json_rows, ".parquet": _parquet_rows}
    if not path.is_dir() and path.suffix.lower() not in readers:
        raise _bad(path, "is no manifest: use a folder, or a file that ends in .csv, .jsonl or .parquet")
    try:
        rows = list(_folder_rows(path) if path.is_dir() else readers[path.suffix.lower()](path))
    except (OSError, ValueError, csv.Error) as error:
        raise _bad(path, f"cannot be read: {error}") from error
    tracks, refused = [], []
    for place, row in rows:
        track = _to_track(path if path.is_dir() else path.parent, row)
        if isinstance(track, OwnTrack):
            tracks.append(track)
        else:
            refused.append((place, track))
    if not tracks:
        raise InvalidInputError("NO_RECORDINGS", f"{path} holds no recordings: name a folder with a folder a singer")
    ordered = sorted(tracks, key=lambda track: (track.singer, track.song, str(track.path)))
    return OwnCatalogue(tuple(ordered), tuple(refused))


def _to_track(base: Path, row: Mapping[str, Any]) -> OwnTrack | str:
    """Build a track, or say what is wrong with the row."""
    texts = {name: " ".join(str(row.get(name) or "").split()) for name in ("singer", "title", "gender", "channel")}
    audio, channel = str(row.get("audio") or ""), texts["channel"] or "mix"
    missing = [name for name, text in (("audio", audio), ("singer", texts["singer"])) if not text]
    if missing:
        return f"no {missing[0]} is given: fill the column, or use FOLDER/SINGER/title.ext"
    if channel not in CHANNELS:
        return f"channel is {channel!r}: use mix, left or right"
    voice_gender = VOICE_GENDERS.get(texts["gender"].casefold(), "unknown")
    song = (texts["title"] or Path(audio).stem).casefold()
    return OwnTrack(base / audio, texts["singer"], song, channel, voice_gender)


def _folder_rows(folder: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in AUDIO_SUFFIXES and file.is_file())
    for file in files:
        inside = file.relative_to(folder)
        singer = inside.parts[0] if len(inside.parts) > 1 else ""
        yield str(file), {"audio": str(inside), "singer": singer, "title": file.stem}


def _csv_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file, strict=True)
        _require_columns(path, reader.fieldnames or ())
        for row in reader:
            yield f"{path}:{reader.line_num}", row


def _json_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                row = json.loads(line)
                yield f"{path}:{number}", row if isinstance(row, dict) else {}


def _parquet_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    _require_columns(path, table.column_names)
    for number, row in enumerate(table.to_pylist(), start=1):
        yield f"{path}:{number}", row


def _require_columns(path: Path, columns: Iterable[str]) -> None:
    missing = [name for name in ("audio", "singer") if name not in set(columns)]
    if missing:
        raise _bad(path, f"lacks the columns {', '.join(missing)}")


def _bad(path: Path, what: str) -> InvalidInputError:
    return InvalidInputError("BAD_MANIFEST", f"{path} {what}")


def songs_by_singer(tracks: Sequence[OwnTrack]) -> dict[str, list[list[OwnTrack]]]:
    """Group recordings: singer -> songs -> versions, each in the order of the tracks."""
    grouped: dict[str, dict[str, list[OwnTrack]]] = {}
    for track in tracks:
        grouped.setdefault(track.singer, {}).setdefault(track.song, []).append(track)
    return {singer: list(songs.values()) for singer, songs in grouped.items()}
