"""Composed melodies, accompaniment, rooms and mixtures."""

import numpy as np
import pytest

from singalike.audio.sound import Sound
from singalike.audio.synthesis import STYLES, accompany, add_noise, compose_chords, compose_melody, mix, room
from singalike.audio.synthesis.mixing import active_rms
from singalike.errors import InvalidInputError

LEVEL_TOLERANCE_DB = 0.1


def tone(level: float, seconds: float = 2.0, hz: float = 220.0) -> Sound:
    times_s = np.arange(round(seconds * 24_000)) / 24_000
    return Sound((level * np.sin(2.0 * np.pi * hz * times_s)).astype(np.float32)[None, :], 24_000)


def test_the_same_seed_composes_the_same_melody() -> None:
    first, again, other = (compose_melody(np.random.default_rng(seed), 60.0, 20.0) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_a_melody_leaves_a_breath_after_every_phrase() -> None:
    melody = compose_melody(np.random.default_rng(3), 60.0, 24.0, tempo_bpm=90.0)

    rests = [after.start_s - before.end_s for before, after in zip(melody.notes, melody.notes[1:], strict=False)]

    assert sum(rest > 0.3 for rest in rests) >= 3


def test_a_melody_repeats_itself() -> None:
    melody = compose_melody(np.random.default_rng(4), 60.0, 40.0, tempo_bpm=100.0)

    rhythm = [round(note.duration_s, 3) for note in melody.notes]
    fours = [tuple(rhythm[index : index + 4]) for index in range(len(rhythm) - 3)]

    assert len(set(fours)) < 0.6 * len(fours)


def test_notes_on_strong_beats_belong_to_the_chord() -> None:
    chords = compose_chords(np.random.default_rng(5), 20.0, 2, "minor", 100.0)

    melody = compose_melody(np.random.default_rng(5), 62.0, 20.0, "minor", 100.0, 2, chords)

    first = melody.notes[0]
    if first.duration_s >= 0.55:
        assert first.midi_pitch % 12 in chords[0].pitch_classes
    assert chords[-1].start_s + chords[-1].duration_s == pytest.approx(20.0)


@pytest.mark.parametrize("style", sorted(STYLES))
def test_every_style_plays_for_as_long_as_its_chords(style: str) -> None:
    chords = compose_chords(np.random.default_rng(0), 9.0, 0, "minor", 110.0, STYLES[style].sevenths)

    sound = accompany(chords, style, 110.0, np.random.default_rng(1))
    again = accompany(chords, style, 110.0, np.random.default_rng(1))

    assert sound.waveform.shape == (2, 9 * 24_000)
    assert np.isfinite(sound.waveform).all()
    assert np.abs(sound.waveform).max() < 1.0
    assert sound.waveform.tobytes() == again.waveform.tobytes()


@pytest.mark.parametrize("wanted_db", [-6.0, 0.0, 9.0])
def test_a_mixture_has_the_asked_balance(wanted_db: float) -> None:
    vocal, backing = tone(0.05), tone(0.3, hz=330.0)

    mixture = mix(vocal, backing, wanted_db)

    spectrum = np.abs(np.fft.rfft(mixture.waveform[0]))
    balance_db = 20.0 * np.log10(spectrum[440] / spectrum[660])
    assert balance_db == pytest.approx(wanted_db, abs=LEVEL_TOLERANCE_DB)


def test_a_mixture_never_clips() -> None:
    mixture = mix(tone(0.9), tone(0.9), 0.0)

    assert np.abs(mixture.waveform).max() <= 0.951


def test_mixing_two_sample_rates_is_refused() -> None:
    with pytest.raises(InvalidInputError) as refused:
        mix(tone(0.1), Sound(np.zeros((1, 100), np.float32), 16_000))

    assert refused.value.reason == "SAMPLE_RATES_DIFFER"


def test_a_room_keeps_length_and_level() -> None:
    dry = tone(0.1)

    wet = room(dry, np.random.default_rng(0))

    assert wet.waveform.shape == dry.waveform.shape
    assert not np.array_equal(wet.waveform, dry.waveform)
    assert np.std(wet.waveform) == pytest.approx(np.std(dry.waveform), rel=0.01)


def test_noise_has_the_asked_distance() -> None:
    clean = tone(0.1)

    noisy = add_noise(clean, np.random.default_rng(0), 20.0)

    noise = noisy.waveform - clean.waveform
    assert 20.0 * np.log10(active_rms(clean) / np.std(noise)) == pytest.approx(20.0, abs=LEVEL_TOLERANCE_DB)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (lambda: compose_melody(np.random.default_rng(0), 60.0, 10.0, "klingon"), "SCALE_UNKNOWN"),
        (lambda: compose_chords(np.random.default_rng(0), 10.0, 0, "klingon"), "SCALE_UNKNOWN"),
        (lambda: compose_melody(np.random.default_rng(0), 60.0, 0.2), "MELODY_TOO_SHORT"),
        (lambda: accompany((), "pop", 100.0, np.random.default_rng(0)), "CHORDS_EMPTY"),
        (lambda: accompany((), "polka", 100.0, np.random.default_rng(0)), "STYLE_UNKNOWN"),
    ],
)
def test_what_cannot_be_played_is_refused(call: object, reason: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        call()  # type: ignore[operator]

    assert refused.value.reason == reason
