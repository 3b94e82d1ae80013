"""Finish an accompaniment as records are: saturation, equaliser, compression and width, a little of each, at random."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.signal import oaconvolve

from singalike.audio.resample import resample
from singalike.audio.sound import Sound

LEVEL = 0.1
"""Root mean square of what is finished, unless peaks would clip."""

PEAK = 0.95
_BANDS = 9
_SIDES_DB, _WIDEST = (-20.0, -1.0), 2.0


def finish(sound: Sound, sample_rate: int, rng: Generator) -> Sound:
    """Send a stereo sound through a random chain, saturating before it is resampled.

    Args:
        sound: float32 (2, samples), at best at a higher rate than the result.
        sample_rate: Of the result, Hz.
        rng: Source of all chance.

    Returns:
        float32 (2, samples), root mean square `LEVEL`, peaks at most `PEAK`.
    """
    loud = _levelled(sound.waveform)
    if rng.random() < 0.5:
        loud = _saturated(loud, float(np.exp(rng.uniform(np.log(0.5), np.log(6.0)))))
    waveform = resample(Sound(loud, sound.sample_rate), sample_rate).waveform
    if rng.random() < 0.8:
        waveform = oaconvolve(waveform, _equaliser(rng)[None], mode="same", axes=1).astype(np.float32)
    if rng.random() < 0.5:
        waveform = _compressed(waveform, sample_rate, rng)
    return Sound(_levelled(_widened(waveform, rng)), sample_rate)


def _widened(waveform: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Give the sides a level below the middle as records have it; one in twelve becomes mono."""
    middle, side = waveform.mean(axis=0), 0.5 * (waveform[0] - waveform[1])
    if rng.random() < 1 / 12:
        return np.stack([middle, middle])
    wanted = 10.0 ** (rng.uniform(*_SIDES_DB) / 20.0)
    level = float(np.sqrt(np.mean(side**2) / max(float(np.mean(middle**2)), 1e-12)))
    side = side * np.float32(min(wanted / max(level, 1e-9), _WIDEST))
    return np.stack([middle + side, middle - side])


def _levelled(waveform: NDArray[np.float32]) -> NDArray[np.float32]:
    gain = LEVEL / max(float(np.sqrt(np.mean(waveform**2))), 1e-9)
    return np.asarray(waveform * min(gain, PEAK / max(float(np.abs(waveform).max()), 1e-9)), dtype=np.float32)


def _saturated(waveform: NDArray[np.float32], drive: float) -> NDArray[np.float32]:
    """Bend loud samples; the drive is that of a sine of the level."""
    gain = drive / (np.sqrt(2.0) * LEVEL)
    return np.asarray(np.tanh(gain * waveform) / gain, dtype=np.float32)


def _equaliser(rng: Generator) -> NDArray[np.float64]:
    """Draw a smooth filter of linear phase, bands spaced as the ear has them, some 4 dB deviation; (257,)."""
    position = np.linspace(0.0, 1.0, 129) ** 0.5 * (_BANDS - 1)
    knots = np.cumsum(rng.normal(0.0, 1.8, size=_BANDS))
    gain = 10.0 ** (np.interp(position, np.arange(_BANDS), knots - knots.mean()) / 20.0)
    taps = np.roll(np.fft.irfft(gain, 256), 128)
    return np.asarray(np.append(taps, 0.0) * np.hanning(257))


def _compressed(waveform: NDArray[np.float32], sample_rate: int, rng: Generator) -> NDArray[np.float32]:
    """Make loud moments softer, both channels alike, as quickly as the drawn window."""
    window = round(rng.uniform(0.01, 0.15) * sample_rate)
    level = np.sqrt(uniform_filter1d(np.mean(waveform**2, axis=0), window) + 1e-12)
    threshold = float(rng.uniform(0.3, 1.0)) * float(np.sqrt(np.mean(waveform**2)) + 1e-9)
    over = np.maximum(level / threshold, 1.0)
    return np.asarray(waveform * over ** (1.0 / rng.uniform(1.5, 6.0) - 1.0), dtype=np.float32)
