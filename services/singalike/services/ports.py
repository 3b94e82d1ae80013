"""The seams of the shells: what the use cases need from the outside, one small protocol each."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from singalike.audio.sound import Sound
from singalike.embeddings.profile import Vectors, VoiceProfile
from singalike.services.records import Consent, Page, Singer, StoredVoice, Track, TrackInfo, TrackWithProfile

Progress = Callable[[str, float], None]
"""Called with the name of the stage and the share done of the whole, in [0, 1]."""


@dataclass(frozen=True, eq=False)
class IndexPoint:
    """One segment as the index holds it.

    Attributes:
        point_id: The segment's id in the catalogue, above zero, never used twice.
        singer_id, track_id: Whose voice, in which recording.
        start_s, end_s: Where the segment lies in the recording, in seconds.
        timbre, style: Unit vectors, float32 (dim,).
        genre, language, voice_gender: For filters; None when the owner did not say.
    """

    point_id: int
    singer_id: str
    track_id: str
    start_s: float
    end_s: float
    timbre: Vectors
    style: Vectors
    genre: str | None = None
    language: str | None = None
    voice_gender: str | None = None


@dataclass(frozen=True)
class IndexFilter:
    """Which segments a search may return; empty fields do not restrict.

    Attributes:
        genres, languages, voice_genders: The point's value must be one of these.
        singer_ids: The singer must be one of these.
        excluded_singer_ids, excluded_track_ids: Never returned.
    """

    genres: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    voice_genders: frozenset[str] = frozenset()
    singer_ids: frozenset[str] = frozenset()
    excluded_singer_ids: frozenset[str] = frozenset()
    excluded_track_ids: frozenset[str] = frozenset()


NO_FILTER = IndexFilter()


@dataclass(frozen=True)
class IndexHit:
    """A neighbour found by the index.

    Attributes:
        point_id: Segment id.
        singer_id, track_id, start_s, end_s: As stored with the point.
        similarity: Cosine in [-1, 1]; hits come best first, ties by point_id.
    """

    point_id: int
    singer_id: str
    track_id: str
    start_s: float
    end_s: float
    similarity: float


@dataclass(frozen=True)
class IndexState:
    """What an index says it holds.

    Attributes:
        count: Number of points.
        checksum: Order-free checksum over ids and vector bytes of all points, comparable with the catalogue's.
        revision: Catalogue revision that the index has caught up with.
        model_version: Ear whose vectors it holds; empty when new.
    """

    count: int
    checksum: int
    revision: int
    model_version: str


class VoiceIndex(Protocol):
    """Nearest-segment search; a projection of the catalogue that can always be rebuilt."""

    def state(self) -> IndexState:
        """Read every point and say what is held; raises WrongStateError when the store is damaged beyond reading."""

    def upsert(self, points: Sequence[IndexPoint]) -> None:
        """Add or replace points; refuses NaN, zero and wrong-dimension vectors (InvalidInputError) and a full disk."""

    def delete(self, point_ids: Sequence[int]) -> None:
        """Remove points; unknown ids are ignored."""

    def mark(self, revision: int, model_version: str) -> None:
        """Flush to disk, then remember up to where the catalogue has been followed."""

    def search(self, vectors: Vectors, space: str, limit: int, where: IndexFilter = NO_FILTER) -> list[list[IndexHit]]:
        """Find the nearest segments of each row of `vectors` (queries, dim) in `space` ("timbre" or "style")."""

    def optimize(self) -> None:
        """Build the search graph where the backend needs to be told."""

    def clear(self) -> None:
        """Forget everything, also what is damaged."""

    def close(self) -> None:
        """Flush and let go of files and sockets."""


@dataclass(frozen=True, eq=False)
class CatalogueChanges:
    """What happened in the catalogue after a revision.

    Attributes:
        points: Segments added, oldest first.
        deleted_point_ids: Segments removed.
        revision: The state that applying both leads to.
        more: Whether further changes wait behind this batch.
    """

    points: tuple[IndexPoint, ...]
    deleted_point_ids: tuple[int, ...]
    revision: int
    more: bool


@dataclass(frozen=True)
class TrackFilter:
    """Which tracks a list holds; empty fields do not restrict."""

    singer_id: str = ""
    genre: str = ""
    language: str = ""
    title_contains: str = ""


class Catalogue(Protocol):
    """The truth about singers, tracks and enrolled voices; what a method has returned from is on disk."""

    def add_track(
        self, info: TrackInfo, content_sha256: str, duration_s: float, separator: str, profile: VoiceProfile
    ) -> Track:
        """Store a track with its vectors in one transaction; the same content and info again returns the stored track.

        Raises:
            AlreadyExistsError: The same audio stands under another singer.
            CapacityError: The disk is nearly full.
        """

    def find_content(self, content_sha256: str, model_version: str) -> Track | None:
        """Return the track made from these bytes by this ear, if it is there."""

    def get_track(self, track_id: str) -> TrackWithProfile:
        """Return a track; raises NotFoundError TRACK_NOT_FOUND."""

    def remove_track(self, track_id: str) -> None:
        """Erase a track, its segments and, with its last track, the singer; raises NotFoundError TRACK_NOT_FOUND."""

    def get_singer(self, singer_id: str) -> Singer:
        """Return a singer; raises NotFoundError SINGER_NOT_FOUND."""

    def remove_singer(self, singer_id: str) -> int:
        """Erase a singer with all tracks; returns how many; raises NotFoundError SINGER_NOT_FOUND."""

    def list_singers(self, page_size: int = 50, page_token: str = "", name_contains: str = "") -> Page[Singer]:
        """List singers by id; raises InvalidInputError for a bad page_size or page_token."""

    def list_tracks(self, page_size: int = 50, page_token: str = "", where: TrackFilter | None = None) -> Page[Track]:
        """List tracks by id."""

    def iterate_tracks(self, model_version: str) -> Iterable[TrackWithProfile]:
        """Walk over all tracks of an ear, with profiles."""

    def revision(self) -> int:
        """Return the revision of the last change, 0 when nothing ever changed."""

    def pulse(self) -> Hashable | None:
        """Return what changes with every change of singers, tracks, voices and listeners, whoever makes it.

        It takes microseconds, and may be asked on an event loop; None where knowing would cost a call.
        """

    def changes(self, after_revision: int, model_version: str, limit: int = 5000) -> CatalogueChanges:
        """Return what an index at `after_revision` is missing, about `limit` points at a time."""

    def expected_index_state(self, model_version: str) -> IndexState:
        """Compute what a complete index of this ear must say of itself."""

    def add_voice(self, profile: VoiceProfile, consent: Consent, request_id: str = "") -> StoredVoice:
        """Store a voice; a repeated request_id returns the first one (with other vectors: AlreadyExistsError)."""

    def get_voice(self, voice_id: str) -> StoredVoice:
        """Return a voice; raises NotFoundError VOICE_NOT_FOUND."""

    def remove_voice(self, voice_id: str) -> None:
        """Erase a voice and its consent record; raises NotFoundError VOICE_NOT_FOUND."""

    def close(self) -> None:
        """Let go of files and connections."""


@dataclass(frozen=True)
class EarInfo:
    """What an ear is.

    Attributes:
        model_version: Stored with every vector.
        timbre_dim, style_dim, melody_dim: Lengths of the vectors.
        device: Where it runs ("cpu", "cuda:0").
    """

    model_version: str
    timbre_dim: int
    style_dim: int
    melody_dim: int
    device: str


class Embedder(Protocol):
    """Turns recordings into profiles, in this process or over gRPC."""

    async def info(self) -> EarInfo:
        """Say which ear listens."""

    async def embed(self, audio: bytes, channel: str = "mix", a_cappella: bool = True) -> VoiceProfile:
        """Decode, separate when not `a_cappella`, and embed; raises InvalidInputError with the documented reason.

        Args:
            audio: An encoded recording (WAV, FLAC, Ogg, MP3, M4A).
            channel: "mix", "left" or "right".
            a_cappella: Whether the recording is a voice alone.
        """


class SoundDecoder(Protocol):
    """Turns bytes from strangers into sound, or refuses."""

    def decode(self, audio: bytes) -> Sound:
        """Decode; raises InvalidInputError or CapacityError with a documented reason."""


class SongKeeper(Protocol):
    """Keeps the sound of tracks that came without a file."""

    def keep(self, audio: bytes, content_sha256: str, channel: str, *, a_cappella: bool) -> None:
        """Keep a song where `SongFiles` finds it."""


@dataclass(frozen=True)
class IngestItem:
    """One recording to take in.

    Attributes:
        path: Where the audio lies.
        info: What the owner says of it.
        channel: "mix", "left" or "right".
    """

    path: str
    info: TrackInfo
    channel: str = "mix"


@dataclass(frozen=True)
class IngestReport:
    """What became of a list of recordings.

    Attributes:
        added, unchanged: Track ids.
        refused: (path, reason, message) of each that was not taken.
        interrupted: Whether more was left to do.
        updated: Track ids of which only the title, genre and the like are new.
    """

    added: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    refused: tuple[tuple[str, str, str], ...] = field(default=())
    interrupted: bool = False
    updated: tuple[str, ...] = ()
