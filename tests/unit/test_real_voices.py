"""Real singers that nothing was trained on: identity and voice gender, with a margin below what is measured."""

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import pyworld
import soundfile
import soxr
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.timbre import TimbreEncoder
from singalike.embeddings.training.verification import IdentityFigures, identity_figures
from singalike.embeddings.voice_frames import VoiceFrames
from singalike.embeddings.voice_gender import VoiceGenderClassifier

pytestmark = pytest.mark.dev_data


def rows_of(data: Path, folder: str, kind: str) -> list[dict[str, str]]:
    with (data / "manifest.csv").open(newline="", encoding="utf-8") as file:
        return [r for r in csv.DictReader(file) if r["path"].startswith(folder + "/") and r["kind"] == kind]


def read(data: Path, row: dict[str, str]) -> NDArray[np.float32]:
    sound, rate = soundfile.read(data / row["path"], dtype="float32", always_2d=True)
    mono = sound[:, 1] if row["path"].startswith("mir1k/") else sound.mean(axis=1)
    return (mono if rate == 16_000 else soxr.resample(mono, rate, 16_000)).astype(np.float32)


def identity_of(data: Path, folder: str, kind: str) -> IdentityFigures:
    encoder = TimbreEncoder.load()
    rows = rows_of(data, folder, kind)
    vectors = np.stack([encoder.embed(encoder.analyse(read(data, row))) for row in rows])
    return identity_figures(vectors, [r["singer"] for r in rows], [r["song"].split("_emo")[0] for r in rows])


def dio(waveform: NDArray[np.float32]) -> PitchTrack:
    f0_hz, _ = pyworld.dio(waveform.astype(np.float64), 16_000, f0_floor=65.0, f0_ceil=1_000.0, frame_period=10.0)
    voiced = np.where(f0_hz > 0, f0_hz, np.nan).astype(np.float32)
    return PitchTrack(voiced, np.isfinite(voiced).astype(np.float32), 0.01)


@pytest.mark.parametrize(
    ("folder", "kind", "most_errors", "least_precision"),
    [("ravdess", "singing", 0.15, 0.52), ("mir1k", "stem", 0.085, 0.91)],
)
def test_singers_are_told_apart(
    dev_data: Path, folder: str, kind: str, most_errors: float, least_precision: float
) -> None:
    figures = identity_of(dev_data, folder, kind)

    assert figures.equal_error_rate < most_errors
    assert figures.mean_average_precision > least_precision


@pytest.mark.parametrize("folder", ["ravdess", "nus48e_demo", "m4singer_demo"])
def test_the_voice_gender_of_every_singer_is_mostly_right(dev_data: Path, folder: str) -> None:
    encoder, classifier = TimbreEncoder.load(), VoiceGenderClassifier.load()
    told: dict[tuple[str, str], list[float]] = defaultdict(list)

    for row in rows_of(dev_data, folder, "singing"):
        heard = told[row["singer"], row["gender"]]
        if len(heard) < 4 and row["gender"] in {"f", "m"}:
            waveform = read(dev_data, row)[: 10 * 16_000]
            frames: VoiceFrames = encoder.analyse(waveform)
            heard.append(classifier.female_probability(frames, dio(waveform)))

    wrong = [singer for (singer, gender), p in told.items() if p and (np.mean(p) > 0.5) != (gender == "f")]
    assert len(told) >= 9
    assert not wrong
