"""Short-time Fourier transform and its inverse, for masking."""

import numpy as np
from numpy.typing import NDArray

from singalike.audio.sound import Waveform

Spectra = NDArray[np.complex64]
BLOCK_FRAMES = 512


class Stft:
    """Analyse and rebuild with the root of a periodic Hann window at half overlap, whose shifted squares sum to one.

    The window stands on both sides, so that what a mask does to a frame fades out at its edges.

    Args:
        length: Samples of a frame, even.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self.hop = length // 2
        self._window = np.sin(np.pi * np.arange(length) / length).astype(np.float32)

    def analyse(self, waveform: Waveform) -> Spectra:
        """Transform.

        Args:
            waveform: float32 (samples,).

        Returns:
            complex64 (frames, length / 2 + 1); frame i is centred at sample i * hop.
        """
        count = -(-len(waveform) // self.hop) + 1
        padded = np.pad(waveform, (self.hop, count * self.hop - len(waveform)))
        frames = np.lib.stride_tricks.sliding_window_view(padded, self.length)[:: self.hop]
        spectra = np.empty((count, self.hop + 1), np.complex64)
        for first in range(0, count, BLOCK_FRAMES):
            part = slice(first, first + BLOCK_FRAMES)
            spectra[part] = np.fft.rfft(frames[part] * self._window, axis=1)
        return spectra

    def rebuild(self, spectra: Spectra, samples: int) -> Waveform:
        """Invert `analyse`.

        Args:
            spectra: As `analyse` returns them, masked or not.
            samples: Length of the waveform wanted.

        Returns:
            float32 (samples,); exact for spectra that were not changed.
        """
        halves = np.zeros((len(spectra) + 1, self.hop), np.float32)
        for first in range(0, len(spectra), BLOCK_FRAMES):
            frames = np.fft.irfft(spectra[first : first + BLOCK_FRAMES], self.length, axis=1) * self._window
            halves[first : first + len(frames)] += frames[:, : self.hop]
            halves[first + 1 : first + 1 + len(frames)] += frames[:, self.hop :]
        return halves.reshape(-1)[self.hop : self.hop + samples]
