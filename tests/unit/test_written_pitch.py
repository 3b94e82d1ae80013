"""The judge of whole songs: a pitch track against written notes, whatever the key, the octave and the start."""

import numpy as np
import pytest

from benchmarks.written_pitch import fit_to_notes

HOP_S = 0.01
NOTES = [(0.5 * step, 0.5 * step + 0.4, 60.0 + pitch) for step, pitch in enumerate([0, 4, 7, 5, 2, 11, 9, 1, 6, 3] * 4)]


def track(shift_s: float, semitones: float) -> np.ndarray:
    """The notes as they would be heard, NaN in the rests."""
    heard = np.full(2200, np.nan)
    for start_s, end_s, pitch in NOTES:
        heard[max(round((start_s + shift_s) / HOP_S), 0) : round((end_s + shift_s) / HOP_S)] = pitch + semitones
    return heard


def test_another_key_and_a_late_start_are_taken_out() -> None:
    fit = fit_to_notes(track(0.3, -15.0), HOP_S, NOTES)

    assert fit.right > 0.97
    assert fit.heard > 0.97
    assert fit.offset_s == pytest.approx(0.3, abs=0.11)
    assert fit.key == pytest.approx(9.0, abs=1.0)


def test_notes_in_other_octaves_are_right() -> None:
    octaves = track(0.0, 0.0) + 12.0 * np.random.default_rng(0).integers(-1, 2, 2200)

    assert fit_to_notes(octaves, HOP_S, NOTES).right > 0.97


def test_half_of_the_time_missing_is_told_apart_from_half_of_the_pitch_wrong() -> None:
    missing, wrong = track(0.0, 0.0), track(0.0, 0.0)
    missing[:1000], wrong[:1000] = np.nan, wrong[:1000] + np.random.default_rng(1).uniform(0.0, 12.0, 1000)

    assert fit_to_notes(missing, HOP_S, NOTES).right > 0.97
    assert fit_to_notes(missing, HOP_S, NOTES).heard == pytest.approx(0.5, abs=0.03)
    assert fit_to_notes(wrong, HOP_S, NOTES).right == pytest.approx(0.5 + 0.5 / 6.0, abs=0.05)


def test_a_pitch_of_chance_is_right_in_about_a_fifth() -> None:
    chance = np.random.default_rng(2).uniform(40.0, 76.0, 2200)

    assert fit_to_notes(chance, HOP_S, NOTES).right == pytest.approx(0.2, abs=0.05)


def test_silence_fits_nothing() -> None:
    assert fit_to_notes(np.full(2200, np.nan), HOP_S, NOTES).right == 0.0
