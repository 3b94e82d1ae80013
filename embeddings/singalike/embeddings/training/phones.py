"""What a phone, a laptop or a cheap microphone in a furnished room makes of a voice.

Echoes of single walls and a tail that loses its treble first, a microphone of a few resonances, a gain that follows
the level, hum and hiss. The evaluation's own change of rooms (`evaluation.conditions`) is another one, on purpose: an
encoder that trained on the very transform of a test knows that test.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, lfilter, sosfilt

from singalike.embeddings.training.generator import SAMPLE_RATE, at_level

_NYQUIST_HZ = SAMPLE_RATE / 2


def by_phone(waveform: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Record a clip with a drawn device in a drawn room.

    Args:
        waveform: float32 (samples,) at 16 000 Hz.
        rng: Source of all chance.

    Returns:
        float32 (samples,), the voice where it was, root mean square as of every generated clip.
    """
    samples = len(waveform)
    sound = waveform.astype(np.float64)
    if rng.random() < 0.75:
        sound = fftconvolve(sound, _walls(rng))[:samples]
    noise = _noise(samples, rng)
    sound = sound + noise * _level(sound) * 10 ** (-rng.uniform(12.0, 45.0) / 20)
    return at_level(_levelled(_microphone(sound, rng), rng))


def _walls(rng: Generator) -> NDArray[np.float64]:
    """Direct sound, 2 to 12 echoes within 40 ms and a tail of 0.1 to 0.7 s in two bands, (samples,)."""
    decay_s, share = rng.uniform(0.1, 0.7), rng.uniform(0.02, 0.7)
    time_s = np.arange(round(decay_s * SAMPLE_RATE)) / SAMPLE_RATE
    hiss = rng.standard_normal((2, len(time_s)))
    dull = lfilter([0.25], [1.0, -0.75], hiss[0])
    tail = dull * np.exp(-6.9 * time_s / decay_s) + 0.4 * hiss[1] * np.exp(-6.9 * time_s / (0.4 * decay_s))
    tail *= np.minimum(time_s / 0.02, 1.0) * np.sqrt(share / (np.sum(tail**2) + 1e-12))
    for _ in range(int(rng.integers(2, 13))):
        at = int(rng.uniform(0.001, 0.04) * SAMPLE_RATE)
        tail[at] += rng.choice([-1.0, 1.0]) * rng.uniform(0.05, 0.5) / (1.0 + at / SAMPLE_RATE / 0.01)
    tail[0] += 1.0
    return np.asarray(tail)


def _microphone(sound: NDArray[np.float64], rng: Generator) -> NDArray[np.float64]:
    """Cut the bass, bend the middle by up to four bells of up to 8 dB and cut the treble of one device in three."""
    order, bass_hz = int(rng.integers(1, 3)), np.exp(rng.uniform(np.log(40.0), np.log(300.0)))
    heard = sosfilt(butter(order, bass_hz, "high", fs=SAMPLE_RATE, output="sos"), sound)
    for _ in range(int(rng.integers(1, 5))):
        hz, quality = np.exp(rng.uniform(np.log(150.0), np.log(6_500.0))), rng.uniform(0.5, 3.0)
        heard = lfilter(*_bell(hz, quality, rng.uniform(-8.0, 8.0)), heard)
    if rng.random() < 1 / 3:
        cut_hz = rng.uniform(3_200.0, 0.95 * _NYQUIST_HZ)
        heard = sosfilt(butter(int(rng.integers(2, 7)), cut_hz, fs=SAMPLE_RATE, output="sos"), heard)
    return np.asarray(heard)


def _bell(hz: float, quality: float, gain_db: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Numerator and denominator of a peaking filter.

    Source:
        Bristow-Johnson, Audio EQ cookbook, https://www.w3.org/TR/audio-eq-cookbook/.
    """
    angle = 2 * np.pi * hz / SAMPLE_RATE
    width, gain = np.sin(angle) / (2 * quality), 10 ** (gain_db / 40)
    middle = -2 * np.cos(angle)
    above = np.array([1 + width * gain, middle, 1 - width * gain])
    below = np.array([1 + width / gain, middle, 1 - width / gain])
    return above / below[0], below / below[0]


def _levelled(sound: NDArray[np.float64], rng: Generator) -> NDArray[np.float64]:
    """Lift what is soft, as a gain control does, in half of the devices; press the peaks of one in five."""
    if rng.random() < 0.5:
        kept = np.exp(-1.0 / (rng.uniform(0.02, 0.3) * SAMPLE_RATE))
        power = lfilter([1.0 - kept], [1.0, -kept], sound**2)
        sound = sound * (power + 1e-3 * power.max() + 1e-12) ** (-0.5 * rng.uniform(0.1, 0.6))
    if rng.random() < 0.2:
        sound = np.tanh(sound / _level(sound) * rng.uniform(0.2, 0.8))
    return sound


def _noise(samples: int, rng: Generator) -> NDArray[np.float64]:
    """Hiss of a drawn colour that swells and fades, with hum of the mains under one in four; unit power."""
    memory = rng.uniform(0.0, 0.98)
    hiss = lfilter([1.0], [1.0, -memory], rng.standard_normal(samples))
    time_s = np.arange(samples) / SAMPLE_RATE
    hiss *= 1.0 + rng.uniform(0.0, 0.8) * np.sin(2 * np.pi * rng.uniform(0.1, 4.0) * time_s + rng.uniform(0, 6.28))
    noise = hiss / _level(hiss)
    if rng.random() < 0.25:
        mains_hz = 2 * np.pi * float(rng.choice([50.0, 60.0])) * time_s
        hum = sum(np.sin(k * mains_hz + rng.uniform(0, 6.28)) * rng.uniform(0.1, 1.0) / k for k in range(1, 9))
        noise = noise + hum / _level(np.asarray(hum)) * rng.uniform(0.2, 1.5)
    return np.asarray(noise / _level(noise))


def _level(sound: NDArray[np.float64]) -> float:
    """Root mean square, never zero."""
    return float(np.sqrt(np.mean(sound**2)) + 1e-12)
