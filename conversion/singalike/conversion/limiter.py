"""Keep the true peaks of a mix under a ceiling, unheard."""

import math

import numpy as np
import scipy.ndimage
import scipy.signal
from numpy.typing import NDArray

from singalike.audio.resample import resample
from singalike.audio.sound import Sound, Waveform
from singalike.audio.watching import Watch, nobody_watches

CEILING_DBTP = -1.0
OVERSAMPLING = 4
REACH_S = 0.012
"""How long before a peak the gain starts to fall, and how long after it has risen again."""

MARGIN_DB = 0.05
"""The gain moves while the peak passes, so the peak between samples is not quite what was computed."""

BLOCK_S = 2.0
ROUNDING = 1e-5
_CONTEXT = 64
"""Samples beside a block that the filter of the oversampling needs."""

Gains = NDArray[np.float32]


def measure_true_peak(sound: Sound, watch: Watch = nobody_watches) -> float:
    """Measure the highest peak of the waveform between the samples.

    Args:
        sound: Any rate and channels.
        watch: Sees how far the work is, and may stop it.

    Returns:
        Level in dB of full scale; minus infinity for silence.

    Source:
        ITU-R BS.1770-4, annex 2: four times oversampled.
    """
    length, samples = round(BLOCK_S * sound.sample_rate), sound.waveform.shape[-1]
    highest = 0.0
    for first in range(0, samples, length):
        highest = max(highest, float(_peaks(sound, first, first + length).max()))
        watch(min(first + length, samples) / samples)
    return 20.0 * math.log10(highest) if highest > 0 else -math.inf


def limit_true_peak(sound: Sound, ceiling_dbtp: float = CEILING_DBTP, watch: Watch = nobody_watches) -> Sound:
    """Turn loud moments down so that no true peak passes a ceiling.

    The gain is one for all channels. Around each peak it is the smoothed minimum of what the samples within REACH_S
    need, so that it moves slowly and arrives in time. Everything is worked out in blocks with as much sound beside them
    as they depend on: the result does not depend on the blocks, and four minutes need little more memory than
    themselves.

    Args:
        sound: Any rate and channels; may swing beyond full scale.
        ceiling_dbtp: Highest true peak wanted, in dB of full scale.
        watch: Sees how far the work is, and may stop it.

    Returns:
        The limited sound; samples farther than 2 * REACH_S from any peak over the ceiling are as they were.

    Source:
        The look-ahead limiter of Signalsmith, https://signalsmith-audio.co.uk/writing/2022/limiter/: minimum filter and
        smoothing window of equal length, so that the gain never lies over the need.
    """
    rate, samples = sound.sample_rate, sound.waveform.shape[-1]
    half = max(round(REACH_S * rate), 1)
    ceiling = 10.0 ** ((ceiling_dbtp - MARGIN_DB) / 20.0)
    window = scipy.signal.windows.hann(2 * half + 3)[1:-1].astype(np.float32)
    window /= window.sum()
    limited = np.empty_like(sound.waveform)
    length = round(BLOCK_S * rate)
    for first in range(0, samples, length):
        last = min(first + length, samples)
        peaks = _peaks(sound, first - 2 * half, last + 2 * half)
        gains = _smooth_gains(peaks, ceiling, window)[2 * half : 2 * half + last - first]
        np.multiply(sound.waveform[:, first:last], gains, out=limited[:, first:last])
        watch(last / samples)
    return Sound(limited, rate)


def _smooth_gains(peaks: Gains, ceiling: float, window: Gains) -> Gains:
    """Gain of every sample that keeps its peak under the ceiling, float32 (samples,)."""
    if peaks.max(initial=0.0) <= ceiling:
        return np.ones_like(peaks)
    needed = np.minimum(np.float32(ceiling) / np.maximum(peaks, np.float32(1e-9)), np.float32(1.0))
    held = scipy.ndimage.minimum_filter1d(needed, len(window), mode="nearest")
    drop = scipy.signal.oaconvolve(np.float32(1.0) - held, window, mode="same")
    # Rounding of the fast convolution must not touch what needs no limiting.
    return np.where(drop > ROUNDING, np.float32(1.0) - drop, np.float32(1.0)).astype(np.float32)


def _peaks(sound: Sound, first: int, last: int) -> Gains:
    """Highest magnitude around the samples from `first` to before `last`, zero beyond the sound, float32 (samples,)."""
    start, end = first - _CONTEXT, last + _CONTEXT
    before, after = max(-start, 0), max(end - sound.waveform.shape[-1], 0)
    part: Waveform = np.pad(sound.waveform[:, max(start, 0) : max(end, 0)], ((0, 0), (before, after)))
    fine = resample(Sound(part, sound.sample_rate), OVERSAMPLING * sound.sample_rate).waveform
    # What lies between two samples counts for both.
    between = np.abs(fine).max(axis=0).reshape(-1, OVERSAMPLING).max(axis=1)
    around = np.maximum(between, np.concatenate([between[:1], between[:-1]]))
    return np.asarray(around[_CONTEXT : _CONTEXT + last - first], dtype=np.float32)
