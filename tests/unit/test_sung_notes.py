"""What notes ask of a voice, from pitch tracks whose notes are known."""

import numpy as np
import pytest

from singalike.audio.pitch import PitchTrack, midi_to_hz
from singalike.audio.synthesis import compose_melody, draw_singer, sing
from singalike.embeddings.melody import SAMPLE_RATE, MelodyEncoder
from singalike.embeddings.note_levels import find_notes
from singalike.embeddings.sung_notes import measure_sung_notes

HOP_S = 0.016
TOLERANCE_S = 0.05
TOLERANCE_SEMITONES = 0.1
REST = float("nan")


def track(notes: list[tuple[float, float]], vibrato: float = 0.0) -> PitchTrack:
    """Sing (MIDI pitch, seconds) one after the other; NaN is a rest."""
    midi_pitch = np.concatenate([np.full(round(seconds / HOP_S), pitch) for pitch, seconds in notes])
    midi_pitch = midi_pitch + vibrato * np.sin(2 * np.pi * 5.5 * np.arange(len(midi_pitch)) * HOP_S)
    probability = np.where(np.isfinite(midi_pitch), 0.95, 0.05)
    return PitchTrack(midi_to_hz(midi_pitch).astype(np.float32), probability.astype(np.float32), HOP_S)


def test_notes_are_told_as_they_were_sung() -> None:
    phrase = [(60.0, 0.4), (62.0, 0.4), (64.0, 0.8), (60.0, 1.6), (REST, 0.5)]

    told = measure_sung_notes(track(phrase * 3))

    assert told.note_count == 12
    assert told.highest_held_midi == pytest.approx(64.0, abs=TOLERANCE_SEMITONES)
    assert told.longest_midi == pytest.approx(60.0, abs=TOLERANCE_SEMITONES)
    assert told.longest_s == pytest.approx(1.6, abs=TOLERANCE_S)
    assert told.phrase_s == pytest.approx(3.2, abs=TOLERANCE_S)
    assert told.notes_per_s == pytest.approx(4 / 3.2, abs=0.05)
    assert told.leap_semitones == pytest.approx(4.0, abs=TOLERANCE_SEMITONES)


def test_a_phrase_has_the_same_notes_wherever_it_stands() -> None:
    rng = np.random.default_rng(0)
    phrases = [60 + np.cumsum(rng.normal(0, 0.5, int(frames))) for frames in rng.integers(20, 200, 12)]
    pause = np.full(20, REST)

    together = find_notes(np.concatenate([np.append(phrase, pause) for phrase in phrases]), HOP_S, 0.1)
    alone = [find_notes(phrase, HOP_S, 0.1) for phrase in phrases]

    np.testing.assert_array_equal(together.midi_pitch, np.concatenate([notes.midi_pitch for notes in alone]))
    np.testing.assert_allclose(together.duration_s, np.concatenate([notes.duration_s for notes in alone]), atol=1e-9)


def test_a_leap_over_a_breath_is_none() -> None:
    told = measure_sung_notes(track([(60.0, 1.0), (REST, 0.4), (69.0, 1.0)]))

    assert told.leap_semitones == 0.0
    assert told.phrase_s == pytest.approx(1.0, abs=TOLERANCE_S)


@pytest.mark.parametrize("vibrato", [0.3, 0.6, 1.0])
def test_vibrato_is_one_note(vibrato: float) -> None:
    told = measure_sung_notes(track([(57.0, 2.0), (REST, 0.4), (64.0, 2.0)], vibrato))

    assert told.note_count == 2
    assert told.longest_s == pytest.approx(2.0, abs=TOLERANCE_S)


def test_a_note_that_drifts_is_one_note() -> None:
    midi_pitch = np.linspace(60.0, 61.2, round(4.0 / HOP_S))

    found = find_notes(midi_pitch, HOP_S, 0.1)

    assert len(found) == 1


def test_a_glide_between_two_notes_adds_none() -> None:
    glide = np.linspace(60.0, 67.0, round(0.15 / HOP_S))
    held = round(0.6 / HOP_S)
    midi_pitch = np.concatenate([np.full(held, 60.0), glide, np.full(held, 67.0)])

    found = find_notes(midi_pitch, HOP_S, 0.1)

    assert found.midi_pitch == pytest.approx([60.0, 67.0], abs=TOLERANCE_SEMITONES)


@pytest.mark.parametrize(("gap_s", "notes"), [(0.032, 1), (0.1, 2)])
def test_a_lost_frame_does_not_end_a_note_and_a_consonant_does(gap_s: float, notes: int) -> None:
    told = measure_sung_notes(track([(60.0, 0.6), (REST, gap_s), (60.0, 0.6)]))

    assert told.note_count == notes


def test_a_high_note_that_is_only_touched_is_not_held() -> None:
    told = measure_sung_notes(track([(60.0, 1.0), (67.0, 0.3), (62.0, 1.0)]))

    assert told.highest_held_midi == pytest.approx(62.0, abs=TOLERANCE_SEMITONES)


@pytest.mark.parametrize("frames", [0, 1, 200])
def test_without_singing_nothing_is_told(frames: int) -> None:
    silent = PitchTrack(np.full(frames, np.nan, np.float32), np.zeros(frames, np.float32), HOP_S)

    told = measure_sung_notes(silent)

    assert np.isnan([told.highest_held_midi, told.longest_midi]).all()
    assert (told.longest_s, told.notes_per_s, told.phrase_s, told.leap_semitones, told.note_count) == (0, 0, 0, 0, 0)


def test_a_transposed_recording_moves_its_pitches_and_nothing_else() -> None:
    rng = np.random.default_rng(3)
    notes = [(float(pitch), 0.4) for pitch in rng.integers(55, 65, 30)]

    here = measure_sung_notes(track(notes, 0.3))
    there = measure_sung_notes(track([(pitch + 3.0, length) for pitch, length in notes], 0.3))

    assert there.highest_held_midi - here.highest_held_midi == pytest.approx(3.0, abs=TOLERANCE_SEMITONES)
    assert (there.note_count, there.longest_s, there.phrase_s) == (here.note_count, here.longest_s, here.phrase_s)
    assert there.leap_semitones == pytest.approx(here.leap_semitones, abs=TOLERANCE_SEMITONES)


def test_synthetic_singing_is_told_by_the_shipped_tracker_as_it_was_composed() -> None:
    rng = np.random.default_rng([5, 2])
    voice = draw_singer(rng)
    melody = compose_melody(rng, voice.centre_midi, 20.0, tempo_bpm=100.0)
    sound = sing(voice, melody, SAMPLE_RATE, rng)

    told = measure_sung_notes(MelodyEncoder.load().analyse([sound.waveform[0]])[0].pitch)

    held = max(note.midi_pitch for note in melody.notes if note.duration_s >= 0.5)
    assert told.highest_held_midi == pytest.approx(held, abs=0.5)
    assert told.note_count == pytest.approx(len(melody.notes), rel=0.2)
