"""What stands between a voice and its recording: a room, an accompaniment, noise, colour and level."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import fft
from scipy.signal import fftconvolve

from singalike.embeddings.training.note_lines import NoteLine
from singalike.embeddings.training.recorded_voices import SAMPLE_RATE

_CHORDS = ((0, 4, 7), (0, 3, 7), (0, 4, 7, 11), (0, 3, 7, 10), (0, 5, 7))


def colour(voice: NDArray[np.float32], line: NoteLine, rng: Generator) -> NDArray[np.float32]:
    """Record a voice of unit power in an invented place.

    Args:
        voice: float32 (samples,), root mean square 1.
        line: What is sung, for chords that go with it.
        rng: Source of all chance.

    Returns:
        float32 (samples,), root mean square between -35 and -12 dB of full scale.
    """
    sound = _room(voice, rng) if rng.random() < 0.6 else voice
    if rng.random() < 0.65:
        sound = sound + 10 ** (rng.uniform(-26.0, -7.0) / 20) * accompaniment(line, len(voice), rng)
    sound = sound + 10 ** (rng.uniform(-60.0, -18.0) / 20) * _noise(len(voice), rng)
    sound = _filter(sound, rng)
    if rng.random() < 0.2:
        sound = np.tanh(rng.uniform(0.3, 1.0) * sound)
    level = 10 ** (rng.uniform(-35.0, -12.0) / 20)
    return np.asarray(sound * (level / (np.sqrt(np.mean(sound**2)) + 1e-9)), dtype=np.float32)


def accompaniment(line: NoteLine, samples: int, rng: Generator) -> NDArray[np.float32]:
    """Play chords that hold the sung note, plucked or sustained, sometimes with a beat; unit root mean square."""
    sound = np.zeros(samples, dtype=np.float32)
    chord_s, decay_s = rng.uniform(0.4, 2.5), float(rng.choice([0.25, 0.8, 10.0]))
    brightness = rng.uniform(0.2, 0.85)
    for first in range(0, samples, int(chord_s * SAMPLE_RATE)):
        count = min(int(chord_s * SAMPLE_RATE), samples - first)
        time_s = (np.arange(count) / SAMPLE_RATE).astype(np.float32)
        envelope = np.exp(-time_s / decay_s) * np.minimum(time_s / 0.01, 1.0)
        for midi_pitch in _chord(line, first / SAMPLE_RATE, rng):
            sound[first : first + len(time_s)] += envelope * _tone(midi_pitch, time_s, brightness, rng)
        if rng.random() < 0.3:
            sound[first : first + len(time_s)] += np.exp(-time_s / 0.04) * rng.standard_normal(
                len(time_s), dtype=np.float32
            )
    return np.asarray(sound / (np.sqrt(np.mean(sound**2)) + 1e-9), dtype=np.float32)


def _chord(line: NoteLine, time_s: float, rng: Generator) -> list[float]:
    """A chord that holds the note sung at a moment, with a bass, as MIDI pitches."""
    index = max(int(np.searchsorted(line.start_s, time_s, side="right")) - 1, 0)
    sung = line.midi_pitch[index] if len(line.midi_pitch) else 60.0
    degrees = _CHORDS[int(rng.integers(0, len(_CHORDS)))]
    root = (sung - degrees[int(rng.integers(0, len(degrees)))]) % 12
    octave = 12 * int(rng.integers(4, 6))
    return [root + 36.0 + 12 * int(rng.integers(0, 2)), *(root + octave + degree for degree in degrees)]


def _tone(midi_pitch: float, time_s: NDArray[np.float32], brightness: float, rng: Generator) -> NDArray[np.float32]:
    """Sum b^k sin(k x) over all harmonics, in closed form: b sin x / (1 - 2 b cos x + b^2)."""
    phase = (2 * np.pi * 440.0 * 2 ** ((midi_pitch - 69.0) / 12.0)) * time_s + rng.uniform(0, 6.28)
    turned = np.exp(1j * phase.astype(np.float64)).astype(np.complex64)
    tone = brightness * turned.imag / (1 - 2 * brightness * turned.real + brightness**2)
    return np.asarray(rng.uniform(0.4, 1.0) * tone, dtype=np.float32)


def _room(voice: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    decay_s = rng.uniform(0.1, 0.9)
    time_s = np.arange(int(decay_s * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal(len(time_s)) * np.exp(-6.9 * time_s / decay_s)
    tail *= 10 ** (rng.uniform(-22.0, -4.0) / 20) / np.sqrt(np.sum(tail**2))
    tail[0] += 1.0
    return np.asarray(fftconvolve(voice, tail.astype(np.float32))[: len(voice)], dtype=np.float32)


def _noise(samples: int, rng: Generator) -> NDArray[np.float32]:
    """Noise of unit power whose spectrum falls by 0 to 6 dB an octave."""
    spectrum = fft.rfft(rng.standard_normal(samples, dtype=np.float32))
    spectrum *= np.maximum(np.arange(len(spectrum)) / samples * SAMPLE_RATE, 30.0) ** -rng.uniform(0.0, 1.0)
    noise = fft.irfft(spectrum, samples)
    return np.asarray(noise / (noise.std() + 1e-9), dtype=np.float32)


def _filter(sound: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Tilt and bend the spectrum as microphones do, and cut it above where some codecs do."""
    spectrum = fft.rfft(sound)
    hz = np.linspace(0.0, SAMPLE_RATE / 2, len(spectrum))
    octaves = np.log2(np.maximum(hz, 50.0) / 500.0)
    decibels = rng.normal(0, 1.5) * octaves + rng.uniform(0, 6) * np.sin(
        octaves * rng.uniform(0.5, 2) + rng.uniform(0, 6)
    )
    decibels -= np.where(hz < rng.uniform(20, 140), 24.0, 0.0)
    if rng.random() < 0.3:
        decibels -= np.where(hz > rng.uniform(3300, 8000), 60.0, 0.0)
    return np.asarray(fft.irfft(spectrum * 10 ** (decibels / 20), len(sound)), dtype=np.float32)
