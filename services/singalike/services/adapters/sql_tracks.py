"""Writing and erasing tracks, inside a transaction that the catalogue holds open."""

from datetime import datetime

import sqlalchemy as sa

from singalike.embeddings.profile import VoiceProfile
from singalike.errors import AlreadyExistsError, InvalidInputError, NotFoundError
from singalike.services.adapters.profile_codec import Columns, profile_columns, segments_columns
from singalike.services.adapters.sql_rows import (
    TRACKS,
    Row,
    mappings,
    next_revision,
    read_track,
    register_model,
    to_microseconds,
)
from singalike.services.adapters.sql_schema import segments, singers, song_files, tombstones, tracks
from singalike.services.records import TrackInfo
from singalike.services.singer_ids import fold, singer_id_of

TRACK_ID_LENGTH = 20


def find_track_row(connection: sa.Connection, track_id: str) -> Row:
    """Return a row of `TRACKS`; raises NotFoundError TRACK_NOT_FOUND."""
    for row in mappings(connection, TRACKS.where(tracks.c.track_id == track_id)):
        return row
    raise NotFoundError("TRACK_NOT_FOUND", f"there is no track {track_id!r}: list the tracks for their ids")


def put_track(
    connection: sa.Connection,
    info: TrackInfo,
    content_sha256: str,
    duration_s: float,
    separator: str,
    profile: VoiceProfile,
    now: datetime,
) -> Row:
    """Insert a track, or bring the one from the same bytes up to date; an unchanged one costs no revision."""
    track_id = content_sha256[:TRACK_ID_LENGTH]
    singer_id = singer_id_of(info.singer)
    query = TRACKS.where(tracks.c.track_id == track_id)
    stored = next(iter(mappings(connection, query)), None)
    if stored is not None:
        _refuse_other_singer(stored, singer_id)
        if _is_same(stored, info, separator, profile):
            return stored
    register_model(connection, profile)
    _put_singer(connection, singer_id, info, now)
    revision = next_revision(connection)
    described = _track_columns(info, separator, profile) | {"duration_s": duration_s, "revision": revision}
    if stored is None:
        identity = {"track_id": track_id, "singer_id": singer_id, "content_sha256": content_sha256}
        created = {"create_time_us": to_microseconds(now)}
        connection.execute(sa.insert(tracks).values(**identity, **created, **described))
    else:
        _bury_segments(connection, segments.c.track_id == track_id, revision)
        connection.execute(sa.update(tracks).where(tracks.c.track_id == track_id).values(**described))
    _insert_segments(connection, track_id, profile, revision)
    return next(iter(mappings(connection, query)))


def erase_tracks(connection: sa.Connection, of_which: sa.ColumnElement[bool]) -> int:
    """Erase tracks, their segments, where they lie, and singers without tracks; leaves tombstones.

    Returns:
        How many tracks.
    """
    track_ids = sa.select(tracks.c.track_id).where(of_which)
    _bury_segments(connection, segments.c.track_id.in_(track_ids), next_revision(connection))
    contents = sa.select(tracks.c.content_sha256).where(of_which)
    connection.execute(sa.delete(song_files).where(song_files.c.content_sha256.in_(contents)))
    erased = connection.execute(sa.delete(tracks).where(of_which)).rowcount
    connection.execute(sa.delete(singers).where(singers.c.singer_id.not_in(sa.select(tracks.c.singer_id))))
    return erased


def _refuse_other_singer(stored: Row, singer_id: str) -> None:
    if stored["singer_id"] != singer_id:
        raise AlreadyExistsError(
            "TRACK_OF_OTHER_SINGER",
            f"the same audio is in the catalogue as {read_track(stored).info.title!r} of {stored['singer_name']!r}: "
            "remove that track first if the singer is wrong there",
        )


def _is_same(stored: Row, info: TrackInfo, separator: str, profile: VoiceProfile) -> bool:
    # The singer is compared by id: the catalogue keeps one spelling of a name.
    return all(stored[name] == value for name, value in _track_columns(info, separator, profile).items())


def _put_singer(connection: sa.Connection, singer_id: str, info: TrackInfo, now: datetime) -> None:
    if not fold(info.singer):
        raise InvalidInputError("NO_SINGER", "a track needs the name of its singer")
    known = connection.execute(sa.select(singers.c.voice_gender).where(singers.c.singer_id == singer_id)).first()
    if known is None:
        connection.execute(
            sa.insert(singers).values(
                singer_id=singer_id,
                name=info.singer.strip(),
                folded_name=fold(info.singer),
                voice_gender=info.voice_gender,
                create_time_us=to_microseconds(now),
            )
        )
    elif known.voice_gender is None and info.voice_gender is not None:
        said = sa.update(singers).where(singers.c.singer_id == singer_id).values(voice_gender=info.voice_gender)
        connection.execute(said)


def _track_columns(info: TrackInfo, separator: str, profile: VoiceProfile) -> Columns:
    return {
        "title": info.title,
        "folded_title": fold(info.title),
        "genre": info.genre,
        "language": info.language,
        "isrc": info.isrc,
        "voice_gender": info.voice_gender,
        "separator": separator,
        "model_version": profile.model_version,
        **profile_columns(profile),
    }


def _insert_segments(connection: sa.Connection, track_id: str, profile: VoiceProfile, revision: int) -> None:
    common = {"track_id": track_id, "model_version": profile.model_version, "revision": revision}
    rows = [columns | common for columns in segments_columns(profile.segments)]
    connection.execute(sa.insert(segments), rows)


def _bury_segments(connection: sa.Connection, of_which: sa.ColumnElement[bool], revision: int) -> None:
    dead = sa.select(segments.c.segment_id, segments.c.model_version, sa.literal(revision)).where(of_which)
    connection.execute(sa.insert(tombstones).from_select(["segment_id", "model_version", "revision"], dead))
    connection.execute(sa.delete(segments).where(of_which))
