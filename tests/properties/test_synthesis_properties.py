"""What holds for every synthetic singer and every composed melody."""

import numpy as np
import pytest
import pyworld
from hypothesis import given, settings
from hypothesis import strategies as st

from singalike.audio.pitch import hz_to_midi
from singalike.audio.sound import Sound
from singalike.audio.synthesis import SCALES, Melody, Note, compose_melody, draw_singer, sing
from singalike.audio.synthesis.composing import _REACH

PITCH_TOLERANCE_CENTS = 12.0
seeds = st.integers(0, 10_000)


def median_midi(sound: Sound, start_s: float, end_s: float) -> float:
    part = sound.cut(start_s, end_s).waveform[0].astype(np.float64)
    f0_hz, _ = pyworld.harvest(part, sound.sample_rate, f0_floor=60.0, f0_ceil=1100.0)
    return float(np.median(hz_to_midi(f0_hz[f0_hz > 0])))


@settings(max_examples=8)
@given(seed=seeds, semitones=st.integers(-5, 7))
def test_a_melody_n_semitones_higher_has_an_f0_100_n_cents_higher(seed: int, semitones: int) -> None:
    voice = draw_singer(np.random.default_rng(seed))
    melody = Melody((Note(voice.centre_midi, 0.1, 0.9, "a"),), 1.1)

    low = sing(voice, melody, rng=np.random.default_rng(seed))
    high = sing(voice, melody.transposed(semitones), rng=np.random.default_rng(seed))
    moved_cents = 100.0 * (median_midi(high, 0.3, 0.95) - median_midi(low, 0.3, 0.95))

    assert moved_cents == pytest.approx(100.0 * semitones, abs=PITCH_TOLERANCE_CENTS)


@settings(max_examples=20)
@given(seed=seeds, seconds=st.floats(1.0, 8.0), scale=st.sampled_from(sorted(SCALES)), tempo=st.floats(60.0, 150.0))
def test_every_singer_can_sing_every_melody(seed: int, seconds: float, scale: str, tempo: float) -> None:
    rng = np.random.default_rng(seed)
    voice = draw_singer(rng)

    melody = compose_melody(rng, voice.centre_midi, seconds, scale, tempo)
    sound = sing(voice, melody, rng=rng)

    assert all(abs(note.midi_pitch - voice.centre_midi) <= _REACH for note in melody.notes)
    assert np.isfinite(sound.waveform).all()
    assert 0.01 < np.abs(sound.waveform).max() < 1.0
    assert sound.duration_s == pytest.approx(seconds, abs=1e-4)


@settings(max_examples=30)
@given(seed=seeds)
def test_drawn_singers_stay_within_what_a_body_allows(seed: int) -> None:
    voice = draw_singer(np.random.default_rng(seed))

    assert 12.0 < voice.tract_cm < 19.0
    assert 40.0 < voice.centre_midi < 75.0
    assert 0.0 < voice.open_quotient < 1.0
    assert 0.5 < voice.asymmetry < 1.0
