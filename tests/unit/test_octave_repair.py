"""Octave errors put into tracks that were right, and taken out again."""

import numpy as np
import pytest
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack, midi_to_hz
from singalike.embeddings.octave_repair import repair_octaves
from singalike.embeddings.vocal_range import measure_range

HOP_S = 0.016
EXACT = 1e-3


def melody(seed: int, notes: int = 40) -> NDArray[np.float64]:
    """A wandering melody with vibrato, joined notes and a pause after every eighth one."""
    rng = np.random.default_rng(seed)
    pitch, parts = 60.0, []
    for note in range(notes):
        pitch = float(np.clip(pitch + rng.choice([-4, -2, -1, 1, 2, 3]), 55, 67))
        parts.append(np.full(int(rng.integers(15, 50)), pitch))
        if note % 8 == 7:
            parts.append(np.full(20, np.nan))
    midi_pitch = np.concatenate(parts)
    return midi_pitch + 0.3 * np.sin(2 * np.pi * 5.5 * np.arange(len(midi_pitch)) * HOP_S)


def track(midi_pitch: NDArray[np.float64]) -> PitchTrack:
    voicing = np.where(np.isfinite(midi_pitch), 0.95, 0.05).astype(np.float32)
    return PitchTrack(midi_to_hz(midi_pitch).astype(np.float32), voicing, HOP_S)


def with_slips(midi_pitch: NDArray[np.float64], seed: int, longest: int = 30) -> NDArray[np.float64]:
    """Move some stretches of up to `longest` frames by an octave."""
    rng, slipped = np.random.default_rng(seed), midi_pitch.copy()
    for start in range(60, len(midi_pitch) - 60, 130):
        first = start + int(rng.integers(0, 40))
        slipped[first : first + int(rng.integers(2, longest + 1))] += 12.0 * rng.choice([-1, 1])
    return slipped


def octave_share(found: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    both = np.isfinite(found) & np.isfinite(true)
    return float(np.mean(np.abs(np.abs(found - true)[both] - 12.0) < 1.0))


@pytest.mark.parametrize("seed", range(6))
def test_short_slips_are_taken_back(seed: int) -> None:
    true = melody(seed)
    slipped = with_slips(true, seed)

    repaired = repair_octaves(track(slipped)).midi_pitch

    assert octave_share(slipped, true) > 0.05
    assert octave_share(repaired, true) < 0.2 * octave_share(slipped, true)


@pytest.mark.parametrize("seed", range(6))
def test_a_track_without_slips_stays_as_it_is(seed: int) -> None:
    true = melody(seed)

    repaired = repair_octaves(track(true)).midi_pitch

    np.testing.assert_allclose(repaired, true, atol=EXACT)


@pytest.mark.parametrize("octave", [-12.0, 12.0])
def test_the_range_of_a_slipping_track_is_that_of_the_melody(octave: float) -> None:
    true = melody(1)
    slipped = true.copy()
    for first in range(100, len(true) - 50, 150):
        slipped[first : first + 25] += octave

    measured, expected = measure_range(track(slipped)), measure_range(track(true))

    assert measured.lowest_midi == pytest.approx(expected.lowest_midi, abs=0.5)
    assert measured.highest_midi == pytest.approx(expected.highest_midi, abs=0.5)
    assert measured.tessitura_midi == pytest.approx(expected.tessitura_midi, abs=0.5)
    assert measured.voiced_s == pytest.approx(expected.voiced_s, rel=0.02)


def test_a_creaky_end_of_a_phrase_belongs_to_its_note() -> None:
    phrase = np.concatenate([np.full(60, 60.0), np.full(12, 48.0), np.full(30, np.nan)])

    repaired = repair_octaves(track(np.tile(phrase, 5))).midi_pitch

    np.testing.assert_allclose(repaired[np.isfinite(repaired)], 60.0, atol=EXACT)


def test_an_octave_that_is_held_is_believed() -> None:
    sung = np.concatenate([np.full(60, 55.0), np.full(60, 67.0), np.full(60, 55.0)])

    np.testing.assert_allclose(repair_octaves(track(sung)).midi_pitch, sung, atol=EXACT)


@pytest.mark.parametrize("interval", [-8.0, -7.0, 5.0, 7.0, 8.0])
def test_a_short_leap_of_another_interval_is_believed(interval: float) -> None:
    sung = np.concatenate([np.full(60, 60.0), np.full(15, 60.0 + interval), np.full(60, 60.0)] * 2)

    np.testing.assert_allclose(repair_octaves(track(sung)).midi_pitch, sung, atol=EXACT)


def test_every_frame_stays_or_moves_by_octaves() -> None:
    slipped = with_slips(melody(3), 9, longest=60)

    moved = repair_octaves(track(slipped)).midi_pitch - slipped

    moved = moved[np.isfinite(moved)]
    np.testing.assert_allclose(moved, 12.0 * np.round(moved / 12.0), atol=EXACT)
