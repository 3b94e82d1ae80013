"""The engines of this package, ready to sing; they need no weights but the pitch head that is shipped."""

from pathlib import Path

from singalike.conversion.world_retrieval.analysis import NO_FLOOR_DB
from singalike.conversion.world_retrieval.as_written import AsWritten
from singalike.conversion.world_retrieval.pitch import VoicePitch, WrittenPitch
from singalike.conversion.world_retrieval.rendering import sung_by_filter, sung_by_world
from singalike.conversion.world_retrieval.shortest_way import ShortestWay
from singalike.conversion.world_retrieval.world_engine import WorldEngine
from singalike.embeddings.ears.port import Fetch, refuse_to_fetch

MIN_SECONDS = 10.0


def load(
    _weights: Path | None = None,
    device: str = "cpu",
    _fetch: Fetch = refuse_to_fetch,
    *,
    min_seconds: float = MIN_SECONDS,
) -> WorldEngine:
    """Load the default engine.

    Args:
        device: Where torch finds the pitch; all else is numpy.
        min_seconds: Of voice that it takes to learn one; with less than 10 s it copies chance.
    """
    return WorldEngine(ShortestWay(min_seconds), VoicePitch.load(device), sung_by_filter)


def load_as_written(
    _weights: Path | None = None,
    _device: str = "cpu",
    _fetch: Fetch = refuse_to_fetch,
    *,
    min_seconds: float = MIN_SECONDS,
) -> WorldEngine:
    """Load the specification's engine, the baseline."""
    return WorldEngine(AsWritten(min_seconds), WrittenPitch(), sung_by_world, NO_FLOOR_DB)
