"""The pitch that our head hears and DIO or Harvest confirms: for judging what engines sang, as none sings by it."""

from dataclasses import dataclass

import numpy as np
import pyworld
from numpy.typing import NDArray

from singalike.audio.sound import Sound
from singalike.conversion.world_retrieval.pitch import HIGHEST_HZ, LOWEST_HZ, HeadPitch
from singalike.embeddings.melody import MelodyEncoder

Floats = NDArray[np.float64]

CONFIRMED_SEMITONES = 0.5
"""Trackers that lie closer hear the same note."""


@dataclass(frozen=True, eq=False)
class ConfirmedPitch:
    """Tracks the pitch by two kinds of trackers that fail in different places, and says where they do not agree.

    Our pitch head knows voices and mistakes octaves of low ones. DIO and Harvest look for a period, as relatives that
    fall for the same bass or overtone: what they agree on without the head has one witness, not two.

    Attributes:
        head: Ours.

    Source:
        Morise et al. 2009 (DIO); Morise 2016 (StoneMask), https://doi.org/10.1587/transinf.2015EDP7457;
        Morise 2017 (Harvest), https://doi.org/10.21437/Interspeech.2017-68.
    """

    head: MelodyEncoder

    def track(self, sound: Sound, hop_s: float) -> Floats:
        """Track the pitch.

        Args:
            sound: Mono, 16 000 Hz or more.
            hop_s: Seconds from one frame to the next.

        Returns:
            float64 (frames,), see `confirmed`; frame i is centred at i * hop_s.
        """
        waveform, rate = np.ascontiguousarray(sound.waveform[0], dtype=np.float64), sound.sample_rate
        rough_hz, times_s = pyworld.dio(waveform, rate, LOWEST_HZ, HIGHEST_HZ, frame_period=1000.0 * hop_s)
        by_dio = pyworld.stonemask(waveform, rough_hz, times_s, rate)
        by_harvest = pyworld.harvest(waveform, rate, LOWEST_HZ, HIGHEST_HZ, 1000.0 * hop_s)[0]
        by_head = HeadPitch(self.head).track(sound, hop_s)
        frames = min(len(by_dio), len(by_harvest), len(by_head))
        return confirmed(by_head[:frames], np.stack([by_dio[:frames], by_harvest[:frames]]))


def confirmed(by_head_hz: Floats, by_period_hz: Floats) -> Floats:
    """Return what the head hears and a tracker of periods confirms.

    Args:
        by_head_hz: float64 (frames,), zero where it hears nothing.
        by_period_hz: float64 (2, frames), the same of two others.

    Returns:
        float64 (frames,): the middle of the head's pitch and the nearest other one that lies within half a semitone,
        zero where two or three hear nothing, NaN everywhere else.
    """
    heard = (by_head_hz > 0) & (by_period_hz > 0)
    ratio = np.maximum(by_period_hz, 1.0) / np.maximum(by_head_hz, 1.0)
    apart = np.where(heard, np.abs(np.log2(ratio)), np.inf)
    nearest_hz = np.take_along_axis(by_period_hz, apart.argmin(axis=0)[None], axis=0)[0]
    is_confirmed = apart.min(axis=0) <= CONFIRMED_SEMITONES / 12.0
    heard_by = (by_head_hz > 0).astype(int) + (by_period_hz > 0).sum(axis=0)
    return np.where(is_confirmed, np.sqrt(by_head_hz * nearest_hz), np.where(heard_by >= 2, np.nan, 0.0))
