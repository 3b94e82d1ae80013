"""What studios and rooms do to voices and bands, drawn at random: equaliser, room, place, saturation, compressor."""

import numpy as np
import soxr
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import fft
from scipy.signal import lfilter

from singalike.embeddings.training.generator import SAMPLE_RATE

Waveform = NDArray[np.float32]

_PART_S = 0.05


def loudness(sound: Waveform) -> float:
    """Return the level of the loud parts of (channels, samples): pauses do not count, and a click does not either."""
    part = round(_PART_S * SAMPLE_RATE)
    whole = sound.shape[-1] // part * part
    powers = np.square(sound[:, :whole]).mean(axis=0).reshape(-1, part).mean(axis=1)
    return float(np.sqrt(max(np.percentile(powers, 80), 0.1 * powers.max()))) + 1e-7


def levelled(sound: Waveform) -> Waveform:
    """Bring (channels, samples) to a loudness of one."""
    return sound / np.float32(loudness(sound))


def decibels(level_db: float) -> np.float32:
    """Return the factor of a level."""
    return np.float32(10 ** (level_db / 20))


def filtered(sound: Waveform, gain: Waveform) -> Waveform:
    """Weigh the spectrum of (channels, samples) by a gain (size / 2 + 1,), for an even size of at least as many."""
    size = 2 * (len(gain) - 1)
    return np.asarray(fft.irfft(fft.rfft(sound, size) * gain, size)[:, : sound.shape[-1]], dtype=np.float32)


def random_curve(samples: int, strength: float, rng: Generator) -> Waveform:
    """Draw an equaliser's gain for `filtered`: a tilt and up to three wide peaks or dips."""
    octaves = np.log2(np.maximum(_bins_hz(samples), 40.0) / 600.0)
    curve_db = rng.normal(0.0, 1.6) * octaves
    for _ in range(int(rng.integers(0, 4))):
        distance = (octaves - rng.uniform(-3.5, 3.5)) / rng.uniform(0.3, 1.5)
        curve_db = curve_db + rng.normal(0.0, 5.0) * np.exp(-0.5 * np.square(distance))
    return np.asarray(10 ** (strength * curve_db / 20), dtype=np.float32)


def equalised(sound: Waveform, rng: Generator, strength: float = 1.0) -> Waveform:
    """Send (channels, samples) through an equaliser; strength 1 is as bold as on a single track."""
    return filtered(sound, random_curve(sound.shape[-1], strength, rng))


def low_passed(sound: Waveform, cutoff_hz: float) -> Waveform:
    """End the band of (channels, samples) as steeply as codecs do."""
    return filtered(sound, np.asarray(1 / (1 + (_bins_hz(sound.shape[-1]) / cutoff_hz) ** 24), dtype=np.float32))


def in_a_room(sound: Waveform, longest_s: float, level_db: tuple[float, float], rng: Generator) -> Waveform:
    """Add a diffuse tail to (2, samples), mostly another one for either channel."""
    samples = sound.shape[-1]
    decay_s, delay = rng.uniform(0.15, longest_s), int(rng.uniform(0.0, 0.06) * SAMPLE_RATE)
    time_s = np.arange(int(decay_s * SAMPLE_RATE)) / SAMPLE_RATE
    damping = rng.uniform(0.05, 0.8)
    noise = rng.standard_normal((2, len(time_s))) * np.exp(-6.9 * time_s / decay_s)
    tail = lfilter([1.0 - damping], [1.0, -damping], noise, axis=1)
    if rng.random() < 0.3:
        tail[1] = tail[0]
    tail = tail / np.sqrt(np.square(tail).sum(axis=1, keepdims=True))
    size = fft.next_fast_len(samples + len(time_s), real=True)
    wet = fft.irfft(fft.rfft(sound, size) * fft.rfft(tail.astype(np.float32), size), size)[:, : samples - delay]
    wet = np.pad(wet, ((0, 0), (delay, 0)))
    return np.asarray(sound + decibels(rng.uniform(*level_db)) * wet, dtype=np.float32)


def with_echo(sound: Waveform, rng: Generator) -> Waveform:
    """Repeat (channels, samples) once, later and quieter."""
    delay = int(rng.uniform(0.1, 0.5) * SAMPLE_RATE)
    repeated = np.pad(sound[:, :-delay], ((0, 0), (delay, 0)))
    return sound + np.float32(rng.uniform(0.1, 0.4)) * repeated


def saturated(sound: Waveform, rng: Generator) -> Waveform:
    """Bend the peaks of (channels, samples) as tape and amplifiers do."""
    drive = np.float32(rng.uniform(0.15, 1.0) / loudness(sound))
    return np.asarray(np.tanh(drive * sound) / drive, dtype=np.float32)


def compressor_gain(sound: Waveform, rng: Generator) -> Waveform:
    """Return the gain, (samples,), of a slow compressor that hears (channels, samples)."""
    held = np.exp(-1.0 / (SAMPLE_RATE * rng.uniform(0.01, 0.2)))
    envelope = lfilter([1.0 - held], [1.0, -held], np.abs(sound).max(axis=0)) + 1e-2
    return np.asarray(envelope ** -rng.uniform(0.1, 0.6), dtype=np.float32)


def placed(mono: Waveform, place: float) -> Waveform:
    """Put (1, samples) somewhere between left (-1) and right (1), (2, samples)."""
    angle = (place + 1.0) * np.pi / 4
    gains = np.sqrt(2.0) * np.array([[np.cos(angle)], [np.sin(angle)]])
    return np.asarray(gains * mono, dtype=np.float32)


def widened(stereo: Waveform, width: float) -> Waveform:
    """Weigh the side of (2, samples)."""
    middle, side = stereo.mean(axis=0), np.float32(0.5 * width) * (stereo[0] - stereo[1])
    return np.stack([middle + side, middle - side])


def played_faster(sound: Waveform, factor: float, samples: int) -> Waveform:
    """Play (channels, some) faster by a factor, which raises pitch and formants by it; silence follows its end."""
    if factor != 1.0:
        sound = soxr.resample(sound.T, SAMPLE_RATE * factor, SAMPLE_RATE, quality="LQ").T
    cut = sound[:, :samples]
    return np.asarray(np.pad(cut, ((0, 0), (0, samples - cut.shape[-1]))), dtype=np.float32)


def coloured_noise(samples: int, rng: Generator) -> Waveform:
    """Draw noise of unit power, (2, samples), that falls by 0 to 6 dB an octave, the same in both channels or not."""
    hz = _bins_hz(samples)
    shape = (2, 2 * (len(hz) - 1))
    spectrum = fft.rfft(rng.standard_normal(shape, dtype=np.float32)) * np.maximum(hz, 40.0) ** -rng.uniform(0.0, 1.0)
    noise = fft.irfft(spectrum, shape[1])[:, :samples]
    if rng.random() < 0.5:
        noise[1] = noise[0]
    return np.asarray(noise / (noise.std() + 1e-9), dtype=np.float32)


def _bins_hz(samples: int) -> NDArray[np.float64]:
    """Frequencies of the transform of the next quick even size."""
    size = int(fft.next_fast_len(samples, real=True))
    size += size % 2
    return np.arange(size // 2 + 1, dtype=np.float64) * (SAMPLE_RATE / size)
