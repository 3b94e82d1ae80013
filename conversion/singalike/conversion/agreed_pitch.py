"""The pitch that two of three trackers agree on: for judging what engines sang, as no engine sings by it."""

from dataclasses import dataclass

import numpy as np
import pyworld
from numpy.typing import NDArray

from singalike.audio.sound import Sound
from singalike.conversion.world_retrieval.pitch import HIGHEST_HZ, LOWEST_HZ, HeadPitch
from singalike.embeddings.melody import MelodyEncoder

Floats = NDArray[np.float64]

AGREED_SEMITONES = 0.5
"""Trackers that lie closer hear the same note. Of voices with a known pitch .1 % is then wrong that two agree on."""


@dataclass(frozen=True, eq=False)
class AgreedPitch:
    """Tracks the pitch by three who fail in different places, and says where no two of them agree.

    Our pitch head mistakes octaves below 150 Hz, Harvest in rough onsets, and DIO loses voices in rooms and follows
    basses.

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
            float64 (frames,), see `agreed`; frame i is centred at i * hop_s.
        """
        waveform, rate = np.ascontiguousarray(sound.waveform[0], dtype=np.float64), sound.sample_rate
        rough_hz, times_s = pyworld.dio(waveform, rate, LOWEST_HZ, HIGHEST_HZ, frame_period=1000.0 * hop_s)
        by_dio = pyworld.stonemask(waveform, rough_hz, times_s, rate)
        by_harvest = pyworld.harvest(waveform, rate, LOWEST_HZ, HIGHEST_HZ, 1000.0 * hop_s)[0]
        by_head = HeadPitch(self.head).track(sound, hop_s)
        frames = min(len(by_dio), len(by_harvest), len(by_head))
        return agreed(np.stack([by_dio[:frames], by_harvest[:frames], by_head[:frames]]))


def agreed(tracks_hz: Floats) -> Floats:
    """Return what two of three tracks agree on.

    Args:
        tracks_hz: float64 (3, frames), zero where one hears nothing.

    Returns:
        float64 (frames,): the middle of the two nearest that lie within half a semitone, zero where two or three hear
        nothing, NaN where no two agree.
    """
    heard = tracks_hz > 0
    # Silence is far from every pitch, and from the silence of another tracker.
    octaves = np.sort(np.where(heard, np.log2(np.maximum(tracks_hz, 1.0)), [[100.0], [200.0], [300.0]]), axis=0)
    apart = np.diff(octaves, axis=0)
    nearest_two = np.where(apart[0] <= apart[1], octaves[:2], octaves[1:])
    is_agreed = apart.min(axis=0) <= AGREED_SEMITONES / 12.0
    middle_hz = np.exp2(np.where(is_agreed, nearest_two.mean(axis=0), 0.0))
    return np.where(is_agreed, middle_hz, np.where(heard.sum(axis=0) >= 2, np.nan, 0.0))
