"""Call Singalike from Python: `Client` for ordinary programs, `AsyncClient` for asyncio."""

from singalike.client.aio import AsyncClient
from singalike.client.listener_records import Exclusion, Feedback
from singalike.client.records import (
    CatalogueSinger,
    CatalogueTrack,
    EmbedRefusal,
    EnrolledVoice,
    MapPoint,
    Model,
    Recording,
    SingerMap,
    SingerSuggestions,
    SongSuggestions,
    SuggestionFilters,
    TrackDescription,
    VoiceId,
)
from singalike.client.sync import Client

__all__ = [
    "AsyncClient",
    "CatalogueSinger",
    "CatalogueTrack",
    "Client",
    "EmbedRefusal",
    "EnrolledVoice",
    "Exclusion",
    "Feedback",
    "MapPoint",
    "Model",
    "Recording",
    "SingerMap",
    "SingerSuggestions",
    "SongSuggestions",
    "SuggestionFilters",
    "TrackDescription",
    "VoiceId",
]
