"""Sharpen a pitch track on the waveform: 48 mels name the semitone, the autocorrelation measures the cents.

Below 150 Hz the mel filters are wider than the distance of two harmonics, so the network's fraction of a semitone is a
guess there. The autocorrelation of 64 ms around a frame, divided by that of its window, peaks at the period; looked at
only near the period that the network names, it cannot slip by an octave.

Source:
    Boersma 1993, Accurate short-term analysis of the fundamental frequency, eq. 9 (division by the window's own
    autocorrelation) and eq. 23 (parabola through the peak).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from singalike.audio.pitch import PitchTrack
from singalike.audio.sound import Waveform

WINDOW = 1024
"""Samples around a frame: four periods of the lowest voice at 16 000 Hz."""

REACH, REACH_OF_LOW = 0.045, 0.09
"""Periods are searched this share to each side: 76 cents, and 150 where the network may miss the semitone itself."""

LOW_HZ = 150.0
"""Below this the mel filters are wider than the distance of two harmonics."""

CLEAR = 0.4
"""Autocorrelation that a peak must reach; below it the network knows better."""

_TRANSFORM, _LAGS = 1350, 325
"""Length of the transform, which has small factors, and the lags at which it does not wrap around: down to 50 Hz."""

_BLOCK = 256
_HANN = np.hanning(WINDOW + 1)[:WINDOW].astype(np.float32)


def _autocorrelation(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Correlate frames (..., WINDOW) with themselves at lags up to the longest period, (..., _LAGS)."""
    spectrum = fft.rfft(frames, _TRANSFORM, axis=-1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    return np.asarray(fft.irfft(power, _TRANSFORM, axis=-1)[..., :_LAGS], dtype=np.float32)


_WINDOW_CORRELATION = _autocorrelation(_HANN)


def refine_pitch(pitch: PitchTrack, waveform: Waveform, sample_rate: int) -> PitchTrack:
    """Measure the period of every voiced frame near the one that is named.

    Args:
        pitch: The track to sharpen, right within 70 cents (140 below 150 Hz) or left alone.
        waveform: float32 (samples,), what the track was heard in.
        sample_rate: In Hz.

    Returns:
        The track with finer f0; voicing is untouched.
    """
    voiced = np.flatnonzero(np.isfinite(pitch.f0_hz))
    padded = np.pad(waveform, (WINDOW // 2, WINDOW))
    starts = np.minimum(np.round(voiced * pitch.hop_s * sample_rate).astype(np.int64), len(padded) - WINDOW)
    around = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)
    f0_hz = pitch.f0_hz.copy()
    for first in range(0, len(voiced), _BLOCK):
        block = slice(first, first + _BLOCK)
        f0_hz[voiced[block]] = _refine(around[starts[block]], f0_hz[voiced[block]], sample_rate)
    return PitchTrack(f0_hz, pitch.voicing, pitch.hop_s)


def _refine(frames: NDArray[np.float32], f0_hz: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Return finer f0 (frames,) of frames (frames, WINDOW)."""
    correlation = _autocorrelation((frames - frames.mean(axis=1, keepdims=True)) * _HANN)
    period = sample_rate / f0_hz
    share = np.where(f0_hz < LOW_HZ, REACH_OF_LOW, REACH)
    reach = int(np.ceil((share * period).max())) + 1
    lags = np.round(period).astype(np.int64)[:, None] + np.arange(-reach - 1, reach + 2)
    lags = np.clip(lags, 1, _LAGS - 1)
    values = np.take_along_axis(correlation, lags, axis=1) / _WINDOW_CORRELATION[lags]
    values /= np.maximum(correlation[:, :1] / _WINDOW_CORRELATION[0], 1e-12)
    near = np.abs(lags - period[:, None]) <= (share * period)[:, None] + 0.5
    inner = np.where(near, values, -1.0)[:, 1:-1]
    row, peak = np.arange(len(frames)), inner.argmax(axis=1) + 1
    left, top, right = values[row, peak - 1], values[row, peak], values[row, peak + 1]
    # A peak at the edge of the search belongs to another period: only a real summit counts.
    summit = (top >= left) & (top >= right) & (top >= CLEAR)
    bend = np.where(summit, left - 2 * top + right, -1.0)
    shift = np.where(bend < 0, 0.5 * (left - right) / np.minimum(bend, -1e-9), 0.0)
    refined = sample_rate / (lags[row, peak] + np.clip(shift, -0.5, 0.5))
    return np.where(summit, refined, f0_hz).astype(np.float32)
