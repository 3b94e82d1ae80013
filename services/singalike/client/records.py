"""What the services tell a client, as frozen values; None or empty where the owner of the catalogue did not say."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from singalike.recsys.suggestions import SingerSuggestion, SongSuggestion, VoiceSummary

Audio = bytes | str | Path
"""An encoded recording: its bytes, or the path of the file."""


@dataclass(frozen=True)
class Recording:
    """A recording and how to listen to it.

    Attributes:
        audio: Path or bytes.
        channel: "mix", "left" or "right".
        a_cappella: Whether it holds a voice alone; None: yes for people's voices, no for tracks.
    """

    audio: Audio
    channel: str = "mix"
    a_cappella: bool | None = None


@dataclass(frozen=True)
class VoiceId:
    """Names an enrolled voice."""

    value: str


@dataclass(frozen=True)
class TrackDescription:
    """What the owner of a catalogue says of a recording; `voice_gender` is "female", "male" or None."""

    singer: str
    title: str
    genre: str | None = None
    language: str | None = None
    isrc: str | None = None
    voice_gender: str | None = None


@dataclass(frozen=True)
class CatalogueSinger:
    """A voice in the catalogue."""

    singer_id: str
    name: str
    voice_gender: str | None
    track_count: int
    create_time: datetime


@dataclass(frozen=True)
class CatalogueTrack:
    """A recording in the catalogue."""

    track_id: str
    singer_id: str
    info: TrackDescription
    content_sha256: str
    duration_s: float
    separator: str
    model_version: str
    create_time: datetime


@dataclass(frozen=True, eq=False)
class EnrolledVoice:
    """A person's stored voice, without its vectors."""

    voice_id: str
    summary: VoiceSummary
    model_version: str
    create_time: datetime


@dataclass(frozen=True)
class EmbedRefusal:
    """Why one recording of a batch has no profile."""

    reason: str
    message: str


@dataclass(frozen=True)
class Model:
    """Which ear listens, and how long its vectors are."""

    model_version: str
    timbre_dim: int
    style_dim: int
    melody_dim: int
    device: str


@dataclass(frozen=True)
class SuggestionFilters:
    """Which singers and tracks may be suggested; empty fields do not restrict.

    Attributes:
        excluded_singer_ids, excluded_track_ids: Never suggested.
        genres, languages, voice_genders: Only tracks and singers whose owner said one of these.
        signals_off: Names of signals that do not count.
    """

    excluded_singer_ids: tuple[str, ...] = ()
    excluded_track_ids: tuple[str, ...] = ()
    genres: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    voice_genders: tuple[str, ...] = ()
    signals_off: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class SingerSuggestions:
    """Singers best first, what was heard, and things to know."""

    singers: tuple[SingerSuggestion, ...]
    voice: VoiceSummary
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, eq=False)
class SongSuggestions:
    """Songs best first, what was heard, and things to know."""

    songs: tuple[SongSuggestion, ...]
    voice: VoiceSummary
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class MapPoint:
    """A singer's place on the map.

    Attributes:
        singer_id, name: Who.
        x, y: Where, without a unit; near means alike.
        label: Value that colours the point; None when unknown.
        track_count: Tracks of the singer.
        female_probability: Mean over the tracks.
        tessitura_midi: Low and high in MIDI pitch; None when too little was sung.
    """

    singer_id: str
    name: str
    x: float
    y: float
    label: str | None
    track_count: int
    female_probability: float
    tessitura_midi: tuple[float, float] | None


@dataclass(frozen=True)
class SingerMap:
    """All singers on a plane, with the share of true neighbours kept and how well the labels part the map."""

    points: tuple[MapPoint, ...]
    trustworthiness: float
    silhouette: float | None
