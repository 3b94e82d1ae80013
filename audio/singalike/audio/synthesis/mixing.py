"""Put a voice into a room and onto its accompaniment."""

import numpy as np
import scipy.signal
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.audio.sound import Sound
from singalike.errors import InvalidInputError

PEAK = 0.95
"""Highest sample that a mixture reaches."""

_WINDOW_S = 0.05
_ACTIVE_DB = 30.0


def active_rms(sound: Sound) -> float:
    """Measure the RMS of the parts of a sound that are at most 30 dB below its loudest part."""
    mono = sound.mono().waveform[0].astype(np.float64)
    length = max(round(_WINDOW_S * sound.sample_rate), 1)
    power = np.mean(mono[: max(len(mono) // length, 1) * length].reshape(-1, min(length, len(mono))) ** 2, axis=1)
    active = power >= power.max() * 10.0 ** (-_ACTIVE_DB / 10.0)
    return float(np.sqrt(power[active].mean()))


def mix(vocal: Sound, backing: Sound, voice_to_backing_db: float = 3.0) -> Sound:
    """Lay a voice over its accompaniment.

    Args:
        vocal: Mono or stereo.
        backing: Same sample rate; the result has its channels when the vocal is mono.
        voice_to_backing_db: Level of the voice over the accompaniment where both sound, in dB.

    Returns:
        The mixture, as long as the longer of the two, peaks at most `PEAK`.

    Raises:
        InvalidInputError: SAMPLE_RATES_DIFFER.
    """
    if vocal.sample_rate != backing.sample_rate:
        raise InvalidInputError("SAMPLE_RATES_DIFFER", "resample the vocal or the backing first")
    gain = active_rms(vocal) / max(active_rms(backing), 1e-9) * 10.0 ** (-voice_to_backing_db / 20.0)
    channels = max(vocal.channels, backing.channels)
    samples = max(vocal.waveform.shape[1], backing.waveform.shape[1])
    total = np.zeros((channels, samples), dtype=np.float32)
    total[:, : vocal.waveform.shape[1]] += vocal.waveform
    total[:, : backing.waveform.shape[1]] += np.float32(gain) * backing.waveform
    peak = float(np.abs(total).max())
    return Sound(total * np.float32(min(1.0, PEAK / max(peak, 1e-9))), vocal.sample_rate)


def room(sound: Sound, rng: Generator, decay_s: float | None = None, wet_db: float | None = None) -> Sound:
    """Let a sound be heard in a room: a few early reflections and a tail of decaying noise.

    Args:
        sound: Any channels; all get the same room.
        rng: Source of randomness.
        decay_s: Time for 60 dB, drawn between 0.15 and 0.8 s when None.
        wet_db: Energy of the room's answer over the direct sound, drawn between -22 and -9 dB when None.

    Returns:
        As long as `sound`, same RMS, peaks at most `PEAK`.
    """
    decay_s = float(rng.uniform(0.15, 0.8)) if decay_s is None else decay_s
    wet_db = float(rng.uniform(-22.0, -9.0)) if wet_db is None else wet_db
    answer = _room_answer(decay_s, wet_db, sound.sample_rate, rng)
    wet = scipy.signal.oaconvolve(sound.waveform, answer[None, :], axes=1)[:, : sound.waveform.shape[1]]
    before, after = (float(np.sqrt(np.mean(part**2))) for part in (sound.waveform, wet))
    wet = wet * (before / max(after, 1e-9))
    peak = float(np.abs(wet).max())
    return Sound((wet * min(1.0, PEAK / max(peak, 1e-9))).astype(np.float32), sound.sample_rate)


def add_noise(sound: Sound, rng: Generator, signal_to_noise_db: float) -> Sound:
    """Add the hiss and hum of a plain microphone: pink noise below the voice.

    Args:
        sound: Any channels.
        rng: Source of randomness.
        signal_to_noise_db: Level of the active parts over the noise, in dB.
    """
    samples = sound.waveform.shape[1]
    bins = np.fft.rfft(rng.normal(size=samples))
    bins[1:] /= np.sqrt(np.arange(1.0, len(bins)))
    bins[0] = 0.0
    noise = np.fft.irfft(bins, samples)
    noise *= active_rms(sound) * 10.0 ** (-signal_to_noise_db / 20.0) / max(float(np.std(noise)), 1e-12)
    return Sound(np.clip(sound.waveform + noise[None, :], -1.0, 1.0).astype(np.float32), sound.sample_rate)


def _room_answer(decay_s: float, wet_db: float, sample_rate: int, rng: Generator) -> NDArray[np.float64]:
    times_s = np.arange(round(1.1 * decay_s * sample_rate)) / sample_rate
    # 60 dB in decay_s is a factor of 1000 in amplitude.
    tail = rng.normal(size=len(times_s)) * np.exp(-np.log(1000.0) * times_s / decay_s) * (times_s > 0.012)
    for _ in range(6):
        delay = int(rng.uniform(0.003, 0.03) * sample_rate)
        tail[min(delay, len(tail) - 1)] += rng.choice((-1.0, 1.0)) * rng.uniform(2.0, 8.0)
    tail *= np.sqrt(10.0 ** (wet_db / 10.0) / np.sum(tail**2))
    tail[0] += 1.0
    return np.asarray(tail)
