"""Enrolled voices: written with their consent, erased without a trace."""

from datetime import datetime

import numpy as np
import sqlalchemy as sa

from singalike.embeddings.profile import Vectors, VoiceProfile
from singalike.errors import AlreadyExistsError, NotFoundError
from singalike.services.adapters.profile_codec import profile_columns, read_profile, segments_columns
from singalike.services.adapters.sql_conversion_rows import erase_conversions
from singalike.services.adapters.sql_rows import Row, from_microseconds, mappings, register_model, to_microseconds
from singalike.services.adapters.sql_schema import consents, conversions, counter, target_arrays, voice_segments, voices
from singalike.services.records import Consent, StoredVoice

SAME_VOICE_TOLERANCE = 1e-4
"""Of every number of a unit vector: one recording heard twice, in batches of other sizes, differs by up to 1e-5."""


def find_voice(connection: sa.Connection, where: sa.ColumnElement[bool]) -> StoredVoice | None:
    """Return the voice that fulfils a condition, if there is one."""
    row = next(iter(mappings(connection, sa.select(voices).where(where))), None)
    if row is None:
        return None
    parts = sa.select(voice_segments).where(voice_segments.c.voice_id == row["voice_id"])
    segment_rows = list(mappings(connection, parts.order_by(voice_segments.c.position)))
    return _read_voice(row, segment_rows)


def insert_voice(
    connection: sa.Connection, voice_id: str, profile: VoiceProfile, consent: Consent, request_id: str, now: datetime
) -> StoredVoice:
    """Store a voice, or return the one that the same request stored before.

    Raises:
        AlreadyExistsError: REQUEST_ID_TAKEN, the request came before with another voice or consent.
    """
    if request_id:
        before = find_voice(connection, voices.c.request_id == request_id)
        if before is not None:
            return _refuse_other_voice(before, profile, consent)
    register_model(connection, profile)
    _count_change(connection)
    connection.execute(
        sa.insert(voices).values(
            voice_id=voice_id,
            request_id=request_id or None,
            model_version=profile.model_version,
            subject=consent.subject,
            statement=consent.statement,
            consent_time_us=to_microseconds(consent.time),
            create_time_us=to_microseconds(now),
            **profile_columns(profile),
        )
    )
    rows = [{"voice_id": voice_id, **columns} for columns in segments_columns(profile.segments)]
    connection.execute(sa.insert(voice_segments), rows)
    return StoredVoice(voice_id, profile, consent, now)


def erase_voice(connection: sa.Connection, voice_id: str) -> tuple[str, ...]:
    """Erase a voice, its consents, what was learnt of it and what is or was sung with it.

    Returns:
        Ids of the erased conversions: whoever looks after their files and jobs finds them without a row.

    Raises:
        NotFoundError: VOICE_NOT_FOUND.
    """
    gone = erase_conversions(connection, conversions.c.voice_id == voice_id)
    agreed = connection.execute(sa.delete(consents).where(consents.c.voice_id == voice_id)).rowcount
    # Of a revoked voice only the consent is left.
    if not erase_learnt(connection, voice_id) and not agreed:
        raise voice_not_found(voice_id)
    return gone


def erase_learnt(connection: sa.Connection, voice_id: str) -> bool:
    """Erase what the ear and the engines know of a voice; returns whether they knew it."""
    _count_change(connection)
    for table in (voice_segments, target_arrays):
        connection.execute(sa.delete(table).where(table.c.voice_id == voice_id))
    return bool(connection.execute(sa.delete(voices).where(voices.c.voice_id == voice_id)).rowcount)


def _count_change(connection: sa.Connection) -> None:
    """Bump the counter, inside the transaction that makes the change."""
    connection.execute(sa.update(counter).where(counter.c.name == "voices").values(value=counter.c.value + 1))


def voice_not_found(voice_id: str) -> NotFoundError:
    """Say that there is no such voice."""
    return NotFoundError("VOICE_NOT_FOUND", f"there is no voice {voice_id!r}: create it again")


def _refuse_other_voice(before: StoredVoice, profile: VoiceProfile, consent: Consent) -> StoredVoice:
    """Return the voice if this is it again, of the same person; the time of the consent is when each call came."""
    known, said = before.profile, profile
    same = (
        (before.consent.subject, before.consent.statement) == (consent.subject, consent.statement)
        and known.model_version == said.model_version
        and _is_close(known.segments.timbre, said.segments.timbre)
        and _is_close(known.segments.style, said.segments.style)
    )
    if not same:
        raise AlreadyExistsError(
            "REQUEST_ID_TAKEN",
            "this request_id created another voice, or one with another consent, before: use a new one for a new voice",
        )
    return before


def _is_close(known: Vectors, said: Vectors) -> bool:
    return known.shape == said.shape and np.allclose(known, said, rtol=0.0, atol=SAME_VOICE_TOLERANCE)


def _read_voice(row: Row, segment_rows: list[Row]) -> StoredVoice:
    return StoredVoice(
        voice_id=row["voice_id"],
        profile=read_profile(row, segment_rows, row["model_version"]),
        consent=Consent(row["subject"], row["statement"], from_microseconds(row["consent_time_us"])),
        create_time=from_microseconds(row["create_time_us"]),
    )
