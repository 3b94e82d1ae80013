"""Call Singalike from Python: `Client` for ordinary programs, `AsyncClient` for asyncio."""

from singalike.client.aio import AsyncClient
from singalike.client.conversion_records import (
    ConsentPhrase,
    ConsentRecord,
    ConversionChoices,
    ConversionNews,
    ConvertedSong,
    Engine,
    SongConversion,
    TargetVoice,
)
from singalike.client.experiment_report import ArmFigures, ExperimentReport
from singalike.client.listener_records import Exclusion, Feedback
from singalike.client.records import (
    CatalogueSinger,
    CatalogueTrack,
    EmbedRefusal,
    EnrolledVoice,
    MapPoint,
    Model,
    Preset,
    Recording,
    SingerMap,
    SingerSuggestions,
    SongSuggestions,
    SuggestionChoices,
    SuggestionFilters,
    TrackDescription,
    VoiceId,
)
from singalike.client.sync import Client
from singalike.recsys.seeds import Seed

__all__ = [
    "ArmFigures",
    "AsyncClient",
    "CatalogueSinger",
    "CatalogueTrack",
    "Client",
    "ConsentPhrase",
    "ConsentRecord",
    "ConversionChoices",
    "ConversionNews",
    "ConvertedSong",
    "EmbedRefusal",
    "Engine",
    "EnrolledVoice",
    "Exclusion",
    "ExperimentReport",
    "Feedback",
    "MapPoint",
    "Model",
    "Preset",
    "Recording",
    "Seed",
    "SingerMap",
    "SingerSuggestions",
    "SongConversion",
    "SongSuggestions",
    "SuggestionChoices",
    "SuggestionFilters",
    "TargetVoice",
    "TrackDescription",
    "VoiceId",
]
