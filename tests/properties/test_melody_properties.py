"""What holds for the melody encoder whatever is sung."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from singalike.embeddings.melody import SAMPLE_RATE, MelodyEncoder

TUNE = (60, 62, 64, 60, 67, 65, 64, 62, 60, 64, 69, 67, 65, 62, 64, 60)
PITCH_TOLERANCE_CENTS = 20.0
BATCH_TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def encoder() -> MelodyEncoder:
    return MelodyEncoder.load()


def tone(midi_pitch: np.ndarray, note_s: float = 0.4) -> np.ndarray:
    """Sing notes with a falling spectrum and one formant, float32 at 16 kHz, with a little noise."""
    f0_hz = np.repeat(440.0 * 2 ** ((midi_pitch - 69.0) / 12.0), round(note_s * SAMPLE_RATE))
    phase = 2 * np.pi * np.cumsum(f0_hz) / SAMPLE_RATE
    sound = np.zeros(len(phase))
    for harmonic in range(1, 30):
        hz = harmonic * f0_hz
        strength = (1.0 / harmonic) * (1.0 + 3.0 * np.exp(-0.5 * ((hz - 700.0) / 300.0) ** 2))
        sound += np.where(hz < 7_600.0, strength, 0.0) * np.sin(harmonic * phase)
    noise = np.random.default_rng(0).normal(0.0, 0.001, len(sound))
    return (0.1 * sound + noise).astype(np.float32)


def median_cents(encoder: MelodyEncoder, midi_pitch: float) -> float:
    heard = encoder.analyse([tone(np.array([midi_pitch]), 1.2)])[0].pitch.midi_pitch
    return 100.0 * float(np.nanmedian(heard[10:-10]))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(base=st.floats(46.0, 60.0), semitones=st.integers(-5, 14))
def test_n_semitones_move_f0_by_100_n_cents(encoder: MelodyEncoder, base: float, semitones: int) -> None:
    moved = median_cents(encoder, base + semitones) - median_cents(encoder, base)

    assert moved == pytest.approx(100.0 * semitones, abs=PITCH_TOLERANCE_CENTS)


@pytest.mark.parametrize("semitones", [-9, -3, 4, 7])
def test_the_melody_vector_of_a_transposed_rendition_stays_close(encoder: MelodyEncoder, semitones: int) -> None:
    tune = np.array(TUNE, dtype=np.float64) - 2.0
    other = np.array(TUNE[::-1], dtype=np.float64)[np.random.default_rng(1).permutation(len(TUNE))] - 2.0

    here, there, elsewhere = (
        encoder.embed(f) for f in encoder.analyse([tone(tune), tone(tune + semitones), tone(other)])
    )

    assert float(here @ there) > 0.85
    assert float(here @ there) > float(here @ elsewhere) + 0.3


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(semitones=st.floats(-24.0, 24.0))
def test_moving_the_pitch_track_changes_no_vector_and_no_step(encoder: MelodyEncoder, semitones: float) -> None:
    heard = encoder.analyse([tone(np.array(TUNE, dtype=np.float64))])[0]
    moved_hz = heard.pitch.f0_hz.astype(np.float64) * 2.0 ** (semitones / 12.0)
    moved = replace(heard, pitch=replace(heard.pitch, f0_hz=moved_hz))

    np.testing.assert_allclose(encoder.embed(moved), encoder.embed(heard), atol=BATCH_TOLERANCE)
    np.testing.assert_allclose(encoder.describe(moved), encoder.describe(heard), atol=10 * BATCH_TOLERANCE)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(gain_db=st.floats(-30.0, 12.0))
def test_a_gain_changes_no_melody(encoder: MelodyEncoder, gain_db: float) -> None:
    sound = tone(np.array(TUNE, dtype=np.float64))
    louder = (sound * 10 ** (gain_db / 20)).astype(np.float32)

    plain, gained = (encoder.embed(frames) for frames in encoder.analyse([sound, louder]))

    assert float(plain @ gained) > 0.999


def test_a_recording_gives_the_same_alone_and_among_others(encoder: MelodyEncoder) -> None:
    rng = np.random.default_rng(2)
    sounds = [tone(rng.uniform(48.0, 70.0, notes), 0.31) for notes in (3, 9, 12, 10, 40)]
    sounds += [np.zeros(0, np.float32), np.zeros(5_000, np.float32)]

    together = encoder.analyse(sounds)

    for sound, frames in zip(sounds, together, strict=True):
        alone = encoder.analyse([sound])[0]
        np.testing.assert_allclose(frames.latent, alone.latent, atol=BATCH_TOLERANCE)
        np.testing.assert_allclose(frames.pitch.voicing, alone.pitch.voicing, atol=BATCH_TOLERANCE)
        np.testing.assert_allclose(frames.pitch.f0_hz, alone.pitch.f0_hz, rtol=BATCH_TOLERANCE)
        np.testing.assert_allclose(encoder.embed(frames), encoder.embed(alone), atol=BATCH_TOLERANCE)


def test_the_same_bytes_give_the_same_vector(encoder: MelodyEncoder) -> None:
    sound = tone(np.array(TUNE, dtype=np.float64))

    first, second = (encoder.embed(encoder.analyse([sound])[0]) for _ in range(2))

    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("sound", [np.zeros(0), np.zeros(3), np.zeros(48_000), np.full(48_000, 0.5)])
def test_sound_without_a_voice_has_the_zero_vector(encoder: MelodyEncoder, sound: np.ndarray) -> None:
    frames = encoder.analyse([sound.astype(np.float32)])[0]

    assert frames.pitch.voiced_s == 0.0
    assert not encoder.embed(frames).any()


def test_a_cut_holds_the_frames_between_its_times(encoder: MelodyEncoder) -> None:
    frames = encoder.analyse([tone(np.array(TUNE, dtype=np.float64))])[0]

    part = frames.cut(1.28, 3.84)

    assert part.latent.shape == (40, 32)
    assert len(part.pitch.f0_hz) == 160
    np.testing.assert_array_equal(part.pitch.f0_hz, frames.pitch.f0_hz[80:240])
    assert frames.cut(100.0, 101.0).latent.shape == (0, 32)
