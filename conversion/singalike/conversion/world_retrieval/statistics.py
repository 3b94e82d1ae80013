"""What is true of a voice on the whole: mean and deviation of its mel-cepstra, voiced and unvoiced apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.conversion.world_retrieval.analysis import Frames

Floats = NDArray[np.float32]

FEWEST_ROWS = 20
"""Below this many rows of one kind, the statistics of both kinds together stand in."""

MOST_ROWS = 12_000
"""Of a voice that are searched, one minute: more would slow every song down and change little."""


@dataclass(frozen=True, eq=False)
class Spread:
    """Mean and deviation of c1 to c59.

    Attributes:
        mean: float32 (2, 59), row 0 of unvoiced and row 1 of voiced frames.
        deviation: float32 (2, 59), above zero.
    """

    mean: Floats
    deviation: Floats

    def normalised(self, frames: Frames) -> Floats:
        """Return c1 to c59 of every row in deviations from the mean of its kind, (frames, 59)."""
        kind = frames.voiced.astype(np.intp)
        return np.asarray((frames.cepstra[:, 1:] - self.mean[kind]) / self.deviation[kind], dtype=np.float32)

    def restored(self, normalised: Floats, voiced: NDArray[np.bool_]) -> Floats:
        """Turn normalised rows (frames, 59) into c1 to c59 of this voice."""
        kind = voiced.astype(np.intp)
        return np.asarray(normalised * self.deviation[kind] + self.mean[kind], dtype=np.float32)


def measure_spread(frames: Frames) -> Spread:
    """Measure a voice over its sounding rows."""
    sounding = frames.sounding
    kinds = [sounding & ~frames.voiced, sounding & frames.voiced]
    chosen = [kind if kind.sum() >= FEWEST_ROWS else sounding for kind in kinds]
    rows = [frames.cepstra[kind, 1:] for kind in chosen]
    return Spread(
        np.stack([part.mean(axis=0) for part in rows]).astype(np.float32),
        np.stack([part.std(axis=0) + 1e-3 for part in rows]).astype(np.float32),
    )


def chosen_rows(frames: Frames, seed: int) -> NDArray[np.intp]:
    """Choose the rows of a voice that are kept to be searched: sounding ones, at most a minute, in order."""
    rows = np.flatnonzero(frames.sounding)
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_ROWS, replace=False))
    return rows
