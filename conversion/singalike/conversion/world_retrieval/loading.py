"""The engines of this package, ready to sing."""

from singalike.conversion.world_retrieval.as_written import AsWritten
from singalike.conversion.world_retrieval.pitch import VoicePitch
from singalike.conversion.world_retrieval.rendering import sung_by_filter, sung_by_world
from singalike.conversion.world_retrieval.shortest_way import ShortestWay
from singalike.conversion.world_retrieval.world_engine import WorldEngine

MIN_SECONDS = 10.0


def load(min_seconds: float = MIN_SECONDS) -> WorldEngine:
    """Load the default engine.

    Args:
        min_seconds: Of voice that it takes to learn one; with less than 10 s it copies chance.
    """
    return WorldEngine(ShortestWay(min_seconds), VoicePitch.load(), sung_by_filter)


def load_as_written(min_seconds: float = MIN_SECONDS) -> WorldEngine:
    """Load the specification's engine, the baseline."""
    return WorldEngine(AsWritten(min_seconds), VoicePitch.load(), sung_by_world)
