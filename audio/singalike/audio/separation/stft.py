"""Short-time Fourier transform and its inverse, for masking."""

import numpy as np
from numpy.typing import NDArray

from singalike.audio.sound import Waveform

Spectra = NDArray[np.complex64]
BLOCK_FRAMES = 512


class Stft:
    """Analyse and rebuild with one window on both sides, so that what a mask does to a frame fades out at its edges.

    At half overlap the window is the root of a periodic Hann window, at more the Hann window itself: shifted squares
    of either sum to a constant.

    Args:
        length: Samples of a frame, even.
        overlap: Frames that hold a sample: 2, or 4 where masks are fine.
    """

    def __init__(self, length: int, overlap: int = 2) -> None:
        self.length = length
        self.hop = length // overlap
        self._window = (np.sin(np.pi * np.arange(length) / length) ** (1 if overlap == 2 else 2)).astype(np.float32)
        self._synthesis = self._window / np.float32(np.square(self._window).sum() / self.hop)

    def count(self, samples: int) -> int:
        """Return how many frames a waveform of so many samples has."""
        return -(-samples // self.hop) + 1

    def analyse(self, waveform: Waveform, frames: slice | None = None) -> Spectra:
        """Transform.

        Args:
            waveform: float32 (samples,).
            frames: Which ones, none before the first; those past the last are of silence. All of them by default.

        Returns:
            complex64 (frames, length / 2 + 1); frame i is centred at sample i * hop.
        """
        wanted = frames or slice(0, self.count(len(waveform)))
        count = wanted.stop - wanted.start
        start = wanted.start * self.hop - self.length // 2
        stop = start + (count - 1) * self.hop + self.length
        inside = waveform[max(start, 0) : max(stop, 0)]
        before = min(max(-start, 0), stop - start)
        padded = np.pad(inside, (before, stop - start - before - len(inside)))
        framed = np.lib.stride_tricks.sliding_window_view(padded, self.length)[:: self.hop]
        spectra = np.empty((count, self.length // 2 + 1), np.complex64)
        for first in range(0, count, BLOCK_FRAMES):
            part = slice(first, first + BLOCK_FRAMES)
            spectra[part] = np.fft.rfft(framed[part] * self._window, axis=1)
        return spectra

    def rebuild(self, spectra: Spectra, samples: int) -> Waveform:
        """Invert `analyse` of a whole waveform.

        Args:
            spectra: As `analyse` returns them, masked or not.
            samples: Length of the waveform wanted.

        Returns:
            float32 (samples,); exact for spectra that were not changed, but at fourfold overlap within a hop of the
            ends, where windows are missing.
        """
        start = self.length // 2
        return self.overlap_add(spectra)[start : start + samples]

    def overlap_add(self, spectra: Spectra) -> Waveform:
        """Add up windowed frames, float32 ((frames - 1) * hop + length,); frame i begins at sample i * hop."""
        parts = self.length // self.hop
        sums = np.zeros((len(spectra) + parts - 1, self.hop), np.float32)
        for first in range(0, len(spectra), BLOCK_FRAMES):
            frames = np.fft.irfft(spectra[first : first + BLOCK_FRAMES], self.length, axis=1) * self._synthesis
            for part in range(parts):
                piece = frames[:, part * self.hop : (part + 1) * self.hop]
                sums[first + part : first + part + len(frames)] += piece
        return sums.reshape(-1)
