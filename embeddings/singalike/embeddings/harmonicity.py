"""How periodic a voice is from moment to moment: breath and noise lower it."""

import math
from functools import lru_cache

import torch
from torch import Tensor

LOWEST_F0_HZ, HIGHEST_F0_HZ = 80.0, 1_000.0
HIGH_BAND_HZ = 2_000.0
_WINDOW, _N_FFT = 640, 1024


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
    window, reference = _window(waveform.device)
    padded = torch.nn.functional.pad(waveform, (_N_FFT // 2, _N_FFT // 2))
    bins = torch.stft(padded, _N_FFT, 2 * hop_length, _WINDOW, window, center=False, return_complex=True)
    power = torch.view_as_real(bins).square().sum(-1).T
    first, last = int(sample_rate / HIGHEST_F0_HZ), int(sample_rate / LOWEST_F0_HZ)
    above = torch.arange(power.shape[1], device=power.device) >= math.ceil(HIGH_BAND_HZ * _N_FFT / sample_rate)
    peaks = torch.stack([_peak(p, reference, first, last) for p in (power, power * above)], dim=1)
    return peaks.repeat_interleave(2, dim=0)[: 1 + len(waveform) // hop_length]


def _peak(power: Tensor, reference: Tensor, first: int, last: int) -> Tensor:
    correlation = torch.fft.irfft(power, dim=-1)
    energy = correlation[:, :1].clamp(min=1e-9)
    normalised: Tensor = correlation[:, first : last + 1] / energy / reference[first : last + 1]
    return normalised.amax(-1).clamp(0.0, 1.0)


@lru_cache(maxsize=4)
def _window(device: torch.device) -> tuple[Tensor, Tensor]:
    """The window and its normalised autocorrelation."""
    window = torch.hann_window(_WINDOW, periodic=True, device=device)
    correlation = torch.fft.irfft(torch.fft.rfft(window, _N_FFT).abs().square())
    return window, correlation / correlation[0]
