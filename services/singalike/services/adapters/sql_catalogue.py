"""The catalogue in SQL: SQLite in a file or PostgreSQL; what a method has returned from is on disk."""

import secrets
from collections.abc import Callable, Hashable, Iterator
from datetime import UTC, datetime

import sqlalchemy as sa

from singalike.embeddings.profile import VoiceProfile
from singalike.errors import NotFoundError
from singalike.services.adapters.sql_changes import read_changes, read_expected_state
from singalike.services.adapters.sql_engine import Database
from singalike.services.adapters.sql_memory import COUNTERS, ReadMemory
from singalike.services.adapters.sql_rows import (
    SINGERS,
    TRACKS,
    Row,
    check_profile,
    current_revision,
    mappings,
    read_singer,
    read_track,
    with_profiles,
)
from singalike.services.adapters.sql_schema import singers, tracks, voices
from singalike.services.adapters.sql_tracks import TRACK_ID_LENGTH, erase_tracks, find_track_row, put_track
from singalike.services.adapters.sql_voices import erase_voice, find_voice, insert_voice, voice_not_found
from singalike.services.page_tokens import check_page_size, make_token, read_token
from singalike.services.ports import CatalogueChanges, IndexState, TrackFilter
from singalike.services.records import Consent, Page, Singer, StoredVoice, Track, TrackInfo, TrackWithProfile
from singalike.services.singer_ids import fold

WALK_PAGE = 100
MAX_CHANGES = 100_000


def utc_now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)


def new_voice_id() -> str:
    """Draw an id that cannot be guessed."""
    return f"v-{secrets.token_hex(16)}"


class SqlCatalogue:
    """The truth about singers, tracks and enrolled voices; see `singalike.services.ports.Catalogue`.

    Several processes may use one database at once; threads may share one catalogue.

    Args:
        url: SQLAlchemy URL; brought to this release's schema when opened.
        min_free_disk_mb: Writes to SQLite are refused when less is free on its disk, in MiB.
        now: The clock.
        voice_ids: Draws ids for voices.
    """

    def __init__(
        self,
        url: str,
        min_free_disk_mb: int = 0,
        now: Callable[[], datetime] = utc_now,
        voice_ids: Callable[[], str] = new_voice_id,
    ) -> None:
        self._database = Database(url, min_free_disk_mb)
        self._memory = ReadMemory(self._database.file, COUNTERS)
        self._now = now
        self._voice_ids = voice_ids

    def add_track(
        self, info: TrackInfo, content_sha256: str, duration_s: float, separator: str, profile: VoiceProfile
    ) -> Track:
        """Store a track with its vectors in one transaction; the same again returns the stored one.

        The same bytes with another title, separator or ear bring the stored track up to date.

        Raises:
            AlreadyExistsError: TRACK_OF_OTHER_SINGER.
            CapacityError: DISK_FULL.
            InvalidInputError: The profile holds vectors that cannot be searched.
        """
        check_profile(profile)
        with self._database.write() as connection:
            row = put_track(connection, info, content_sha256, duration_s, separator, profile, self._now())
            return read_track(row)

    def find_content(self, content_sha256: str, model_version: str) -> Track | None:
        """Return the track made from these bytes by this ear, if it is there."""
        track_id = content_sha256[:TRACK_ID_LENGTH]
        query = TRACKS.where(tracks.c.track_id == track_id, tracks.c.content_sha256 == content_sha256)
        with self._database.read() as connection:
            rows = list(mappings(connection, query.where(tracks.c.model_version == model_version)))
        return read_track(rows[0]) if rows else None

    def get_track(self, track_id: str) -> TrackWithProfile:
        """Return a track; raises NotFoundError TRACK_NOT_FOUND."""
        with self._database.read() as connection:
            return with_profiles(connection, [find_track_row(connection, track_id)])[0]

    def remove_track(self, track_id: str) -> None:
        """Erase a track, its segments and, with its last track, the singer; raises NotFoundError TRACK_NOT_FOUND."""
        with self._database.write(erases=True) as connection:
            find_track_row(connection, track_id)
            erase_tracks(connection, tracks.c.track_id == track_id)
        self._database.scrub()

    def get_singer(self, singer_id: str) -> Singer:
        """Return a singer; raises NotFoundError SINGER_NOT_FOUND."""
        with self._database.read() as connection:
            return _find_singer(connection, singer_id)

    def remove_singer(self, singer_id: str) -> int:
        """Erase a singer with all tracks; returns how many; raises NotFoundError SINGER_NOT_FOUND."""
        with self._database.write(erases=True) as connection:
            _find_singer(connection, singer_id)
            erased = erase_tracks(connection, tracks.c.singer_id == singer_id)
        self._database.scrub()
        return erased

    def list_singers(self, page_size: int = 50, page_token: str = "", name_contains: str = "") -> Page[Singer]:
        """List singers by id; raises InvalidInputError for a bad page_size or page_token."""
        check_page_size(page_size)
        scope = (name_contains,)
        after = read_token(page_token, "singers", scope)
        wanted = singers.c.folded_name.contains(fold(name_contains), autoescape=True)
        with self._database.read() as connection:
            query = SINGERS.where(wanted, singers.c.singer_id > after).limit(page_size + 1)
            found = [read_singer(row) for row in mappings(connection, query)]
            total = connection.execute(sa.select(sa.func.count()).select_from(singers).where(wanted)).scalar_one()
        more = len(found) > page_size
        token = make_token("singers", scope, found[page_size - 1].singer_id) if more else ""
        return Page(tuple(found[:page_size]), token, total)

    def list_tracks(self, page_size: int = 50, page_token: str = "", where: TrackFilter | None = None) -> Page[Track]:
        """List tracks by id; raises InvalidInputError for a bad page_size or page_token."""
        check_page_size(page_size)
        where = where or TrackFilter()
        scope = (where.singer_id, where.genre, where.language, where.title_contains)
        after = read_token(page_token, "tracks", scope)
        wanted = _track_condition(where)
        with self._database.read() as connection:
            query = TRACKS.where(wanted, tracks.c.track_id > after).order_by(tracks.c.track_id).limit(page_size + 1)
            found = [read_track(row) for row in mappings(connection, query)]
            total = connection.execute(sa.select(sa.func.count()).select_from(tracks).where(wanted)).scalar_one()
        more = len(found) > page_size
        token = make_token("tracks", scope, found[page_size - 1].track_id) if more else ""
        return Page(tuple(found[:page_size]), token, total)

    def iterate_tracks(self, model_version: str) -> Iterator[TrackWithProfile]:
        """Walk over all tracks of an ear, with profiles, a page at a time; no transaction stays open in between."""
        after = ""
        while page := self._walk(model_version, after):
            yield from page
            after = page[-1].track.track_id

    def revision(self) -> int:
        """Return the revision of the last change, 0 when nothing ever changed."""
        self._database.scrub_again()
        return self._memory.get("revision", self._read_revision)

    def pulse(self) -> Hashable | None:
        """Return what any change of singers, tracks, voices and listeners changes; None where it would cost a call."""
        return self._memory.pulse()

    def changes(self, after_revision: int, model_version: str, limit: int = 5000) -> CatalogueChanges:
        """Return what an index at `after_revision` is missing, about `limit` points at a time.

        Whoever follows asks again and again, so an erasure that a reader hindered is completed here.
        """
        self._database.scrub_again()
        with self._database.read() as connection:
            return read_changes(connection, after_revision, model_version, max(1, min(limit, MAX_CHANGES)))

    def expected_index_state(self, model_version: str) -> IndexState:
        """Compute what a complete index of this ear must say of itself, by a scan."""
        with self._database.read() as connection:
            return read_expected_state(connection, model_version)

    def add_voice(self, profile: VoiceProfile, consent: Consent, request_id: str = "") -> StoredVoice:
        """Store a voice; a repeated request_id returns the first one.

        Raises:
            AlreadyExistsError: REQUEST_ID_TAKEN, by another voice or another consent.
            InvalidInputError: The profile holds vectors that cannot be searched.
        """
        check_profile(profile)
        with self._database.write() as connection:
            return insert_voice(connection, self._voice_ids(), profile, consent, request_id, self._now())

    def get_voice(self, voice_id: str) -> StoredVoice:
        """Return a voice; raises NotFoundError VOICE_NOT_FOUND."""
        return self._memory.get(("voice", voice_id), lambda: self._read_voice(voice_id))

    def remove_voice(self, voice_id: str) -> None:
        """Erase a voice and its consent record; raises NotFoundError VOICE_NOT_FOUND."""
        with self._database.write(erases=True) as connection:
            erase_voice(connection, voice_id)
        self._memory.forget()
        self._database.scrub()

    def close(self) -> None:
        """Let go of files and connections."""
        self._memory.close()
        self._database.close()

    def _read_revision(self) -> int:
        with self._database.read() as connection:
            return current_revision(connection)

    def _read_voice(self, voice_id: str) -> StoredVoice:
        with self._database.read() as connection:
            voice = find_voice(connection, voices.c.voice_id == voice_id)
        if voice is None:
            raise voice_not_found(voice_id)
        return voice

    def _walk(self, model_version: str, after: str) -> list[TrackWithProfile]:
        query = TRACKS.where(tracks.c.model_version == model_version, tracks.c.track_id > after)
        with self._database.read() as connection:
            rows: list[Row] = list(mappings(connection, query.order_by(tracks.c.track_id).limit(WALK_PAGE)))
            return with_profiles(connection, rows)


def _find_singer(connection: sa.Connection, singer_id: str) -> Singer:
    for row in mappings(connection, SINGERS.where(singers.c.singer_id == singer_id)):
        return read_singer(row)
    raise NotFoundError("SINGER_NOT_FOUND", f"there is no singer {singer_id!r}: list the singers for their ids")


def _track_condition(where: TrackFilter) -> sa.ColumnElement[bool]:
    conditions = [tracks.c.folded_title.contains(fold(where.title_contains), autoescape=True)]
    for column, value in (
        (tracks.c.singer_id, where.singer_id),
        (tracks.c.genre, where.genre),
        (tracks.c.language, where.language),
    ):
        if value:
            conditions.append(column == value)
    return sa.and_(*conditions)
