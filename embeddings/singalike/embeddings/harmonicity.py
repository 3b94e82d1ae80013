"""How periodic a voice is from moment to moment: breath and noise lower it."""

import math
from functools import lru_cache

import torch
from torch import Tensor

LOWEST_F0_HZ, HIGHEST_F0_HZ = 80.0, 1_000.0
HIGH_BAND_HZ = 2_000.0
_WINDOW, _N_FFT = 640, 1024
_BLOCK_FRAMES = 128
"""Frames transformed at once: their spectra fit the second-level cache, several times as fast as all at once."""


def harmonicity(waveform: Tensor, sample_rate: int, hop_length: int) -> Tensor:
    """Find the peak of the normalised autocorrelation between the lags of 1000 and 80 Hz.

    The autocorrelation of the windowed frame is divided by that of the window, so a steady tone comes near 1 at any
    pitch. Frames are computed every second hop and repeated: breath changes slowly.

    Args:
        waveform: float32 (samples,).
        sample_rate: In Hz; the window of 640 samples is meant for 16 000.
        hop_length: Samples from one frame of the result to the next.

    Returns:
        float32 (1 + samples // hop_length, 2) in [0, 1]: whole band, and above 2 kHz.

    Source:
        Boersma 1993, Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio.
    """
    window, of_window = _window(waveform.device)
    lags = slice(int(sample_rate / HIGHEST_F0_HZ), int(sample_rate / LOWEST_F0_HZ) + 1)
    padded = torch.nn.functional.pad(waveform, (_WINDOW // 2, _WINDOW // 2))
    low_bins = math.ceil(HIGH_BAND_HZ * _N_FFT / sample_rate)
    room = waveform.new_zeros(_BLOCK_FRAMES, _N_FFT)
    peaks = []
    for frames in torch.split(padded.unfold(0, _WINDOW, 2 * hop_length), _BLOCK_FRAMES):
        torch.mul(frames, window, out=room[: len(frames), :_WINDOW])
        bins = torch.fft.rfft(room[: len(frames)])
        # Times its conjugate it stays complex: both parts squared are read with a stride, at twice the time.
        power = bins * bins.conj()
        whole = _peak(power, of_window[lags], lags)
        power[:, :low_bins] = 0.0
        peaks.append(torch.stack([whole, _peak(power, of_window[lags], lags)], dim=1))
    return torch.cat(peaks).repeat_interleave(2, dim=0)[: 1 + len(waveform) // hop_length]


def _peak(power: Tensor, of_window: Tensor, lags: slice) -> Tensor:
    correlation = torch.fft.irfft(power)
    # Dividing by the energy after the search spares a pass over all lags: it is the same for each of them.
    highest = (correlation[:, lags] / of_window).amax(-1)
    peak: Tensor = (highest / correlation[:, 0].clamp(min=1e-9)).clamp(0.0, 1.0)
    return peak


@lru_cache(maxsize=4)
def _window(device: torch.device) -> tuple[Tensor, Tensor]:
    """The window and its normalised autocorrelation."""
    window = torch.hann_window(_WINDOW, periodic=True, device=device)
    correlation = torch.fft.irfft(torch.fft.rfft(window, _N_FFT).abs().square())
    return window, correlation / correlation[0]
