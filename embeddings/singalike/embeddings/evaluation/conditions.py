"""How a recording is changed before it is heard: not at all, cut, recorded in another place, sung higher."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyworld
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import fft
from scipy.signal import fftconvolve

from singalike.audio.f0 import track_with_dio
from singalike.audio.sound import Sound, Waveform

SAMPLE_RATE = 16_000
_WORLD_HOP_S = 0.005


@dataclass(frozen=True)
class Condition:
    """A named change of a waveform.

    Attributes:
        name: Unique with all parameters and the version of the code: vectors are kept under it.
        change: Takes float32 (samples,) at 16 000 Hz and a generator seeded by the recording, returns the same.
    """

    name: str
    change: Callable[[Waveform, Generator], Waveform]


def _as_it_is(waveform: Waveform, _rng: Generator) -> Waveform:
    return waveform


CLEAN = Condition("clean", _as_it_is)


def middle(seconds: float) -> Condition:
    """Keep so much from the middle of each recording; a shorter one stays whole."""
    return Condition(f"middle-{seconds:g}s", partial(_middle, seconds))


def elsewhere(seed: int = 0) -> Condition:
    """Record each clip in a random room, through a random microphone and with random noise."""
    return Condition(f"elsewhere-1-{seed}", partial(_elsewhere, seed))


def shifted(semitones: float) -> Condition:
    """Resynthesise with the pitch moved and the formants kept; 0 semitones shows what resynthesis alone costs.

    Source:
        Morise et al. 2016, WORLD, https://doi.org/10.1587/transinf.2015EDP7457.
    """
    return Condition(f"shifted-1-{semitones:+g}", partial(_shifted, semitones))


def _middle(seconds: float, waveform: Waveform, _rng: Generator) -> Waveform:
    samples = round(seconds * SAMPLE_RATE)
    start = max((len(waveform) - samples) // 2, 0)
    return waveform[start : start + samples]


def _elsewhere(seed: int, waveform: Waveform, rng: Generator) -> Waveform:
    rng = np.random.default_rng([seed, int(rng.integers(2**32))])
    sound = _equalise(_in_room(waveform, rng), rng)
    signal_to_noise_db = rng.uniform(15.0, 35.0)
    level = np.sqrt(np.mean(np.square(sound))) * 10 ** (-signal_to_noise_db / 20)
    return np.asarray(sound + level * _noise(len(sound), rng), dtype=np.float32)


def _in_room(waveform: Waveform, rng: Generator) -> NDArray[np.float64]:
    """Add a diffuse tail: noise that decays by 60 dB in 0.15 to 0.8 s and begins 5 to 25 ms after the voice."""
    decay_s, delay_s = rng.uniform(0.15, 0.8), rng.uniform(0.005, 0.025)
    time_s = np.arange(round(decay_s * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal(len(time_s)) * 10 ** (-3.0 * time_s / decay_s) * (time_s >= delay_s)
    tail *= 10 ** (rng.uniform(-15.0, 0.0) / 20) / np.sqrt(np.sum(np.square(tail)))
    tail[0] = 1.0
    return np.asarray(fftconvolve(waveform.astype(np.float64), tail)[: len(waveform)])


def _equalise(sound: NDArray[np.float64], rng: Generator) -> NDArray[np.float64]:
    """Tilt by up to 2 dB an octave around 1 kHz and add four bells of up to 6 dB."""
    octaves = np.log2(np.maximum(fft.rfftfreq(len(sound), 1 / SAMPLE_RATE), 40.0) / 1_000.0)
    gain_db = rng.uniform(-2.0, 2.0) * octaves
    for _ in range(4):
        centre, width = rng.uniform(-3.3, 2.9), rng.uniform(0.4, 1.2)
        gain_db += rng.uniform(-6.0, 6.0) * np.exp(-0.5 * np.square((octaves - centre) / width))
    return np.asarray(fft.irfft(fft.rfft(sound) * 10 ** (gain_db / 20), len(sound)))


def _noise(samples: int, rng: Generator) -> NDArray[np.float64]:
    """Noise of unit power that falls by 0 to 6 dB an octave."""
    hz = np.maximum(fft.rfftfreq(samples, 1 / SAMPLE_RATE), 40.0)
    noise = fft.irfft(fft.rfft(rng.standard_normal(samples)) * hz ** -rng.uniform(0.0, 1.0), samples)
    return np.asarray(noise / np.sqrt(np.mean(np.square(noise))))


def _shifted(semitones: float, waveform: Waveform, _rng: Generator) -> Waveform:
    sound = np.ascontiguousarray(waveform, dtype=np.float64)
    track = track_with_dio(Sound(waveform[None], SAMPLE_RATE), _WORLD_HOP_S)
    f0_hz = np.nan_to_num(track.f0_hz.astype(np.float64))
    times_s = np.arange(len(f0_hz)) * _WORLD_HOP_S
    envelope = pyworld.cheaptrick(sound, f0_hz, times_s, SAMPLE_RATE)
    aperiodicity = pyworld.d4c(sound, f0_hz, times_s, SAMPLE_RATE)
    moved = pyworld.synthesize(f0_hz * 2 ** (semitones / 12), envelope, aperiodicity, SAMPLE_RATE, 1_000 * _WORLD_HOP_S)
    return np.asarray(moved[: len(waveform)], dtype=np.float32)
