"""Sound as a value: a waveform and its sample rate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Waveform = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Sound:
    """A finite piece of sound.

    Attributes:
        waveform: float32, shape (channels, samples), nominally in [-1, 1], always finite.
        sample_rate: Samples per second, in Hz.
    """

    waveform: Waveform
    sample_rate: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return float(self.waveform.shape[-1] / self.sample_rate)

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self.waveform.shape[0])

    def mono(self) -> "Sound":
        """Average the channels; the result has shape (1, samples)."""
        if self.channels == 1:
            return self
        return Sound(self.waveform.mean(axis=0, keepdims=True, dtype=np.float32), self.sample_rate)

    def cut(self, start_s: float, end_s: float) -> "Sound":
        """Return the part from `start_s` to `end_s`, clipped to what exists."""
        first, last = round(max(start_s, 0.0) * self.sample_rate), round(end_s * self.sample_rate)
        return Sound(self.waveform[:, first:last], self.sample_rate)
