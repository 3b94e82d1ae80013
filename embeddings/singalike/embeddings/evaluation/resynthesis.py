"""The same recording in another key or at another tempo, the voice kept: WORLD takes it apart and puts it together.

Source:
    Morise et al. 2016, WORLD, https://doi.org/10.1587/transinf.2015EDP7457.
"""

from dataclasses import dataclass

import numpy as np
import pyworld
from numpy.typing import NDArray

from singalike.audio.sound import Waveform

SAMPLE_RATE = 16_000
_PERIOD_MS = 5.0
_LOWEST_HZ, _HIGHEST_HZ = 65.0, 1_050.0


@dataclass(frozen=True)
class Change:
    """How a recording is sung again.

    Attributes:
        semitones: Added to the pitch; the formants stay where they are.
        tempo: Speed, above zero: 1.15 is 15 % faster. The pitch stays.
    """

    semitones: float = 0.0
    tempo: float = 1.0

    def __str__(self) -> str:
        if self.tempo != 1.0:
            return f"{100 * (self.tempo - 1):+.0f} % tempo"
        return f"{self.semitones:+g} semitones"


@dataclass(frozen=True, eq=False)
class TakenApart:
    """A recording as WORLD sees it, a row every 5 ms.

    Attributes:
        f0_hz: float64 (frames,), zero where unvoiced.
        envelope: float64 (frames, bins), power envelope.
        aperiodicity: float64 (frames, bins), in [0, 1].
    """

    f0_hz: NDArray[np.float64]
    envelope: NDArray[np.float64]
    aperiodicity: NDArray[np.float64]

    def sung_again(self, change: Change) -> Waveform:
        """Put the recording together again, float32 (samples,) at 16 000 Hz."""
        moved = self.f0_hz * 2.0 ** (change.semitones / 12.0)
        period_ms = _PERIOD_MS / change.tempo
        sound = pyworld.synthesize(moved, self.envelope, self.aperiodicity, SAMPLE_RATE, period_ms)
        return np.asarray(sound, dtype=np.float32)


def take_apart(waveform: Waveform) -> TakenApart:
    """Take a recording of one voice apart.

    Args:
        waveform: float32 (samples,) at 16 000 Hz.
    """
    sound = np.ascontiguousarray(waveform, dtype=np.float64)
    f0_hz, times_s = pyworld.harvest(sound, SAMPLE_RATE, _LOWEST_HZ, _HIGHEST_HZ, _PERIOD_MS)
    envelope = pyworld.cheaptrick(sound, f0_hz, times_s, SAMPLE_RATE)
    return TakenApart(f0_hz, envelope, pyworld.d4c(sound, f0_hz, times_s, SAMPLE_RATE))
