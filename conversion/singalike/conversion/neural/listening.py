"""What a network needs to know of a voice: what is sung and how high, in rows of 20 and of 10 ms."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.audio.sound import Sound
from singalike.conversion.neural.content import HOP, RATE, ContentEncoder
from singalike.conversion.pieces import Piece
from singalike.conversion.world_retrieval.pitch import VoicePitch

Floats = NDArray[np.float32]

PITCH_HOP_S = 0.01
PITCHES_A_ROW = 2
QUIET_DB = 40.0
"""Rows that lie this far below the loud ones say nothing about a voice."""


@dataclass(frozen=True, eq=False)
class Heard:
    """A stretch of a voice.

    Attributes:
        content: float32 (rows, dim), a row for every 20 ms; row i begins at i * 20 ms.
        f0_hz: float32 (2 * rows,), every 10 ms, zero where unvoiced.
        level_db: float32 (rows,), in dB of full scale.
        follows: bool (rows,), whether a row was sung right behind the one before it.
    """

    content: Floats
    f0_hz: Floats
    level_db: Floats
    follows: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.content)

    @property
    def row_hz(self) -> Floats:
        """Pitch of each row, float32 (rows,), zero where unvoiced."""
        return self.f0_hz[::PITCHES_A_ROW]

    @property
    def log2_f0(self) -> Floats:
        """Octaves over 1 Hz of each row, float32 (rows,), NaN where unvoiced."""
        return np.log2(np.where(self.row_hz > 0, self.row_hz, np.nan)).astype(np.float32)

    @property
    def sounding(self) -> NDArray[np.bool_]:
        """Whether each row is loud enough to tell something about the voice, bool (rows,)."""
        return np.asarray(self.level_db > np.percentile(self.level_db, 95) - QUIET_DB)

    def rows(self, first: int, last: int) -> "Heard":
        """Return the rows from `first` to before `last`."""
        pitches = slice(PITCHES_A_ROW * first, PITCHES_A_ROW * last)
        follows = self.follows[first:last].copy()
        follows[:1] = False
        return Heard(self.content[first:last], self.f0_hz[pitches], self.level_db[first:last], follows)


@dataclass(frozen=True, eq=False)
class Listener:
    """Listens to voices.

    Attributes:
        content: Says what is sung.
        pitch: Says how high.
    """

    content: ContentEncoder
    pitch: VoicePitch

    def hear(self, sound: Sound) -> Heard:
        """Listen to a voice, mono at 16 000 Hz; every begun 20 ms give a row."""
        content = self.content.encode(sound)
        rows = len(content)
        f0_hz = self.pitch.track(sound, PITCH_HOP_S).astype(np.float32)
        missing = max(PITCHES_A_ROW * rows - len(f0_hz), 0)
        filled = np.pad(sound.waveform[0], (0, rows * HOP - sound.waveform.shape[-1])).reshape(rows, HOP)
        level_db = 10.0 * np.log10(np.square(filled).mean(axis=1) + 1e-12)
        return Heard(
            content,
            np.pad(f0_hz, (0, missing))[: PITCHES_A_ROW * rows],
            level_db.astype(np.float32),
            np.arange(rows) > 0,
        )


def own_rows(heard: Heard, piece: Piece) -> Heard:
    """Drop the rows of a piece's margins; pieces lie on a grid of 20 ms at 16 000 Hz."""
    first = (piece.first - piece.from_sample) // HOP
    return heard.rows(first, first + math.ceil((piece.last - piece.first) / HOP))


def join(parts: Sequence[Heard]) -> Heard:
    """Put stretches behind each other; the first row of each follows nothing."""
    return Heard(
        np.concatenate([part.content for part in parts]),
        np.concatenate([part.f0_hz for part in parts]),
        np.concatenate([part.level_db for part in parts]),
        np.concatenate([part.follows for part in parts]),
    )


def seconds(rows: float) -> float:
    """How long so many rows last."""
    return rows * HOP / RATE
