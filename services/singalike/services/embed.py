"""The use case behind `singalike embed`: many recordings decoded ahead while the ear listens."""

import csv
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np

from singalike.audio.decoding.suffixes import AUDIO_SUFFIXES
from singalike.audio.sound import Sound
from singalike.embeddings.profile import VoiceProfile
from singalike.errors import FieldViolation, InvalidInputError, SingalikeError
from singalike.services import bootstrap
from singalike.services.manifest import CHANNELS
from singalike.services.recordings import read_recording, take_vocals
from singalike.services.settings import Settings

if TYPE_CHECKING:
    from singalike.embeddings.encoder import VoiceEncoder


@dataclass(frozen=True)
class Recording:
    """One recording to embed.

    Attributes:
        name: As the caller wrote it; goes into the archive.
        file: Where it lies.
        channel: "mix", "left" or "right".
    """

    name: str
    file: Path
    channel: str


@dataclass(frozen=True, eq=False)
class EmbedOutcome:
    """Profiles by recording, and what was refused as (name, reason, message)."""

    profiles: tuple[tuple[str, VoiceProfile], ...]
    refused: tuple[tuple[str, str, str], ...]

    @property
    def embedded(self) -> int:
        """How many recordings have a profile."""
        return len(self.profiles)


def list_recordings(paths: Sequence[Path], channel: str) -> list[Recording]:
    """Name the files, and all audio files below the folders, in order."""
    files = [file for path in paths for file in (_audio_files(path) if path.is_dir() else [path])]
    return [Recording(str(file), file, channel) for file in files]


def _audio_files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in AUDIO_SUFFIXES)


def read_recordings(manifest: Path, channel: str) -> list[Recording]:
    """Read a CSV whose rows name recordings; a row's own `channel` wins.

    Raises:
        InvalidInputError: BAD_MANIFEST, with the line.
    """
    found = []
    with manifest.open(newline="", encoding="utf-8-sig") as stream:
        for line, row in enumerate(_rows(manifest, stream), start=2):
            name = row.get("path") or row.get("audio")
            row_channel = row.get("channel") or channel
            if not name or row_channel not in CHANNELS:
                description = "a column `path` or `audio` must name the recording; `channel` is mix, left or right"
                violation = FieldViolation(f"line {line}", description)
                raise InvalidInputError("BAD_MANIFEST", f"{manifest}, line {line}: {description}", (violation,))
            found.append(Recording(name, manifest.parent / name, row_channel))
    return found


def _rows(manifest: Path, stream: TextIO) -> Iterator[dict[str, str]]:
    try:
        yield from csv.DictReader(stream)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidInputError("BAD_MANIFEST", f"{manifest} cannot be read as CSV in UTF-8: {error}") from error


def embed_recordings(
    recordings: Sequence[Recording],
    settings: Settings,
    *,
    batch_size: int,
    mixture: bool,
    advance: Callable[[], None],
) -> EmbedOutcome:
    """Decode in children and embed in batches; the batch size changes the speed, never the vectors."""
    encoder = bootstrap.load_encoder(settings)
    separator = bootstrap.build_separator(settings) if mixture else None
    profiles: list[tuple[str, VoiceProfile]] = []
    refused: list[tuple[str, str, str]] = []
    with bootstrap.build_decoder(settings) as decoder:

        def prepare(recording: Recording) -> Sound:
            audio = read_recording(recording.file, settings.max_upload_mb * 2**20)
            return take_vocals(decoder.decode(audio), recording.channel, separator)

        ahead = _prepared(recordings, prepare, workers=settings.decoder_processes, depth=2 * batch_size)
        while batch := list(islice(ahead, batch_size)):
            for recording, result in _encode(encoder, batch):
                if isinstance(result, VoiceProfile):
                    profiles.append((recording.name, result))
                else:
                    refused.append((recording.name, result.reason, result.message))
                advance()
    return EmbedOutcome(tuple(profiles), tuple(refused))


def _prepared(
    recordings: Iterable[Recording], prepare: Callable[[Recording], Sound], *, workers: int, depth: int
) -> Iterator[tuple[Recording, Sound | SingalikeError]]:
    """Yield decoded recordings in order, at most `depth` of them waiting in memory."""
    todo = iter(recordings)
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[tuple[Recording, Future[Sound]]] = deque()
        for recording in islice(todo, depth):
            waiting.append((recording, pool.submit(prepare, recording)))
        while waiting:
            recording, future = waiting.popleft()
            try:
                yield recording, future.result()
            except SingalikeError as error:
                yield recording, error
            for following in islice(todo, 1):
                waiting.append((following, pool.submit(prepare, following)))


def _encode(
    encoder: "VoiceEncoder", batch: Sequence[tuple[Recording, Sound | SingalikeError]]
) -> list[tuple[Recording, VoiceProfile | SingalikeError]]:
    """Embed the sounds of a batch together; where one is refused, find out which by embedding them one by one."""
    sounds = [prepared for _, prepared in batch if isinstance(prepared, Sound)]
    try:
        profiles = iter(encoder.encode(sounds))
    except SingalikeError as error:
        if len(batch) == 1:
            return [(batch[0][0], error)]
        return [pair for one in batch for pair in _encode(encoder, [one])]
    return [(recording, next(profiles) if isinstance(prepared, Sound) else prepared) for recording, prepared in batch]


def write_archive(out: Path, outcome: EmbedOutcome) -> None:
    """Write the arrays in one step: the file is whole or absent.

    Raises:
        InvalidInputError: NOT_WRITABLE.
    """
    profiles = [profile for _, profile in outcome.profiles]
    ranges = [profile.vocal_range for profile in profiles]
    arrays = {
        "path": np.array([name for name, _ in outcome.profiles]),
        "timbre": np.stack([profile.timbre for profile in profiles]),
        "style": np.stack([profile.style for profile in profiles]),
        "melody": np.stack([profile.melody for profile in profiles]),
        "female_probability": np.array([profile.female_probability for profile in profiles], dtype=np.float32),
        "voice_gender": np.array([profile.voice_gender for profile in profiles]),
        "tessitura_midi": np.array([sung.told().tessitura_midi for sung in ranges], dtype=np.float32),
        "voiced_s": np.array([sung.voiced_s for sung in ranges], dtype=np.float32),
    }
    unfinished = out.with_name(f".{out.name}.unfinished")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as stream:
            np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]
        unfinished.replace(out)
    except OSError as error:
        raise InvalidInputError("NOT_WRITABLE", f"{out} cannot be written: {error.strerror}") from error
