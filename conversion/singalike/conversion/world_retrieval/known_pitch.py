"""Believe a caller who knows the pitch better: separated vocals hold more than one."""

import numpy as np
import pyworld
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack
from singalike.audio.sound import Sound

Floats = NDArray[np.float64]

FAR_SEMITONES = 3.0
"""Trackers that lie closer hear the same note, and the one at hand is more exact."""

REFINED_SEMITONES = 1.0
"""What StoneMask makes of a known pitch is taken up to this distance."""


def with_known_pitch(f0_hz: Floats, sound: Sound, hop_s: float, known: PitchTrack) -> Floats:
    """Correct a tracked pitch where it is another voice's or an instrument's.

    Args:
        f0_hz: float64 (frames,), tracked in `sound`, zero where unvoiced.
        sound: Mono.
        hop_s: Of the frames.
        known: Of the same stretch, NaN where nothing is known.

    Returns:
        float64 (frames,); moved where both are voiced and lie more than FAR_SEMITONES apart.
    """
    times_s = np.arange(len(f0_hz)) * hop_s
    nearest = np.minimum(np.round(times_s / known.hop_s).astype(np.intp), len(known.f0_hz) - 1)
    told_hz = np.nan_to_num(known.f0_hz[nearest].astype(np.float64))
    is_other = (f0_hz > 0) & (told_hz > 0) & (_semitones(f0_hz, told_hz) > FAR_SEMITONES)
    if not is_other.any():
        return f0_hz
    waveform = np.ascontiguousarray(sound.waveform[0], dtype=np.float64)
    exact_hz = pyworld.stonemask(waveform, told_hz, times_s, sound.sample_rate)
    is_near = (exact_hz > 0) & (_semitones(exact_hz, told_hz) < REFINED_SEMITONES)
    return np.where(is_other, np.where(is_near, exact_hz, told_hz), f0_hz)


def _semitones(one_hz: Floats, other_hz: Floats) -> Floats:
    """Distance in semitones, any shape; large where either is zero."""
    return np.abs(12.0 * np.log2(np.maximum(one_hz, 1.0) / np.maximum(other_hz, 1.0)))
