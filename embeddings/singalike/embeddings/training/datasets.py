"""The open voices and melodies of a data folder, as its manifest lists them.

The manifest is a CSV with the columns path, kind, singer, gender, song, seconds, licence, use. Only rows with
`use=train` are ever read here: a checkpoint that ships must not have heard anything else.
"""

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from singalike.embeddings.training.generator import SAMPLE_RATE, at_level
from singalike.embeddings.training.melodies import Melody, read_melody
from singalike.errors import NotFoundError

MANIFEST = "manifest.csv"


@dataclass(frozen=True)
class TrainingVoice:
    """One recorded voice that may train a shipped checkpoint.

    Attributes:
        singer: Whose voice it is.
        voice_gender: "f", "m" or "unknown".
        path: The recording.
        corpus: Folder of the data set, for the attribution.
        licence: As the manifest states it.
    """

    singer: str
    voice_gender: str
    path: Path
    corpus: str
    licence: str


def read_voices(data: Path) -> tuple[TrainingVoice, ...]:
    """List the recorded voices that may train, sorted by singer.

    Args:
        data: Folder with the manifest.

    Raises:
        NotFoundError: MANIFEST_NOT_FOUND.
    """
    voices = [
        TrainingVoice(row["singer"], row["gender"], data / row["path"], Path(row["path"]).parts[0], row["licence"])
        for row in _training_rows(data)
        if row["kind"] in {"speech", "singing"}
    ]
    return tuple(sorted(voices, key=lambda voice: voice.singer))


def read_melodies(data: Path, most: int = 150) -> tuple[Melody, ...]:
    """Read melodies of the MIDI songs that may train, evenly picked from all of them.

    Args:
        data: Folder with the manifest.
        most: Songs to read.
    """
    paths = sorted(
        row["path"] for row in _training_rows(data) if row["kind"] == "midi" and row["path"].endswith(".mid")
    )
    chosen = paths[:: max(len(paths) // most, 1)][:most]
    melodies = [read_melody((data / path).read_bytes()) for path in chosen]
    return tuple(melody for melody in melodies if len(melody) >= 20)


def read_songs(data: Path) -> dict[str, Path]:
    """List the songs that may train as notes, MIDI or MusicXML, one version of each, by name in order.

    Args:
        data: Folder with the manifest.

    Raises:
        NotFoundError: MANIFEST_NOT_FOUND.
    """
    songs: dict[str, Path] = {}
    for row in sorted(_training_rows(data), key=lambda row: row["path"]):
        if row["kind"] == "midi":
            songs.setdefault(row["song"], data / row["path"])
    return dict(sorted(songs.items()))


def read_waveform(path: Path) -> NDArray[np.float32]:
    """Read a recording as mono at 16 000 Hz, brought to the level of the generated clips, shape (samples,)."""
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = sound.mean(axis=1)
    resampled = mono if rate == SAMPLE_RATE else soxr.resample(mono, rate, SAMPLE_RATE)
    return at_level(resampled)


def content_digest(path: Path) -> str:
    """Name a recording by what is in its file: 64 hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def split_voices(
    voices: Sequence[TrainingVoice], held_out: int = 30, seed: int = 0
) -> tuple[tuple[TrainingVoice, ...], tuple[TrainingVoice, ...]]:
    """Keep some voices away from the fit, as many female as male, to choose settings and to calibrate on.

    Args:
        voices: All training voices.
        held_out: How many to keep away; even.
        seed: Chooses them.

    Returns:
        The voices to fit on and those held out.
    """
    rng = np.random.default_rng(seed)
    kept: set[str] = set()
    for voice_gender in ("f", "m"):
        singers = [voice.singer for voice in voices if voice.voice_gender == voice_gender]
        kept.update(rng.permutation(singers)[: held_out // 2].tolist())
    return tuple(v for v in voices if v.singer not in kept), tuple(v for v in voices if v.singer in kept)


def _training_rows(data: Path) -> list[dict[str, str]]:
    try:
        with (data / MANIFEST).open(newline="", encoding="utf-8") as file:
            return [row for row in csv.DictReader(file) if row["use"] == "train"]
    except FileNotFoundError as error:
        raise NotFoundError("MANIFEST_NOT_FOUND", f"no {MANIFEST} in {data}: pass the data folder") from error
