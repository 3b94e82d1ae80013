"""What the catalogue holds, as frozen values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from singalike.embeddings.profile import VoiceProfile

Item = TypeVar("Item")

LEAKY_SEPARATORS = frozenset({"repet-sim", "unet"})
"""Names of those that leave rests of the band in the vocal, which make notes and leaps that nobody sang
(benchmarks/sung_notes.py)."""


@dataclass(frozen=True)
class Singer:
    """A voice in the catalogue.

    Attributes:
        singer_id: Stable id made from the name (lower case, a-z 0-9 and hyphens).
        name: As the catalogue's owner writes it.
        voice_gender: "female", "male" or None when the owner did not say; each track's profile holds the measured one.
        track_count: Tracks of this singer now in the catalogue.
        create_time: When the first track arrived, UTC.
    """

    singer_id: str
    name: str
    voice_gender: str | None
    track_count: int
    create_time: datetime


@dataclass(frozen=True)
class TrackInfo:
    """What the owner of a catalogue says of one recording.

    Attributes:
        singer: Name of the singer.
        title: Title of the song.
        genre, language, isrc, voice_gender: Optional; None when not said.
    """

    singer: str
    title: str
    genre: str | None = None
    language: str | None = None
    isrc: str | None = None
    voice_gender: str | None = None


@dataclass(frozen=True)
class Track:
    """One recording in the catalogue.

    Attributes:
        track_id: First 20 hex digits of the SHA-256 of the audio bytes: same bytes, same track.
        singer_id: Whose voice it is.
        info: What the owner said.
        content_sha256: Of the bytes as they came.
        duration_s: Length in seconds.
        separator: Which separator made the vocal that was embedded ("identity", "unet", "repet-sim",
            "htdemucs").
        model_version: Ear that made the vectors.
        revision: Grows with every change of the catalogue; the index follows it.
        create_time: UTC.
    """

    track_id: str
    singer_id: str
    info: TrackInfo
    content_sha256: str
    duration_s: float
    separator: str
    model_version: str
    revision: int
    create_time: datetime


@dataclass(frozen=True, eq=False)
class TrackWithProfile:
    """A track together with what the ear said of its vocal."""

    track: Track
    profile: VoiceProfile


@dataclass(frozen=True)
class Consent:
    """A person's agreement to keep their voice.

    Attributes:
        subject: Who agreed, as the calling application names them; never shown to others.
        statement: The sentence that was agreed to.
        time: When, UTC.
    """

    subject: str
    statement: str
    time: datetime


@dataclass(frozen=True, eq=False)
class StoredVoice:
    """A person's enrolled voice: vectors only, never the sound.

    Attributes:
        voice_id: Random id, "v-" and 32 hex digits.
        profile: What the ear said.
        consent: Without it nothing is stored.
        create_time: UTC.
    """

    voice_id: str
    profile: VoiceProfile
    consent: Consent
    create_time: datetime


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page of a list.

    Attributes:
        items: At most the page size that was asked for.
        next_page_token: Give it back for the next page; empty at the end.
        total_size: How many there are in all under the same filter.
    """

    items: tuple[Item, ...]
    next_page_token: str
    total_size: int
