"""Log-mel spectrograms in torch, equal to librosa's.

A frame t is centred at sample t * hop_length: the waveform is padded with n_fft / 2 zeros on both sides, multiplied by
a periodic Hann window, transformed, squared, summed by triangular filters on the Slaney mel scale (each of unit area),
floored and logged:

    log_mel[m, t] = ln(max(floor, sum_k filter[m, k] |STFT[k, t]|^2))

Zeros appended to a waveform change none of its own 1 + samples // hop_length frames, so batches need no other padding.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from singalike.errors import InvalidInputError

# Slaney's scale: 3 mels every 200 Hz up to 1 kHz, then 27 mels for every factor of 6.4.
_LINEAR_HZ = 200.0 / 3.0
_CORNER_HZ = 1000.0
_CORNER_MEL = _CORNER_HZ / _LINEAR_HZ
_LOG_STEP = np.log(6.4) / 27.0

_BLOCK_FRAMES = 256
"""Frames transformed at once: a block of spectra fits the second-level cache, three times as fast as all at once."""

_FILTER_GROUPS = 3
"""Low filters see few bins and high ones none of theirs: in groups they are summed by a third of the products."""


@dataclass(frozen=True)
class MelSettings:
    """What a log-mel spectrogram is made with.

    Attributes:
        sample_rate: Of the waveforms, in Hz.
        window_length: Hann window, in samples; centred in the transform when shorter than it.
        hop_length: From one frame to the next, in samples.
        n_fft: Length of the transform, in samples, at least `window_length`.
        mels: Number of filters.
        low_hz: Lower edge of the lowest filter.
        high_hz: Upper edge of the highest filter, at most half the sample rate.
        floor: Smallest power before the logarithm, above zero.
    """

    sample_rate: int
    window_length: int
    hop_length: int
    n_fft: int
    mels: int
    low_hz: float
    high_hz: float
    floor: float = 1e-10

    def __post_init__(self) -> None:
        sizes_fit = 0 < self.window_length <= self.n_fft and self.hop_length > 0 and self.mels > 0
        band_fits = 0.0 <= self.low_hz < self.high_hz <= self.sample_rate / 2
        if not (sizes_fit and band_fits and self.floor > 0.0):
            raise InvalidInputError("MEL_SETTINGS_WRONG", f"window, band or floor do not fit each other: {self}")

    @property
    def hop_s(self) -> float:
        """Seconds from one frame to the next."""
        return self.hop_length / self.sample_rate

    def frames(self, samples: int) -> int:
        """Return the number of frames of a waveform of `samples` samples."""
        return 1 + samples // self.hop_length

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values that `MelSettings(**values)` takes back."""
        return asdict(self)


MELODY_MEL = MelSettings(16_000, 512, 256, 512, 48, 0.0, 8_000.0)
"""The contract of the melody encoder: 120 s of sound give (48, 7501)."""


def hz_to_mel(frequency_hz: NDArray[np.floating]) -> NDArray[np.float64]:
    """Convert Hz to Slaney mels, any shape.

    Source:
        Slaney 1998, Auditory Toolbox, Interval Research technical report 1998-010.
    """
    hz = np.asarray(frequency_hz, dtype=np.float64)
    above = _CORNER_MEL + np.log(np.maximum(hz, _CORNER_HZ) / _CORNER_HZ) / _LOG_STEP
    return np.where(hz < _CORNER_HZ, hz / _LINEAR_HZ, above)


def mel_to_hz(mel: NDArray[np.floating]) -> NDArray[np.float64]:
    """Convert Slaney mels to Hz, any shape; the inverse of `hz_to_mel`."""
    mels = np.asarray(mel, dtype=np.float64)
    above = _CORNER_HZ * np.exp(_LOG_STEP * (np.maximum(mels, _CORNER_MEL) - _CORNER_MEL))
    return np.where(mels < _CORNER_MEL, mels * _LINEAR_HZ, above)


@lru_cache(maxsize=32)
def filterbank(settings: MelSettings) -> NDArray[np.float32]:
    """Build the triangular filters, shape (mels, n_fft // 2 + 1), each of unit area over Hz."""
    bin_hz = np.linspace(0.0, settings.sample_rate / 2, settings.n_fft // 2 + 1)
    ends = hz_to_mel(np.array([settings.low_hz, settings.high_hz]))
    edge_hz = mel_to_hz(np.linspace(ends[0], ends[1], settings.mels + 2))
    left, centre, right = (edge_hz[i : i + settings.mels, None] for i in range(3))
    triangles = np.minimum((bin_hz - left) / (centre - left), (right - bin_hz) / (right - centre))
    filters = np.maximum(triangles, 0.0) * 2.0 / (right - left)
    filters.setflags(write=False)
    return filters.astype(np.float32)


@lru_cache(maxsize=32)
def _constants(settings: MelSettings, device: torch.device) -> tuple[Tensor, tuple[tuple[slice, Tensor], ...]]:
    """The window, and the filters in groups of neighbours: which squares each group sums, and by which weights.

    The squares of real and imaginary parts lie beside each other and have one weight, so they need not be added first.
    """
    window = torch.hann_window(settings.window_length, periodic=True, device=device)
    groups = []
    for filters in np.array_split(filterbank(settings), _FILTER_GROUPS):
        bins = np.flatnonzero(filters.any(axis=0))
        seen = slice(int(bins[0]), int(bins[-1]) + 1) if len(bins) else slice(0, 1)
        weights = np.repeat(filters[:, seen].T, 2, axis=0)
        groups.append((slice(2 * seen.start, 2 * seen.stop), torch.from_numpy(weights).to(device)))
    return window, tuple(groups)


def log_mel(waveforms: Tensor, settings: MelSettings) -> Tensor:
    """Turn waveforms into log-mel spectrograms.

    Args:
        waveforms: float32 (batch, samples) in [-1, 1], at `settings.sample_rate`, on any device.
        settings: Window, hop and filters.

    Returns:
        Natural logarithm of the mel power, float32 (batch, mels, 1 + samples // hop_length), on the same device.

    Raises:
        InvalidInputError: WAVEFORM_SHAPE, the waveforms are not (batch, samples).
    """
    with torch.autocast(waveforms.device.type, enabled=False):
        return mel_power(waveforms, settings).log_().transpose(1, 2).contiguous()


def mel_power(waveforms: Tensor, settings: MelSettings) -> Tensor:
    """Turn waveforms into floored mel power, before the logarithm.

    Args:
        waveforms: As for `log_mel`.
        settings: Window, hop and filters.

    Returns:
        float32 (batch, 1 + samples // hop_length, mels), frame by frame, on the same device.

    Raises:
        InvalidInputError: WAVEFORM_SHAPE, the waveforms are not (batch, samples).
    """
    if waveforms.dim() != 2:
        raise InvalidInputError("WAVEFORM_SHAPE", f"pass waveforms as (batch, samples), not {tuple(waveforms.shape)}")
    window, groups = _constants(settings, waveforms.device)
    # Half precision loses quiet partials, so the front end stays in float32 inside autocast regions too.
    with torch.autocast(waveforms.device.type, enabled=False):
        before = settings.n_fft // 2 - (settings.n_fft - settings.window_length) // 2
        after = settings.window_length - before
        padded = torch.nn.functional.pad(waveforms.float(), (before, after + settings.hop_length))
        count = settings.frames(waveforms.shape[1])
        frames = padded.unfold(-1, settings.window_length, settings.hop_length)[:, :count]
        # Where the window stands in the transform turns only phases: the zeros stay behind it, in all blocks.
        room = padded.new_zeros(len(padded), min(count, _BLOCK_FRAMES), settings.n_fft)
        mel = padded.new_empty(len(padded), count, settings.mels)
        for first in range(0, count, _BLOCK_FRAMES):
            block = slice(first, first + _BLOCK_FRAMES)
            part = room[:, : count - first]
            torch.mul(frames[:, block], window, out=part[..., : settings.window_length])
            _sum_power(part, groups, mel[:, block])
        return mel.clamp_(min=settings.floor)


def _sum_power(windowed: Tensor, groups: Sequence[tuple[slice, Tensor]], mel: Tensor) -> None:
    """Sum the power of windowed frames (batch, frames, n_fft) by the filters, into (batch, frames, mels)."""
    squares = torch.view_as_real(torch.fft.rfft(windowed)).flatten(2).square_()
    first = 0
    for seen, weights in groups:
        mel[..., first : first + weights.shape[1]] = squares[..., seen] @ weights
        first += weights.shape[1]
