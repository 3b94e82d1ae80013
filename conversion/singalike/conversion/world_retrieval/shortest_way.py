"""The default engine: the shortest way to the target's distribution of envelopes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from singalike.conversion.engine import ConvertOptions, EngineInfo
from singalike.conversion.world_retrieval.analysis import RATE, Frames
from singalike.conversion.world_retrieval.retrieval import content_keys, log2_pitch, retrieve, smoothed, with_spread
from singalike.conversion.world_retrieval.statistics import Spread, chosen_rows, measure_spread
from singalike.conversion.world_retrieval.transport import Normal, measure_normal, transported

Floats = NDArray[np.float32]

RETRIEVED_SHARE = 0.0
"""Moments of the target make phones blur and the voice no more like it; whoever wants them asks for them."""


@dataclass(frozen=True)
class ShortestWay:
    """Moves envelopes as little as brings their mean and covariance to the target's.

    Attributes:
        min_seconds: Of voice that it takes to learn one.
    """

    min_seconds: float = 10.0

    def content_with(self, min_seconds: float) -> "ShortestWay":
        """Return the same method, which learns from so much voice or more."""
        return replace(self, min_seconds=min_seconds)

    @property
    def info(self) -> EngineInfo:
        """What the engine is with this method."""
        return EngineInfo("world-retrieval", "2", "Apache-2.0", "none", self.min_seconds, RATE)

    def learn(self, takes: Frames, seed: int) -> Mapping[str, NDArray[Any]]:
        """Keep mean, covariance, and moments that retrieval may ask for."""
        normal, spread = measure_normal(takes), measure_spread(takes)
        rows = chosen_rows(takes, seed)
        return {
            "mean": normal.mean,
            "covariance": normal.covariance,
            "deviation": spread.deviation,
            "keys": content_keys(spread.normalised(takes))[rows],
            "log2_f0": log2_pitch(takes)[rows],
            "cepstra": takes.cepstra[rows, 1:],
        }

    def moved(self, source: Frames, voice: Mapping[str, NDArray[Any]], options: ConvertOptions) -> Floats:
        """Move c1 to c59 of every row, float32 (frames, 59)."""
        target = Normal(voice["mean"], voice["covariance"])
        moved = transported(source, measure_normal(source), target)
        moved = with_spread(moved, source, Spread(voice["mean"], voice["deviation"]))
        share = RETRIEVED_SHARE if options.retrieval_share is None else options.retrieval_share
        if share:
            moved = smoothed(
                moved + np.float32(share) * (self._retrieved(_with(source, moved), voice, options) - moved)
            )
        if options.protect is None:
            return moved
        part = np.where(source.voiced, 1.0, options.protect).astype(np.float32)[:, None]
        return source.cepstra[:, 1:] + part * (moved - source.cepstra[:, 1:])

    def _retrieved(self, moved: Frames, voice: Mapping[str, NDArray[Any]], options: ConvertOptions) -> Floats:
        """Look for moments of the target that are like the moved rows: both are in one voice by now."""
        keys = content_keys(Spread(voice["mean"], voice["deviation"]).normalised(moved))
        log2_f0 = log2_pitch(moved) + np.float32(options.key_shift / 12.0)
        return retrieve(keys, log2_f0, voice["keys"], voice["log2_f0"], voice["cepstra"])


def _with(frames: Frames, cepstra: Floats) -> Frames:
    """Return the same rows with other c1 to c59."""
    return replace(frames, cepstra=np.column_stack([frames.cepstra[:, :1], cepstra]))
