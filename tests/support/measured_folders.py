"""A tiny measured folder: buzzing singers with vocal tracts of their own, and a bench that listens to it."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from singalike.audio.sound import Sound
from singalike.embeddings.encoder import VoiceEncoder
from singalike.embeddings.evaluation.bench import Bench
from singalike.embeddings.evaluation.recordings import read_measured
from singalike.embeddings.evaluation.vector_cache import VectorCache
from tests.support.buzzing import SAMPLE_RATE, buzzing_voice

COLUMNS = ("path", "kind", "singer", "gender", "song", "seconds", "licence", "use")
SINGERS = (("anna", "f", 1.12), ("berta", "f", 1.2), ("carl", "m", 0.85), ("dirk", "m", 0.92))


def write_measured_folder(folder: Path, songs: int = 3) -> Path:
    """Write four singers with so many songs each, and a row that may train and must not be measured."""
    (folder / "toy").mkdir(parents=True)
    rows = [("toy/trained.wav", "singing", "anna", "f", "song9", "1", "CC0-1.0", "train")]
    for number, (singer, voice_gender, tract) in enumerate(SINGERS):
        for song in range(songs):
            f0_hz = (220.0 if voice_gender == "f" else 120.0) * 2 ** (song / 6)
            voice = buzzing_voice(1.2, f0_hz, tract, seed=10 * number + song)
            path = f"toy/{singer}{song}.wav"
            soundfile.write(folder / path, voice, SAMPLE_RATE)
            rows.append((path, "singing", singer, voice_gender, f"song{song}", "1.2", "CC0-1.0", "measure"))
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return folder


def decode(audio: bytes) -> Sound:
    """Decode a file that is known to be sound."""
    waveform, sample_rate = soundfile.read(io.BytesIO(audio), dtype="float32", always_2d=True)
    return Sound(np.ascontiguousarray(waveform.T), sample_rate)


@contextmanager
def no_progress(_title: str, _total: int) -> Iterator[Callable[[], None]]:
    """Show nothing."""
    yield lambda: None


def open_bench(folder: Path, encoder: VoiceEncoder, cache: Path | None = None) -> Bench:
    """Make a bench for a folder, quiet."""
    return Bench(read_measured(folder), encoder, decode, VectorCache(cache), no_progress, say=lambda _words: None)
