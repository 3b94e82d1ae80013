"""Log-mel spectrograms as a convolution, which every runtime has; complex numbers are not found everywhere."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from singalike.embeddings.mel import MelSettings, filterbank


class ConvolvedLogMel(nn.Module):
    """The same numbers as `mel.log_mel`: its window and Fourier transform are the kernels of one convolution.

    Args:
        settings: Window, hop and filters.
    """

    waves: Tensor
    filters: Tensor

    def __init__(self, settings: MelSettings) -> None:
        super().__init__()
        self.settings = settings
        window = torch.hann_window(settings.window_length, periodic=True, dtype=torch.float64).numpy()
        before = (settings.n_fft - settings.window_length) // 2
        bins, places = np.arange(settings.n_fft // 2 + 1)[:, None], np.arange(settings.window_length)
        # The window is narrower than the transform: only the samples under it are convolved.
        angle = 2.0 * np.pi / settings.n_fft * bins * (places + before)
        waves = np.concatenate([np.cos(angle), np.sin(angle)]) * window
        self.before = settings.n_fft // 2 - before
        self.after = settings.window_length - self.before
        self.register_buffer("waves", torch.from_numpy(waves[:, None].astype(np.float32)))
        self.register_buffer("filters", torch.from_numpy(filterbank(settings).copy()))

    def forward(self, waveform: Tensor) -> Tensor:
        """Turn a waveform (1, samples) into a log-mel (1, mels, 1 + samples // hop_length)."""
        padded = functional.pad(waveform, (self.before, self.after))
        spectrum = functional.conv1d(padded[:, None], self.waves, stride=self.settings.hop_length)
        real, imaginary = spectrum.chunk(2, dim=1)
        mel = self.filters @ (real.square() + imaginary.square())
        return mel.clamp(min=self.settings.floor).log()
