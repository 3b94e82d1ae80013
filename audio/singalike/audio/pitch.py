"""A pitch track as a value, and the arithmetic of pitch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

A4_HZ = 440.0
A4_MIDI = 69.0


def hz_to_midi(f0_hz: NDArray[np.floating]) -> NDArray[np.float64]:
    """Convert frequencies to MIDI pitch, NaN staying NaN.

    Args:
        f0_hz: Any shape, above zero or NaN, in Hz.

    Returns:
        MIDI pitch (A4 = 69), same shape, fractions of a semitone kept.
    """
    return A4_MIDI + 12.0 * np.log2(np.asarray(f0_hz, dtype=np.float64) / A4_HZ)


def midi_to_hz(midi_pitch: NDArray[np.floating]) -> NDArray[np.float64]:
    """Convert MIDI pitch to Hz, NaN staying NaN."""
    return np.asarray(A4_HZ * 2.0 ** ((np.asarray(midi_pitch, dtype=np.float64) - A4_MIDI) / 12.0))


@dataclass(frozen=True, eq=False)
class PitchTrack:
    """Fundamental frequency over time.

    Attributes:
        f0_hz: float32 (frames,), NaN where unvoiced.
        voicing: float32 (frames,), probability in [0, 1] that the frame is voiced.
        hop_s: Seconds from one frame to the next; frame i is centred at i * hop_s.
    """

    f0_hz: NDArray[np.float32]
    voicing: NDArray[np.float32]
    hop_s: float

    @property
    def midi_pitch(self) -> NDArray[np.float64]:
        """MIDI pitch (frames,), NaN where unvoiced."""
        return hz_to_midi(self.f0_hz)

    @property
    def voiced_s(self) -> float:
        """Seconds of voiced frames."""
        return float(np.isfinite(self.f0_hz).sum() * self.hop_s)

    def cut(self, start_s: float, end_s: float) -> "PitchTrack":
        """Return the frames from `start_s` to `end_s`, clipped to what exists."""
        first, last = round(max(start_s, 0.0) / self.hop_s), round(end_s / self.hop_s)
        return PitchTrack(self.f0_hz[first:last], self.voicing[first:last], self.hop_s)
