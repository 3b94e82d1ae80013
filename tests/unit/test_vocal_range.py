"""Range and tessitura from pitch tracks whose singing is known."""

import numpy as np
import pytest

from singalike.audio.pitch import PitchTrack, midi_to_hz
from singalike.embeddings.vocal_range import measure_range

HOP_S = 0.016
TOLERANCE = 0.05  # semitones


def sung(notes: list[tuple[float, float]], voicing: float = 0.95, vibrato: float = 0.0) -> PitchTrack:
    """Sing (MIDI pitch, seconds) one after the other; NaN is a rest."""
    midi_pitch = np.concatenate([np.full(round(seconds / HOP_S), pitch) for pitch, seconds in notes])
    midi_pitch = midi_pitch + vibrato * np.sin(2 * np.pi * 5.5 * np.arange(len(midi_pitch)) * HOP_S)
    probability = np.where(np.isfinite(midi_pitch), voicing, 0.05)
    return PitchTrack(midi_to_hz(midi_pitch).astype(np.float32), probability.astype(np.float32), HOP_S)


def test_a_scale_has_its_own_range_tessitura_and_histogram() -> None:
    pitch = sung([(float(note), 1.0) for note in range(55, 66)])

    measured = measure_range(pitch)

    assert measured.lowest_midi == pytest.approx(55.0, abs=TOLERANCE)
    assert measured.highest_midi == pytest.approx(65.0, abs=TOLERANCE)
    assert measured.tessitura_midi == pytest.approx((56.0, 64.0), abs=TOLERANCE)
    assert measured.voiced_s == pytest.approx(11.0, abs=0.3)
    np.testing.assert_allclose(measured.seconds_per_semitone[55:66], 1.0, atol=0.05)
    assert measured.seconds_per_semitone.shape == (128,)
    assert measured.seconds_per_semitone.sum() == pytest.approx(measured.voiced_s, abs=1e-3)
    assert measured.sufficient


@pytest.mark.parametrize("error", [-12.0, 12.0])
def test_an_octave_error_in_a_note_is_repaired(error: float) -> None:
    notes = [(60.0, 0.8), (61.0, 0.8), (61.0 + error, 0.3), (62.0, 0.8), (60.0, 0.8)] * 4

    measured = measure_range(sung(notes))

    assert measured.lowest_midi == pytest.approx(60.0, abs=TOLERANCE)
    assert measured.highest_midi == pytest.approx(62.0, abs=TOLERANCE)


def test_a_slip_shorter_than_a_note_does_not_widen_the_range() -> None:
    notes = [(60.0, 1.0), (81.0, 0.05), (62.0, 1.0), (np.nan, 0.2), (41.0, 0.03), (np.nan, 0.2)] * 3

    measured = measure_range(sung(notes))

    assert (measured.lowest_midi, measured.highest_midi) == pytest.approx((60.0, 62.0), abs=TOLERANCE)


def test_frames_without_confidence_do_not_count() -> None:
    sure, unsure = sung([(60.0, 3.0)]), sung([(48.0, 3.0)], voicing=0.55)
    pitch = PitchTrack(
        np.concatenate([sure.f0_hz, unsure.f0_hz]), np.concatenate([sure.voicing, unsure.voicing]), HOP_S
    )

    measured = measure_range(pitch)

    assert measured.lowest_midi == pytest.approx(60.0, abs=TOLERANCE)
    assert measured.voiced_s == pytest.approx(3.0, abs=0.05)
    assert not measured.sufficient


def test_vibrato_does_not_move_the_tessitura() -> None:
    notes = [(57.0, 2.0), (64.0, 2.0)]

    plain, vibrating = measure_range(sung(notes)), measure_range(sung(notes, vibrato=0.5))

    assert vibrating.tessitura_midi == pytest.approx(plain.tessitura_midi, abs=0.5)


def test_a_slow_leap_of_an_octave_is_no_error() -> None:
    measured = measure_range(sung([(50.0, 4.0), (62.0, 4.0)]))

    assert (measured.lowest_midi, measured.highest_midi) == pytest.approx((50.0, 62.0), abs=TOLERANCE)


@pytest.mark.parametrize("frames", [0, 1, 200])
def test_without_singing_the_range_is_unknown(frames: int) -> None:
    silent = PitchTrack(np.full(frames, np.nan, np.float32), np.zeros(frames, np.float32), HOP_S)

    measured = measure_range(silent)

    assert np.isnan([measured.lowest_midi, measured.highest_midi, *measured.tessitura_midi]).all()
    assert measured.voiced_s == 0.0
    assert measured.seconds_per_semitone.sum() == 0.0
    assert not measured.sufficient
