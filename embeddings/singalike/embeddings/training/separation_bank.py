"""What clips for a separator are mixed from: a folder of voices and of accompaniments, listed in `index.json`.

The index is {"voices": [{"file", "source", "kind", "held_out"}, ...], "backings": [{"file", "held_out"}, ...]}; every
file is a NumPy array of int16 at 16 000 Hz, a voice (samples,), an accompaniment (2, samples). They are mapped, not
read, so a bank may be larger than memory.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.embeddings.training.stereo_effects import Waveform, played_faster
from singalike.errors import NotFoundError

INDEX = "index.json"
SYNTHETIC = "synthetic"
"""Source of voices that nobody lent: each is a singer of its own."""

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


def read_bank(folder: Path, held_out: bool) -> SeparationBank:
    """Open a bank.

    Args:
        folder: Holds the index.
        held_out: Whether to read what validates or what trains.

    Raises:
        NotFoundError: BANK_NOT_FOUND.
    """
    try:
        index = json.loads((folder / INDEX).read_text("utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError("BANK_NOT_FOUND", f"no {INDEX} in {folder}: let the material be made first") from error
    voices: dict[str, list[Stored]] = {}
    for entry in index["voices"]:
        if bool(entry["held_out"]) == held_out:
            singer = entry["file"] if entry["source"] == SYNTHETIC else entry["source"]
            voices.setdefault(singer, []).append(_mapped(folder / entry["file"])[None])
    backings = [_mapped(folder / entry["file"]) for entry in index["backings"] if bool(entry["held_out"]) == held_out]
    return SeparationBank(voices, backings)


def _mapped(file: Path) -> Stored:
    return np.asarray(np.load(file, mmap_mode="r"))


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
