"""Conversions as rows, inside a transaction that a store holds open."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from singalike.conversion.writing import SoundFormat
from singalike.services.adapters.sql_rows import Row, from_microseconds, mappings, to_microseconds
from singalike.services.adapters.sql_schema import conversion_news, conversions, song_files, tracks
from singalike.services.adapters.sql_tracks import TRACK_ID_LENGTH
from singalike.services.conversion_records import (
    ConversionFault,
    ConversionFilter,
    ConversionNews,
    ConversionOrder,
    ConversionProgress,
    ConversionState,
    ConvertedSong,
    Priority,
    StoredConversion,
)
from singalike.services.conversion_refusals import conversion_not_found

UNFINISHED = tuple(state.value for state in ConversionState if not state.is_final)


def find_row(connection: sa.Connection, conversion_id: str, tenant: str = "") -> Row:
    """Return a row of `conversions`, of any tenant when none is named; raises NotFoundError CONVERSION_NOT_FOUND."""
    which = conversions.c.conversion_id == conversion_id
    if tenant:
        which &= conversions.c.tenant == tenant
    for row in mappings(connection, sa.select(conversions).where(which)):
        return row
    raise conversion_not_found(conversion_id)


def read_sequences(connection: sa.Connection, conversion_ids: Sequence[str]) -> dict[str, int]:
    """Return the sequence of each of these conversions that is there."""
    known = sa.select(conversions.c.conversion_id, conversions.c.sequence)
    wanted = conversions.c.conversion_id.in_(conversion_ids)
    return {row["conversion_id"]: row["sequence"] for row in mappings(connection, known.where(wanted))}


def wish_columns(order: ConversionOrder) -> dict[str, Any]:
    """Turn an order into columns: what is searched for by itself, the rest as JSON."""
    said = asdict(order)
    searched = {name: said.pop(name) for name in ("voice_id", "content_sha256")}
    return {**searched, "wish": json.dumps(said, ensure_ascii=False)}


def standing_columns(
    state: ConversionState, progress: ConversionProgress, fault: ConversionFault | None
) -> dict[str, Any]:
    """Turn how a conversion stands into columns, the same for it and its news."""
    return {
        "state": state.value,
        "stage": progress.stage,
        "share": progress.share,
        "time_left_s": progress.time_left_s,
        "fault_reason": fault and fault.reason,
        "fault_message": fault and fault.message,
    }


def add_news(connection: sa.Connection, number: int, sequence: int, time: datetime, standing: dict[str, Any]) -> None:
    """Append one thing that happened."""
    place = {"conversion_number": number, "sequence": sequence, "time_us": to_microseconds(time)}
    connection.execute(sa.insert(conversion_news).values(**place, **standing))


def read_conversion(row: Row) -> StoredConversion:
    """Read a row of `conversions`."""
    wish = json.loads(row["wish"])
    sound_format, priority = SoundFormat(wish.pop("sound_format")), Priority(wish.pop("priority"))
    return StoredConversion(
        conversion_id=row["conversion_id"],
        tenant=row["tenant"],
        order=ConversionOrder(
            voice_id=row["voice_id"],
            content_sha256=row["content_sha256"],
            sound_format=sound_format,
            priority=priority,
            **wish,
        ),
        state=ConversionState(row["state"]),
        progress=_read_progress(row),
        sequence=row["sequence"],
        attempts=row["attempts"],
        executor_id=row["executor_id"],
        create_time=from_microseconds(row["create_time_us"]),
        start_time=_read_time(row["start_time_us"]),
        end_time=_read_time(row["end_time_us"]),
        expire_time=_read_time(row["expire_time_us"]),
        fault=_read_fault(row),
        song=None if row["song"] is None else ConvertedSong(**json.loads(row["song"])),
        number=row["conversion_number"],
    )


def read_news(row: Row) -> ConversionNews:
    """Read a row of `conversion_news`."""
    return ConversionNews(
        sequence=row["sequence"],
        time=from_microseconds(row["time_us"]),
        state=ConversionState(row["state"]),
        progress=_read_progress(row),
        fault=_read_fault(row),
    )


def condition(where: ConversionFilter) -> sa.ColumnElement[bool]:
    """Say a filter in SQL."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if where.voice_id:
        conditions.append(conversions.c.voice_id == where.voice_id)
    if where.state is not None:
        conditions.append(conversions.c.state == where.state.value)
    if where.tenant:
        conditions.append(conversions.c.tenant == where.tenant)
    return sa.and_(*conditions)


def erase_conversions(connection: sa.Connection, which: sa.ColumnElement[bool]) -> tuple[str, ...]:
    """Erase conversions with their news, and where songs lay that were no tracks; returns the ids."""
    found = mappings(connection, sa.select(conversions.c.conversion_id, conversions.c.content_sha256).where(which))
    if not found:
        return ()
    numbers = sa.select(conversions.c.conversion_number).where(which)
    connection.execute(sa.delete(conversion_news).where(conversion_news.c.conversion_number.in_(numbers)))
    connection.execute(sa.delete(conversions).where(which))
    for content_sha256 in {row["content_sha256"] for row in found}:
        _forget_loose_song(connection, content_sha256)
    return tuple(row["conversion_id"] for row in found)


def _forget_loose_song(connection: sa.Connection, content_sha256: str) -> None:
    """Forget where a song lies that is no track and that no conversion asks for any more."""
    wanted = sa.union_all(
        sa.select(tracks.c.content_sha256).where(tracks.c.track_id == content_sha256[:TRACK_ID_LENGTH]),
        sa.select(conversions.c.content_sha256).where(conversions.c.content_sha256 == content_sha256),
    )
    if connection.execute(wanted.limit(1)).first() is None:
        connection.execute(sa.delete(song_files).where(song_files.c.content_sha256 == content_sha256))


def _read_progress(row: Row) -> ConversionProgress:
    return ConversionProgress(row["stage"], row["share"], row["time_left_s"])


def _read_fault(row: Row) -> ConversionFault | None:
    return None if row["fault_reason"] is None else ConversionFault(row["fault_reason"], row["fault_message"])


def _read_time(time_us: int | None) -> datetime | None:
    return None if time_us is None else from_microseconds(time_us)
