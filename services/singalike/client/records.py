"""What the services tell a client, as frozen values; None or empty where the owner of the catalogue did not say."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from singalike.embeddings.profile import VoiceProfile
from singalike.recsys.seeds import Seed
from singalike.recsys.suggestions import Abstention, ListSummary, SingerSuggestion, SongSuggestion, VoiceSummary

Audio = bytes | str | Path
"""An encoded recording: its bytes, or the path of the file."""

Progress = Callable[[str, float], None]
"""Called with the name of the stage and the share done of the whole, in [0, 1]."""


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


Voice = Audio | Recording | VoiceProfile | VoiceId
"""Whose voice: a recording, what `embed` answered, or an enrolled voice."""


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
        excluded_genres, excluded_languages: Never suggested.
        unlike_singer_ids: Neither these singers nor voices like theirs.
    """

    excluded_singer_ids: tuple[str, ...] = ()
    excluded_track_ids: tuple[str, ...] = ()
    genres: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    voice_genders: tuple[str, ...] = ()
    signals_off: tuple[str, ...] = ()
    excluded_genres: tuple[str, ...] = ()
    excluded_languages: tuple[str, ...] = ()
    unlike_singer_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class SuggestionChoices:
    """How suggestions are chosen, besides the dial between timbre and style.

    Attributes:
        listener_id: Who asks, as your application names them; brings in what they liked, hid and excluded.
        seeds: More like these, less like those; with one of them, or a listener, above zero no voice is needed.
        relation: "similar", "duet_partner" or "dissimilar".
        diversity: Dial from 0, the best scores, to 1, as different as the candidates allow; None: the server's own.
        songs_per_singer: Songs of one singer on a page before all others had theirs.
        preset: "name", "name@version", or two joined by "+" to be interleaved; empty: the default.
        weights: Weights by signal instead of the preset's; signals that are not named do not count.
        singing_mode: "easy", "comfortable" or "stretch".
        original_key: Keep songs in the key that they are in.
        language_code: Language of the sentences, "en" or "ko".
        even_if_unsure: Name singers even when too little was heard to be sure.
        random_seed: Orders equal scores and draws the interleaving.
    """

    listener_id: str = ""
    seeds: tuple[Seed, ...] = ()
    relation: str = "similar"
    diversity: float | None = None
    songs_per_singer: int = 1
    preset: str = ""
    weights: Mapping[str, float] = field(default_factory=dict)
    singing_mode: str = "comfortable"
    original_key: bool = False
    language_code: str = "en"
    even_if_unsure: bool = False
    random_seed: int = 0


@dataclass(frozen=True)
class Preset:
    """Weights of signals under a name; they sum to 1.

    Attributes:
        name, version: Which.
        ranks: "singers" or "songs".
        weights: By signal.
        taste_half_weight_events: Events of a listener after which taste has half of its weight.
        description: What it is for.
        figures: Measured figures by name; empty: not measured.
        is_default: Whether it is used when nothing else is asked for.
    """

    name: str
    version: int
    ranks: str
    weights: Mapping[str, float]
    taste_half_weight_events: float
    description: str
    figures: Mapping[str, float]
    is_default: bool


@dataclass(frozen=True, eq=False)
class SingerSuggestions:
    """A page of singers best first, what was heard (None without a voice), and things to know; why nobody is named."""

    singers: tuple[SingerSuggestion, ...]
    voice: VoiceSummary | None
    notes: tuple[str, ...] = ()
    next_page_token: str = ""
    summary: ListSummary = field(default_factory=ListSummary)
    abstention: Abstention | None = None


@dataclass(frozen=True, eq=False)
class SongSuggestions:
    """A page of songs best first, what was heard (None without a voice), and things to know; why none is named."""

    songs: tuple[SongSuggestion, ...]
    voice: VoiceSummary | None
    notes: tuple[str, ...] = ()
    next_page_token: str = ""
    summary: ListSummary = field(default_factory=ListSummary)
    abstention: Abstention | None = None


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
