"""Consonants made of noise: bursts and frication, shaped in the frequency domain."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.audio.synthesis.voice import SingerVoice

Floats = NDArray[np.float64]

MURMURS = frozenset({"m", "n", "l"})
"""Voiced consonants: the tract closes but the voice goes on."""

CONSONANT_S = {
    "m": 0.075, "n": 0.065, "l": 0.06, "h": 0.06, "s": 0.11, "sh": 0.11, "f": 0.09, "t": 0.055, "k": 0.065, "p": 0.055,
}  # fmt: skip
"""How long each consonant takes, in seconds, closure and burst together."""


@dataclass(frozen=True)
class _Noise:
    centre_hz: float
    width_octaves: float
    level_db: float
    closure_share: float


# Where the noise of each consonant lies (Stevens 1998, Acoustic Phonetics, chapters 7 and 8); "s" is personal.
_NOISES = {
    "s": _Noise(0.0, 0.35, 0.0, 0.0),
    "sh": _Noise(3000.0, 0.5, 0.0, 0.0),
    "f": _Noise(5500.0, 1.3, -12.0, 0.0),
    "t": _Noise(4000.0, 0.8, -2.0, 0.6),
    "k": _Noise(1900.0, 0.4, -3.0, 0.6),
    "p": _Noise(900.0, 1.0, -6.0, 0.65),
}


def consonant_noise(voice: SingerVoice, consonant: str, duration_s: float, sample_rate: int, rng: Generator) -> Floats:
    """Make the noise of one consonant.

    Args:
        voice: Whose; `consonant_db` is the level over a vowel of RMS 1, `sibilance_hz` the place of the "s".
        consonant: Any; voiced ones and "h" have no noise of their own.
        duration_s: With the closure before a burst.
        sample_rate: Hz.
        rng: Source of randomness.

    Returns:
        Noise, shape (samples,), empty where there is none.
    """
    count = round(duration_s * sample_rate)
    noise = _NOISES.get(consonant)
    if noise is None or count < 32:
        return np.zeros(0)
    centre_hz = min(noise.centre_hz or voice.sibilance_hz, 0.42 * sample_rate)
    bins_hz = np.fft.rfftfreq(count, 1.0 / sample_rate)
    octaves = np.log2(np.maximum(bins_hz, 20.0) / centre_hz) / noise.width_octaves
    coloured = np.fft.irfft(np.fft.rfft(rng.normal(size=count)) * np.exp(-0.5 * octaves**2), count)
    coloured *= 10.0 ** ((voice.consonant_db + noise.level_db) / 20.0) / max(float(np.std(coloured)), 1e-9)
    return np.asarray(coloured * _envelope(count, noise.closure_share))


def _envelope(count: int, closure_share: float) -> Floats:
    place = np.arange(count) / count
    if closure_share == 0.0:
        return np.asarray(np.sin(np.pi * place) ** 0.7)
    since = (place - closure_share) / (1.0 - closure_share)
    # A burst is loudest at its release and dies away at once.
    return np.asarray(np.where(since > 0.0, np.minimum(1.0, since * 20.0) * np.exp(-3.0 * since) * 2.0, 0.0))
