"""The shipped melody checkpoint on real singing, with a margin below the measured figures."""

import csv
from pathlib import Path

import numpy as np
import pytest
import pyworld
import soundfile
import soxr

from singalike.audio.pitch import hz_to_midi
from singalike.embeddings.melody import SAMPLE_RATE, MelodyEncoder
from singalike.embeddings.vocal_range import measure_range

pytestmark = pytest.mark.dev_data

WITHIN_50_CENTS = 0.7
MEAN_AVERAGE_PRECISION = 0.65


@pytest.fixture(scope="module")
def encoder() -> MelodyEncoder:
    return MelodyEncoder.load()


def manifest_paths(data: Path, folder: str, kind: str) -> list[str]:
    with (data / "manifest.csv").open(newline="", encoding="utf-8") as file:
        return sorted(r["path"] for r in csv.DictReader(file) if r["path"].startswith(folder) and r["kind"] == kind)


def read(path: Path) -> np.ndarray:
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return soxr.resample(sound[:, -1], rate, SAMPLE_RATE).astype(np.float32)


@pytest.mark.parametrize(("folder", "kind"), [("mir1k/", "stem"), ("ravdess/", "singing")])
def test_sung_pitch_agrees_with_harvest(dev_data: Path, encoder: MelodyEncoder, folder: str, kind: str) -> None:
    paths = manifest_paths(dev_data, folder, kind)
    waveforms = [read(dev_data / path)[: 6 * SAMPLE_RATE] for path in paths[5 :: len(paths) // 4][:4]]

    errors = []
    for waveform, frames in zip(waveforms, encoder.analyse(waveforms), strict=True):
        f0_hz, _ = pyworld.harvest(waveform.astype(np.float64), SAMPLE_RATE, f0_ceil=1000.0, frame_period=16.0)
        truth = hz_to_midi(np.where(f0_hz > 0, f0_hz, np.nan))
        size = min(len(truth), len(frames.pitch.f0_hz))
        errors.append(frames.pitch.midi_pitch[:size] - truth[:size])
    error = np.concatenate(errors)
    error = np.abs(error[np.isfinite(error)])

    assert len(error) > 200
    assert np.mean(error < 0.5) > WITHIN_50_CENTS


def test_the_same_phrase_by_another_singer_is_found(dev_data: Path, encoder: MelodyEncoder) -> None:
    twins: dict[str, set[str]] = {}
    with (dev_data / "mir1k" / "same_song_pairs.csv").open(newline="", encoding="utf-8") as file:
        for row in (row for row in csv.DictReader(file) if float(row["overlap_s"]) >= 3.0):
            twins.setdefault(row["clip_a"], set()).add(row["clip_b"])
            twins.setdefault(row["clip_b"], set()).add(row["clip_a"])
    paths = manifest_paths(dev_data, "mir1k/", "stem")
    vectors = np.stack([encoder.embed(f) for f in encoder.analyse([read(dev_data / path) for path in paths])])
    singers = np.array([path.split("/")[1] for path in paths])

    precisions = []
    for query, path in enumerate(paths):
        candidates = np.flatnonzero(singers != singers[query])
        order = candidates[np.argsort(-(vectors[candidates] @ vectors[query]), kind="stable")]
        ranks = 1 + np.flatnonzero([paths[i] in twins.get(path, set()) for i in order])
        if len(ranks):
            precisions.append(np.mean(np.arange(1, len(ranks) + 1) / ranks))

    assert len(precisions) > 20
    assert np.mean(precisions) > MEAN_AVERAGE_PRECISION


def test_the_range_of_a_real_singer_is_a_possible_one(dev_data: Path, encoder: MelodyEncoder) -> None:
    paths = [p for p in manifest_paths(dev_data, "mir1k/", "stem") if p.startswith("mir1k/abjones")][:4]
    waveform = np.concatenate([read(dev_data / path) for path in paths])

    measured = measure_range(encoder.analyse([waveform])[0].pitch)

    assert 36.0 < measured.lowest_midi < measured.tessitura_midi[0] < measured.tessitura_midi[1] < 84.0
    assert measured.sufficient
