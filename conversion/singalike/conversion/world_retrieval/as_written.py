"""The engine exactly as the specification writes it: the baseline that others have to beat."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from singalike.conversion.engine import ConvertOptions, EngineInfo
from singalike.conversion.world_retrieval.analysis import RATE, Frames
from singalike.conversion.world_retrieval.retrieval import (
    RETRIEVED_SHARE,
    content_keys,
    log2_pitch,
    retrieve,
    smoothed,
    with_spread,
)
from singalike.conversion.world_retrieval.statistics import Spread, chosen_rows, measure_spread

Floats = NDArray[np.float32]

PROTECT = 0.5


@dataclass(frozen=True)
class AsWritten:
    """Moments of the target and its statistics, mixed 3 to 1; half of the former where nothing is voiced.

    Attributes:
        min_seconds: Of voice that it takes to learn one.
    """

    min_seconds: float = 10.0

    def content_with(self, min_seconds: float) -> "AsWritten":
        """Return the same method, which learns from so much voice or more."""
        return replace(self, min_seconds=min_seconds)

    @property
    def info(self) -> EngineInfo:
        """What the engine is with this method."""
        return EngineInfo("world-retrieval-as-written", "2", "Apache-2.0", "none", self.min_seconds, RATE)

    def learn(self, takes: Frames, seed: int) -> Mapping[str, NDArray[Any]]:
        """Keep the statistics, and keys and cepstra of the sounding rows."""
        spread = measure_spread(takes)
        rows = chosen_rows(takes, seed)
        return {
            "mean": spread.mean,
            "deviation": spread.deviation,
            "keys": content_keys(spread.normalised(takes))[rows],
            "log2_f0": log2_pitch(takes)[rows],
            "cepstra": takes.cepstra[rows, 1:],
        }

    def moved(self, source: Frames, voice: Mapping[str, NDArray[Any]], options: ConvertOptions) -> Floats:
        """Move c1 to c59 of every row, float32 (frames, 59)."""
        target = Spread(voice["mean"], voice["deviation"])
        normalised = measure_spread(source).normalised(source)
        log2_f0 = log2_pitch(source) + options.key_shift / 12.0
        found = retrieve(content_keys(normalised), log2_f0, voice["keys"], voice["log2_f0"], voice["cepstra"])
        retrieved_share = RETRIEVED_SHARE if options.retrieval_share is None else options.retrieval_share
        protect = PROTECT if options.protect is None else options.protect
        share = np.where(source.voiced, retrieved_share, protect * retrieved_share)[:, None]
        affine = target.restored(normalised, source.voiced)
        mixed = smoothed((share * found + (1.0 - share) * affine).astype(np.float32))
        return with_spread(mixed, source, target)
