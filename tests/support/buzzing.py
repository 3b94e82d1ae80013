"""Small deterministic voices for tests: a buzz through three formants, no data needed."""

import numpy as np
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack

SAMPLE_RATE = 16_000


def buzzing_voice(
    duration_s: float = 2.0,
    f0_hz: float = 180.0,
    tract: float = 1.0,
    vibrato_semitones: float = 0.0,
    breath: float = 0.02,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Make harmonics shaped by the formants of an open vowel that moves slowly, float32 (samples,).

    Args:
        duration_s: Length in seconds.
        f0_hz: Fundamental frequency.
        tract: Factor on the formants.
        vibrato_semitones: Extent of a vibrato of 5.5 Hz.
        breath: Level of the noise.
        seed: Of the noise.
    """
    time_s = np.arange(round(duration_s * SAMPLE_RATE)) / SAMPLE_RATE
    instant_hz = f0_hz * 2 ** (vibrato_semitones / 12 * np.sin(2 * np.pi * 5.5 * time_s))
    phase = 2 * np.pi * np.cumsum(instant_hz) / SAMPLE_RATE
    sound = np.zeros_like(time_s)
    moving = 1.0 + 0.1 * np.sin(2 * np.pi * 1.3 * time_s)
    for harmonic in range(1, int(7_500 / f0_hz)):
        hz = harmonic * instant_hz
        gain = sum(
            1.0 / (1.0 + ((hz - f * tract * moving) / w) ** 2) for f, w in ((700, 130), (1220, 170), (2600, 250))
        )
        sound += (gain + 0.003) / harmonic**0.5 * np.sin(harmonic * phase)
    noise = np.random.default_rng(seed).normal(size=len(time_s)) * breath
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * 0.7 * time_s) ** 2
    return (0.2 * (sound + noise) * swell).astype(np.float32)


def steady_pitch(duration_s: float = 2.0, f0_hz: float = 180.0, vibrato_semitones: float = 0.0) -> PitchTrack:
    """Make the pitch track of such a voice, hop 10 ms."""
    time_s = np.arange(0.0, duration_s, 0.01)
    f0 = f0_hz * 2 ** (vibrato_semitones / 12 * np.sin(2 * np.pi * 5.5 * time_s))
    return PitchTrack(f0.astype(np.float32), np.ones(len(f0), np.float32), 0.01)
