"""A voice as the engine sees it: pitch and mel-cepstra of its envelope, every 5 ms."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyworld
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack
from singalike.audio.sound import Sound

Floats = NDArray[np.float32]

RATE = 24_000
HOP_S = 0.005
HOP = round(RATE * HOP_S)
COEFFICIENTS = 60
FLOOR_DB, NO_FLOOR_DB = -65.0, float("-inf")
QUIET_DB = 40.0
"""Frames that lie this far below the loud ones say nothing about a voice."""


@dataclass(frozen=True, eq=False)
class Frames:
    """A voice, a row every 5 ms; row i is centred at i * 5 ms.

    Attributes:
        f0_hz: float32 (frames,), zero where unvoiced.
        cepstra: float32 (frames, 60), WORLD's mel-cepstra of the log power envelope; c0 holds the level.
        level_db: float32 (frames,), level of the sound around each row, in dB of full scale.
    """

    f0_hz: Floats
    cepstra: Floats
    level_db: Floats

    def __len__(self) -> int:
        return len(self.f0_hz)

    @property
    def voiced(self) -> NDArray[np.bool_]:
        """Whether each row is voiced, bool (frames,)."""
        return np.asarray(self.f0_hz > 0)

    @property
    def sounding(self) -> NDArray[np.bool_]:
        """Whether each row is loud enough to tell something about the voice, bool (frames,)."""
        if len(self) == 0:
            return np.zeros(0, dtype=np.bool_)
        return np.asarray(self.level_db > np.percentile(self.level_db, 95) - QUIET_DB)

    @property
    def pitch(self) -> PitchTrack:
        """The pitch as a track."""
        return PitchTrack(np.where(self.voiced, self.f0_hz, np.nan), self.voiced.astype(np.float32), HOP_S)

    def rows(self, first: int, last: int) -> "Frames":
        """Return the rows from `first` to before `last`."""
        return Frames(self.f0_hz[first:last], self.cepstra[first:last], self.level_db[first:last])


def join(parts: list[Frames]) -> Frames:
    """Put the rows of several parts behind each other."""
    return Frames(
        np.concatenate([part.f0_hz for part in parts]),
        np.concatenate([part.cepstra for part in parts]),
        np.concatenate([part.level_db for part in parts]),
    )


def analyse(sound: Sound, f0_hz: NDArray[np.float64], floor_db: float = FLOOR_DB) -> Frames:
    """Take a voice apart with CheapTrick.

    Args:
        sound: Mono at 24 000 Hz, at least one sample.
        f0_hz: float64 (1 + samples // 120,), its pitch, zero where unvoiced.
        floor_db: See `over_floor`.

    Returns:
        A row for every pitch.

    Source:
        Morise 2015, CheapTrick, https://doi.org/10.1016/j.specom.2014.09.003.
    """
    waveform = np.ascontiguousarray(sound.waveform[0], dtype=np.float64)
    envelope = pyworld.cheaptrick(waveform, f0_hz, np.arange(len(f0_hz)) * HOP_S, RATE)
    cepstra = pyworld.code_spectral_envelope(over_floor(envelope, floor_db), RATE, COEFFICIENTS)
    return Frames(f0_hz.astype(np.float32), cepstra.astype(np.float32), _level_db(sound.waveform[0], len(f0_hz)))


def over_floor(envelope: NDArray[np.float64], floor_db: float = FLOOR_DB) -> NDArray[np.float64]:
    """Fill bands that a recording does not have.

    A recording of 16 kHz, or one that went through MP3, holds nothing above its band; the logarithm of nothing would
    decide every coefficient.

    Args:
        envelope: float64 (frames, bins), power.
        floor_db: Of the mean of each row.

    Returns:
        The same over the floor.
    """
    return np.asarray(envelope + 10.0 ** (floor_db / 10.0) * envelope.mean(axis=1, keepdims=True))


@lru_cache(maxsize=1)
def envelope_basis() -> Floats:
    """Return the matrix that turns mel-cepstra (frames, 60) into log power envelopes (frames, bins up to 12 kHz)."""
    bins = pyworld.get_cheaptrick_fft_size(RATE)
    unit = np.concatenate([np.eye(COEFFICIENTS), np.zeros((1, COEFFICIENTS))])
    decoded = np.log(pyworld.decode_spectral_envelope(np.ascontiguousarray(unit), RATE, bins))
    return np.asarray(decoded[:-1] - decoded[-1], dtype=np.float32)


def _level_db(waveform: Floats, frames: int) -> Floats:
    """Level of 20 ms around each row."""
    power = np.square(np.pad(waveform, (2 * HOP, 3 * HOP)))
    hops = power[: len(power) // HOP * HOP].reshape(-1, HOP).mean(axis=1)
    windows = np.lib.stride_tricks.sliding_window_view(hops, 4).mean(axis=1)[:frames]
    return np.asarray(10.0 * np.log10(windows + 1e-12), dtype=np.float32)
