"""The period of a voice in its waveform: it chooses the pitch together with the network, and measures it to the cent.

Below 150 Hz the mel filters are wider than the distance of two harmonics, so the network guesses the semitone there.
The autocorrelation of 64 ms around a frame, divided by that of its window, peaks at the period and at its multiples. It
takes part in the choice of the semitone, where the network keeps it from slipping by an octave, and then, looked at
only near the period that was chosen, it gives the cents.

Source:
    Boersma 1993, Accurate short-term analysis of the fundamental frequency, eq. 9 (division by the window's own
    autocorrelation) and eq. 23 (parabola through the peak).
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from singalike.audio.pitch import PitchTrack
from singalike.audio.sound import Waveform

WINDOW = 1024
"""Samples around a frame: four periods of the lowest voice at 16 000 Hz."""

REACH, REACH_OF_LOW = 0.045, 0.09
"""Periods are searched this share to each side: 76 cents, and 150 where the semitone itself may be missed."""

LOW_HZ = 150.0
"""Below this the mel filters are wider than the distance of two harmonics."""

CLEAR = 0.4
"""Autocorrelation that a peak must reach; below it the network knows better."""

_TRANSFORM, _LAGS = 1536, 325
"""Length of the transform, which has small factors, and the lags at which it does not wrap around: down to 50 Hz."""

_BLOCK = 256
"""Frames whose spectra fit the second-level cache."""

_NEIGHBOURS = 24
"""Pitches that are looked up together: their periods are few of all lags."""

_HANN = torch.from_numpy(np.hanning(WINDOW + 1)[:WINDOW].astype(np.float32))


def _autocorrelation(padded: Tensor) -> Tensor:
    """Correlate frames (frames, _TRANSFORM), zeros behind the window, with themselves, (frames, _LAGS)."""
    spectrum = torch.fft.rfft(padded)
    # Times its conjugate it stays complex: taking squares of both parts reads them with a stride, at twice the time.
    correlation: Tensor = torch.fft.irfft(spectrum * spectrum.conj(), _TRANSFORM)[:, :_LAGS]
    return correlation


_OF_WINDOW = _autocorrelation(torch.nn.functional.pad(_HANN, (0, _TRANSFORM - WINDOW))[None])
_LEAST_ENERGY = 1e-12 * float(_OF_WINDOW[0, 0])


@dataclass(frozen=True, eq=False)
class Periodicity:
    """The autocorrelation of some frames of a recording.

    Attributes:
        places: Numbers of these frames, int64 (frames,).
        correlation: float32 (frames, lags): 1 at lag 0, near 1 at the period of a steady tone and its multiples.
        sample_rate: In Hz.
    """

    places: NDArray[np.int64]
    correlation: NDArray[np.float32]
    sample_rate: int

    @classmethod
    def measure(cls, waveform: Waveform, places: NDArray[np.int64], hop_s: float, sample_rate: int) -> "Periodicity":
        """Measure the frames of these numbers.

        Args:
            waveform: float32 (samples,).
            places: int64 (frames,), rising.
            hop_s: Seconds from one frame to the next.
            sample_rate: In Hz.
        """
        padded = torch.from_numpy(np.pad(waveform, (WINDOW // 2, WINDOW)))
        starts = torch.from_numpy(np.round(places * hop_s * sample_rate).astype(np.int64)).clamp(
            max=len(padded) - WINDOW
        )
        around = padded.unfold(0, WINDOW, 1)
        correlation = torch.empty(len(places), _LAGS)
        room = torch.zeros(_BLOCK, _TRANSFORM)
        for first in range(0, len(places), _BLOCK):
            block = starts[first : first + _BLOCK]
            _correlate(around[block], room[: len(block)], correlation[first : first + _BLOCK])
        return cls(places, correlation.numpy(), sample_rate)

    def at(self, f0_hz: NDArray[np.float64], tolerance: float) -> NDArray[np.float32]:
        """Say how periodic the frames are at some frequencies.

        Args:
            f0_hz: float64 (pitches,), from 55 Hz up.
            tolerance: Semitones by which the period may lie to either side.

        Returns:
            float32 (frames, pitches), at most 1.
        """
        values = np.empty((len(self.places), len(f0_hz)), dtype=np.float32)
        for first in range(0, len(f0_hz), _NEIGHBOURS):
            near = slice(first, first + _NEIGHBOURS)
            lags = self.sample_rate / f0_hz[near] * 2 ** (np.array([[-tolerance], [0.0], [tolerance]]) / 12)
            below, there, above = np.split(self._between(lags.ravel()), 3, axis=1)
            np.maximum(np.maximum(below, there), above, out=values[:, near])
        return values

    def _between(self, lags: NDArray[np.float64]) -> NDArray[np.float32]:
        """Interpolate the correlation at some lags (lags,), (frames, lags)."""
        whole = np.minimum(lags.astype(np.int64), _LAGS - 2)
        first, column = whole.min(), np.arange(len(lags))
        weights = np.zeros((whole.max() + 2 - first, len(lags)), dtype=np.float32)
        weights[whole - first, column] = 1 - (lags - whole)
        weights[whole - first + 1, column] = lags - whole
        # One product over the lags between the least and the greatest: sums of two columns of it take longer.
        return np.asarray(self.correlation[:, first : first + len(weights)] @ weights)

    def refine(self, pitch: PitchTrack) -> PitchTrack:
        """Measure the period of the frames near the one that is named.

        Args:
            pitch: The track to sharpen, voiced in these frames; right within 70 cents (140 below 150 Hz) or left alone.

        Returns:
            The track with finer f0; voicing is untouched.
        """
        f0_hz = pitch.f0_hz.copy()
        for first in range(0, len(self.places), _BLOCK):
            places = self.places[first : first + _BLOCK]
            f0_hz[places] = _refine(self.correlation[first : first + _BLOCK], f0_hz[places], self.sample_rate)
        return PitchTrack(f0_hz, pitch.voicing, pitch.hop_s)


def _correlate(frames: Tensor, room: Tensor, out: Tensor) -> None:
    """Correlate frames (frames, WINDOW), each less its mean, and divide by energy and window, into (frames, _LAGS).

    Args:
        frames: Overwritten.
        room: (frames, _TRANSFORM), zero behind the window.
        out: Where the result goes.
    """
    frames -= frames.mean(dim=1, keepdim=True)
    torch.mul(frames, _HANN, out=room[:, :WINDOW])
    correlation = _autocorrelation(room)
    energy = correlation[:, :1].clamp(min=_LEAST_ENERGY)
    torch.mul(correlation, _OF_WINDOW[0, 0] / _OF_WINDOW, out=out)
    out /= energy


def _refine(correlation: NDArray[np.float32], f0_hz: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """Return finer f0 (frames,) of frames with this correlation (frames, _LAGS)."""
    period = sample_rate / f0_hz
    share = np.where(f0_hz < LOW_HZ, REACH_OF_LOW, REACH)
    reach = int(np.ceil((share * period).max())) + 1
    lags = np.round(period).astype(np.int64)[:, None] + np.arange(-reach - 1, reach + 2)
    lags = np.clip(lags, 1, _LAGS - 1)
    values = np.take_along_axis(correlation, lags, axis=1)
    near = np.abs(lags - period[:, None]) <= (share * period)[:, None] + 0.5
    inner = np.where(near, values, -1.0)[:, 1:-1]
    row, peak = np.arange(len(correlation)), inner.argmax(axis=1) + 1
    left, top, right = values[row, peak - 1], values[row, peak], values[row, peak + 1]
    # A peak at the edge of the search belongs to another period: only a real summit counts.
    summit = (top >= left) & (top >= right) & (top >= CLEAR)
    bend = np.where(summit, left - 2 * top + right, -1.0)
    shift = np.where(bend < 0, 0.5 * (left - right) / np.minimum(bend, -1e-9), 0.0)
    refined = sample_rate / (lags[row, peak] + np.clip(shift, -0.5, 0.5))
    return np.where(summit, refined, f0_hz).astype(np.float32)
