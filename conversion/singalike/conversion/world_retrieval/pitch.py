"""The pitch that engines work with: DIO, and our own pitch head or Harvest where DIO loses the voice."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyworld
from numpy.typing import NDArray

from singalike.audio.f0 import reduce_octave_errors
from singalike.audio.pitch import PitchTrack
from singalike.audio.resample import resample
from singalike.audio.sound import Sound
from singalike.embeddings.melody import SAMPLE_RATE as HEAD_RATE
from singalike.embeddings.melody import MelodyEncoder

Floats = NDArray[np.float64]

LOWEST_HZ, HIGHEST_HZ = 65.0, 1_050.0

SUNG_SHARE = 0.7
"""Of what is loud has a pitch in clean singing; speech has a third without, and in rooms DIO loses the voice."""

QUIET_DB, LOUD_S = 25.0, 0.02


class PitchTracker(Protocol):
    """Finds the pitch of one voice."""

    def track(self, sound: Sound, hop_s: float) -> Floats:
        """Track the pitch.

        Args:
            sound: Mono, 16 000 Hz or more.
            hop_s: Seconds from one frame to the next.

        Returns:
            float64 (frames,), in Hz, zero where unvoiced; frame i is centred at i * hop_s.
        """
        ...


@dataclass(frozen=True, eq=False)
class VoicePitch:
    """Tracks the pitch of one voice.

    DIO is exact where it finds a voice, and finds none in rooms and in rough speech. The pitch head finds it there in
    a hundredth of Harvest's time; StoneMask makes it exact.

    Attributes:
        head: Whose pitch fills the holes.

    Source:
        Morise et al. 2009 (DIO); Morise 2016 (StoneMask), https://doi.org/10.1587/transinf.2015EDP7457.
    """

    head: MelodyEncoder

    @classmethod
    def load(cls, device: str = "cpu") -> "VoicePitch":
        """Load the shipped pitch head.

        Raises:
            NotFoundError: CHECKPOINT_NOT_FOUND.
            WrongStateError: CHECKPOINT_DAMAGED.
        """
        return cls(MelodyEncoder.load(device=device))

    def track(self, sound: Sound, hop_s: float) -> Floats:
        """Track the pitch, short octave errors repaired.

        Args:
            sound: Mono, 16 000 Hz or more.
            hop_s: Seconds from one frame to the next.

        Returns:
            float64 (frames,), in Hz, zero where unvoiced; frame i is centred at i * hop_s.
        """
        waveform, rate = np.ascontiguousarray(sound.waveform[0], dtype=np.float64), sound.sample_rate
        found_hz, times_s = pyworld.dio(waveform, rate, LOWEST_HZ, HIGHEST_HZ, frame_period=1000.0 * hop_s)
        rough_hz = np.where(found_hz > 0, found_hz, _by_head(self.head, sound, times_s))
        f0_hz = pyworld.stonemask(waveform, rough_hz, times_s, rate)
        voiced = f0_hz > 0
        exact = PitchTrack(np.where(voiced, f0_hz, np.nan).astype(np.float32), voiced.astype(np.float32), hop_s)
        repaired = np.nan_to_num(reduce_octave_errors(exact).f0_hz).astype(np.float64)
        return np.where((repaired >= LOWEST_HZ) & (repaired <= HIGHEST_HZ), repaired, 0.0)


@dataclass(frozen=True)
class WrittenPitch:
    """Tracks the pitch as the specification writes it: DIO on clean singing, Harvest on speech and rooms.

    What is clean shows in DIO itself: it finds a pitch in less than `SUNG_SHARE` of what sounds elsewhere.

    Source:
        Morise et al. 2009 (DIO); Morise 2016 (StoneMask), https://doi.org/10.1587/transinf.2015EDP7457;
        Morise 2017 (Harvest), https://doi.org/10.21437/Interspeech.2017-68.
    """

    def track(self, sound: Sound, hop_s: float) -> Floats:
        """Track the pitch; see `PitchTracker.track`."""
        waveform, rate = np.ascontiguousarray(sound.waveform[0], dtype=np.float64), sound.sample_rate
        rough_hz, times_s = pyworld.dio(waveform, rate, LOWEST_HZ, HIGHEST_HZ, frame_period=1000.0 * hop_s)
        loud = _loud(waveform, times_s, rate)
        if (rough_hz > 0)[loud].mean() >= SUNG_SHARE:
            return np.asarray(pyworld.stonemask(waveform, rough_hz, times_s, rate))
        return np.asarray(pyworld.harvest(waveform, rate, LOWEST_HZ, HIGHEST_HZ, 1000.0 * hop_s)[0])


def _loud(waveform: Floats, times_s: Floats, rate: int) -> NDArray[np.bool_]:
    """Tell which frames lie within `QUIET_DB` of the loudest one; at least one does."""
    reach = round(LOUD_S * rate)
    power = np.convolve(np.square(waveform), np.full(reach, 1.0 / reach), mode="same")
    level = power[np.minimum(np.round(times_s * rate).astype(np.intp), len(waveform) - 1)]
    return np.asarray(level >= level.max() * 10.0 ** (-QUIET_DB / 10.0))


@dataclass(frozen=True, eq=False)
class HeadPitch:
    """Tracks the pitch with the pitch head alone: for judging, as no engine sings by it alone.

    Attributes:
        head: Ours.
    """

    head: MelodyEncoder

    def track(self, sound: Sound, hop_s: float) -> Floats:
        """Track the pitch; see `PitchTracker.track`."""
        frames = 1 + int(sound.waveform.shape[-1] / (hop_s * sound.sample_rate))
        return _by_head(self.head, sound, np.arange(frames, dtype=np.float64) * hop_s)


def _by_head(head: MelodyEncoder, sound: Sound, times_s: Floats) -> Floats:
    track = head.analyse([resample(sound, HEAD_RATE).waveform[0]])[0].pitch
    heard = np.isfinite(track.f0_hz)
    if not heard.any():
        return np.zeros(len(times_s))
    known_s = np.arange(len(heard)) * track.hop_s
    log_hz = np.interp(times_s, known_s[heard], np.log(track.f0_hz[heard].astype(np.float64)))
    nearest = np.minimum(np.round(times_s / track.hop_s).astype(np.intp), len(heard) - 1)
    return np.where(heard[nearest], np.exp(log_hz), 0.0)
