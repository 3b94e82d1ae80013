"""Periods of a voice, found by the phase of its fundamental and laid at other distances."""

import numpy as np
import pytest

from singalike.audio.sound import Sound
from singalike.conversion.world_retrieval.pitch_shift import period_marks, with_moved_pitch

RATE, HOP_S = 24_000, 0.005
FRAMES = 200
VIBRATO_HZ = 5.5


def sung(f0_hz: np.ndarray) -> Sound:
    """Sing ten harmonics of a pitch that is given for every sample."""
    phase = 2.0 * np.pi * np.cumsum(f0_hz) / RATE
    waveform = sum(np.cos(number * phase + number) / number for number in range(1, 11))
    return Sound((0.1 * np.asarray(waveform))[None].astype(np.float32), RATE)


def vibrato(centre_hz: float) -> tuple[Sound, np.ndarray]:
    """Sing a second with vibrato; return the sound and its pitch every 5 ms."""
    times_s = np.arange(FRAMES * round(HOP_S * RATE)) / RATE
    f0_hz = centre_hz * np.exp2(0.5 / 12.0 * np.sin(2.0 * np.pi * VIBRATO_HZ * times_s))
    return sung(f0_hz), f0_hz[:: round(HOP_S * RATE)].astype(np.float32)


@pytest.mark.parametrize("centre_hz", [110.0, 400.0])
def test_marks_lie_one_period_apart_although_the_tracked_pitch_is_a_little_off(centre_hz: float) -> None:
    sound, f0_hz = vibrato(centre_hz)

    marks = period_marks(sound.waveform[0], f0_hz * np.float32(1.005), HOP_S * RATE, RATE)

    middles = (marks[1:] + marks[:-1]) / 2.0
    wanted = RATE / np.interp(middles / (HOP_S * RATE), np.arange(FRAMES), f0_hz)
    inside = (middles > 2_000) & (middles < len(sound.waveform[0]) - 2_000)
    assert len(marks) == pytest.approx(centre_hz, abs=2)
    np.testing.assert_allclose(np.diff(marks)[inside], wanted[inside], rtol=0.01)


def test_a_silent_or_unvoiced_sound_has_no_marks_and_stays_what_it_is() -> None:
    noise = np.random.default_rng(0).standard_normal(RATE // 2).astype(np.float32)
    unvoiced = np.zeros(100, dtype=np.float32)

    moved = with_moved_pitch(Sound(noise[None], RATE), unvoiced, HOP_S, -3.0)

    assert len(period_marks(noise, unvoiced, HOP_S * RATE, RATE)) == 0
    np.testing.assert_allclose(moved[500:-500], noise[500:-500], atol=0.05)


@pytest.mark.parametrize("semitones", [-12.0, -3.0, 4.0])
def test_harmonics_lie_where_the_new_pitch_puts_them_and_nowhere_else(semitones: float) -> None:
    f0_hz = 371.3
    sound = sung(np.full(RATE, f0_hz))

    moved = with_moved_pitch(sound, np.full(201, f0_hz, dtype=np.float32), HOP_S, semitones)

    power = np.abs(np.fft.rfft(moved[:RATE] * np.hanning(RATE))) ** 2
    new_hz = f0_hz * 2.0 ** (semitones / 12.0)
    distance = np.abs((np.arange(len(power)) + new_hz / 2) % new_hz - new_hz / 2)
    assert power[distance > 20.0].sum() < 1e-3 * power.sum()
