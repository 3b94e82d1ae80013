"""Drawing voices and accompaniments from the bank, for the clips that a separator is trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.embeddings.training.material_bank import Bank
from singalike.embeddings.training.separation_voices import SYNTHETIC
from singalike.embeddings.training.stereo_effects import Waveform, played_faster
from singalike.errors import InvalidInputError

_FULL_SCALE = np.float32(1 / 32768)

Stored = NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class SeparationBank:
    """Voices and accompaniments of one side of the split.

    Attributes:
        voices: Recordings of every singer, each (1, samples).
        backings: Accompaniments, each (2, samples).
    """

    voices: Mapping[str, Sequence[Stored]]
    backings: Sequence[Stored]

    def draw_voice(self, samples: int, rng: Generator) -> Waveform:
        """Cut (1, samples) out of a recording of some singer, sometimes played faster or slower."""
        singers = sorted(self.voices)
        recordings = self.voices[singers[int(rng.integers(len(singers)))]]
        factor = float(np.exp(rng.uniform(-0.2, 0.2))) if rng.random() < 0.4 else 1.0
        return _played(recordings[int(rng.integers(len(recordings)))], factor, samples, rng)

    def draw_backing(self, samples: int, rng: Generator) -> Waveform:
        """Cut (2, samples) out of some accompaniment, sometimes played faster or slower."""
        factor = float(np.exp(rng.uniform(-0.12, 0.12))) if rng.random() < 0.35 else 1.0
        return _played(self.backings[int(rng.integers(len(self.backings)))], factor, samples, rng)


def bank_side(bank: Bank, held_out: bool) -> SeparationBank:
    """Open what trains, or what only validates, of a bank; sounds are mapped into memory, not read.

    Args:
        bank: Voices and accompaniments on disk.
        held_out: Which of the two.

    Raises:
        InvalidInputError: BANK_EMPTY, there is no voice or no accompaniment on this side.
    """
    voices: dict[str, list[Stored]] = {}
    for voice in (each for each in bank.voices if each.held_out == held_out):
        singer = voice.file if voice.source == SYNTHETIC else voice.source
        voices.setdefault(singer, []).append(bank.sound(voice)[None])
    backings = [bank.sound(backing) for backing in bank.backings if backing.held_out == held_out]
    if not voices or not backings:
        raise InvalidInputError("BANK_EMPTY", f"{bank.folder} holds too little: make more voices and accompaniments")
    return SeparationBank(voices, backings)


def _played(stored: Stored, factor: float, samples: int, rng: Generator) -> Waveform:
    """Cut a random part, or set a short recording at a random place in silence."""
    needed = int(samples * factor) + 8
    there = stored.shape[-1]
    if there > needed:
        first = int(rng.integers(0, there - needed + 1))
        part = stored[:, first : first + needed] * _FULL_SCALE
    else:
        before = int(rng.integers(0, needed - there + 1))
        part = np.pad(stored * _FULL_SCALE, ((0, 0), (before, needed - there - before)))
    return played_faster(part, factor, samples)
