"""Rows of the catalogue as records, and the statements that more than one part uses."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from singalike.embeddings.profile import VoiceProfile
from singalike.errors import InvalidInputError, WrongStateError
from singalike.services.adapters.profile_codec import read_profile, unpack
from singalike.services.adapters.sql_schema import counter, models, segments, singers, tracks
from singalike.services.index_points import check_unit_rows
from singalike.services.ports import IndexPoint
from singalike.services.records import Singer, Track, TrackInfo, TrackWithProfile

Row = sa.RowMapping
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

TRACKS = sa.select(tracks, singers.c.name.label("singer_name")).join(singers)
SINGERS = (
    sa.select(singers, sa.func.count(tracks.c.track_id).label("track_count"))
    .outerjoin(tracks)
    .group_by(*singers.c)
    .order_by(singers.c.singer_id)
)
POINTS = sa.select(
    segments.c.segment_id,
    segments.c.track_id,
    segments.c.start_s,
    segments.c.end_s,
    segments.c.timbre,
    segments.c.style,
    segments.c.revision,
    tracks.c.singer_id,
    tracks.c.genre,
    tracks.c.language,
    tracks.c.voice_gender,
).join(tracks)


def to_microseconds(time: datetime) -> int:
    """Count microseconds since 1970, UTC: exact, sortable and the same on both engines."""
    return (time.astimezone(UTC) - EPOCH) // MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """Invert `to_microseconds`."""
    return EPOCH + microseconds * MICROSECOND


def read_singer(row: Row) -> Singer:
    """Read a row of `SINGERS`."""
    return Singer(
        singer_id=row["singer_id"],
        name=row["name"],
        voice_gender=row["voice_gender"],
        track_count=row["track_count"],
        create_time=from_microseconds(row["create_time_us"]),
    )


def read_track(row: Row) -> Track:
    """Read a row of `TRACKS`."""
    return Track(
        track_id=row["track_id"],
        singer_id=row["singer_id"],
        info=TrackInfo(
            singer=row["singer_name"],
            title=row["title"],
            genre=row["genre"],
            language=row["language"],
            isrc=row["isrc"],
            voice_gender=row["voice_gender"],
        ),
        content_sha256=row["content_sha256"],
        duration_s=row["duration_s"],
        separator=row["separator"],
        model_version=row["model_version"],
        revision=row["revision"],
        create_time=from_microseconds(row["create_time_us"]),
    )


def read_point(row: Row) -> IndexPoint:
    """Read a row of `POINTS`."""
    return IndexPoint(
        point_id=row["segment_id"],
        singer_id=row["singer_id"],
        track_id=row["track_id"],
        start_s=row["start_s"],
        end_s=row["end_s"],
        timbre=unpack(row["timbre"]),
        style=unpack(row["style"]),
        genre=row["genre"],
        language=row["language"],
        voice_gender=row["voice_gender"],
    )


def with_profiles(connection: sa.Connection, rows: Sequence[Row]) -> list[TrackWithProfile]:
    """Fetch the segments of some tracks and put the profiles together."""
    of_track: dict[str, list[Row]] = {row["track_id"]: [] for row in rows}
    query = sa.select(segments).where(segments.c.track_id.in_(of_track)).order_by(segments.c.position)
    for segment in connection.execute(query).mappings():
        of_track[segment["track_id"]].append(segment)
    return [
        TrackWithProfile(read_track(row), read_profile(row, of_track[row["track_id"]], row["model_version"]))
        for row in rows
    ]


def current_revision(connection: sa.Connection) -> int:
    """Read the counter."""
    return int(connection.execute(sa.select(counter.c.value).where(counter.c.name == "revision")).scalar_one())


def next_revision(connection: sa.Connection) -> int:
    """Bump the counter, inside the transaction that makes the change."""
    connection.execute(sa.update(counter).where(counter.c.name == "revision").values(value=counter.c.value + 1))
    return current_revision(connection)


def check_profile(profile: VoiceProfile) -> None:
    """Refuse vectors that no index would take; the truth must be good enough for its projections.

    Raises:
        InvalidInputError: NO_SEGMENTS, VECTOR_NOT_FINITE, VECTOR_ZERO, VECTOR_NOT_UNIT or VECTOR_WRONG_DIMENSION.
    """
    parts = profile.segments
    if len(parts) == 0:
        raise InvalidInputError("NO_SEGMENTS", "nothing in the recording is long enough to compare: send more singing")
    for space, centroid, rows in (("timbre", profile.timbre, parts.timbre), ("style", profile.style, parts.style)):
        if rows.shape != (len(parts), centroid.size):
            raise InvalidInputError("VECTOR_WRONG_DIMENSION", f"{space} of segments and of the whole differ in length")
        check_unit_rows(rows, space)
        check_unit_rows(centroid[None], space)


def register_model(connection: sa.Connection, profile: VoiceProfile) -> None:
    """Remember the dimensions of an ear when it is first met.

    Raises:
        WrongStateError: MODEL_DIMENSIONS_DIFFER, the same version came with other dimensions before.
    """
    dims = {"timbre_dim": profile.timbre.size, "style_dim": profile.style.size, "melody_dim": profile.melody.size}
    query = sa.select(models).where(models.c.model_version == profile.model_version)
    known = connection.execute(query).mappings().first()
    if known is None:
        connection.execute(sa.insert(models).values(model_version=profile.model_version, **dims))
    elif any(known[name] != dim for name, dim in dims.items()):
        raise WrongStateError(
            "MODEL_DIMENSIONS_DIFFER", f"vectors of {profile.model_version} had other lengths before: embed again"
        )


def mappings(connection: sa.Connection, query: sa.Executable) -> Sequence[Row]:
    """Execute and return rows by column name."""
    return connection.execute(query).mappings().all()
