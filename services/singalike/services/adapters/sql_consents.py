"""Consents and target voices as rows, inside a transaction that a store holds open."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa
from safetensors import SafetensorError
from safetensors.numpy import load, save

from singalike.conversion.engine import TargetVoice
from singalike.services.adapters.sql_rows import Row, from_microseconds, mappings, to_microseconds
from singalike.services.adapters.sql_schema import consent_phrases, consents, target_arrays, voices
from singalike.services.adapters.sql_voices import voice_not_found
from singalike.services.conversion_records import ConsentMethod, ConsentPhrase, ConsentRecord, StoredTarget
from singalike.services.conversion_refusals import (
    not_for_conversion,
    phrase_not_found,
    request_id_taken,
    too_many_phrases,
    voice_damaged,
)

LEARNT = sa.select(target_arrays.c.engine, target_arrays.c.engine_version, target_arrays.c.facts).order_by(
    target_arrays.c.position
)


def phrase_columns(phrase: ConsentPhrase) -> dict[str, Any]:
    """Turn a phrase into columns."""
    return {
        "phrase_id": phrase.phrase_id,
        "tenant": phrase.tenant,
        "text": phrase.text,
        "language": phrase.language,
        "create_time_us": to_microseconds(phrase.create_time),
        "expire_time_us": to_microseconds(phrase.expire_time),
    }


def find_phrase(connection: sa.Connection, tenant: str, phrase_id: str) -> ConsentPhrase:
    """Return a phrase of this tenant; raises NotFoundError PHRASE_NOT_FOUND."""
    mine = (consent_phrases.c.tenant == tenant) & (consent_phrases.c.phrase_id == phrase_id)
    for row in mappings(connection, sa.select(consent_phrases).where(mine)):
        created, expires = from_microseconds(row["create_time_us"]), from_microseconds(row["expire_time_us"])
        return ConsentPhrase(phrase_id, tenant, row["text"], row["language"], created, expires)
    raise phrase_not_found(phrase_id)


def forget_phrases(connection: sa.Connection, tenant: str, now: datetime, kept: timedelta, most: int) -> None:
    """Erase what ran out longer ago than this, and of what this tenant let run out all but the last so many."""
    expires = consent_phrases.c.expire_time_us
    connection.execute(sa.delete(consent_phrases).where(expires < to_microseconds(now - kept)))
    ran_out = (consent_phrases.c.tenant == tenant) & (expires <= to_microseconds(now))
    last = sa.select(consent_phrases.c.phrase_id).where(ran_out).order_by(expires.desc()).limit(most)
    connection.execute(sa.delete(consent_phrases).where(ran_out, consent_phrases.c.phrase_id.not_in(last)))


def refuse_many_phrases(connection: sa.Connection, tenant: str, now: datetime, most: int) -> None:
    """Refuse another phrase where so many may be read; raises CapacityError TOO_MANY_PHRASES."""
    expires = consent_phrases.c.expire_time_us
    is_open = (consent_phrases.c.tenant == tenant) & (expires > to_microseconds(now))
    row = connection.execute(sa.select(sa.func.count(), sa.func.min(expires)).where(is_open)).one()
    if row[0] >= most:
        raise too_many_phrases(most, (from_microseconds(row[1]) - now).total_seconds())


def consent_columns(consent: ConsentRecord) -> dict[str, Any]:
    """Turn a record into columns."""
    return {
        "subject": consent.subject,
        "scope": consent.scope,
        "statement": consent.statement,
        "statement_sha256": consent.statement_sha256,
        "method": consent.method.value,
        "phrase": consent.phrase,
        "read_back_likeness": consent.read_back_likeness,
        "word_error_rate": consent.word_error_rate,
        "time_us": to_microseconds(consent.time),
        "expire_time_us": consent.expire_time and to_microseconds(consent.expire_time),
        "revoke_time_us": consent.revoke_time and to_microseconds(consent.revoke_time),
    }


def read_consent(row: Row) -> ConsentRecord:
    """Read a row of `consents`."""
    expires, revoked = row["expire_time_us"], row["revoke_time_us"]
    return ConsentRecord(
        subject=row["subject"],
        statement=row["statement"],
        statement_sha256=row["statement_sha256"],
        method=ConsentMethod(row["method"]),
        time=from_microseconds(row["time_us"]),
        expire_time=None if expires is None else from_microseconds(expires),
        phrase=row["phrase"],
        read_back_likeness=row["read_back_likeness"],
        revoke_time=None if revoked is None else from_microseconds(revoked),
        scope=row["scope"],
        word_error_rate=row["word_error_rate"],
    )


def find_target(connection: sa.Connection, tenant: str, voice_id: str) -> StoredTarget:
    """Return a voice of this tenant; raises as `TargetStore.get_target`."""
    row = find_consent_row(connection, voice_id)
    if row is None and connection.execute(sa.select(voices.c.voice_id).where(voices.c.voice_id == voice_id)).first():
        raise not_for_conversion(voice_id)
    if row is None or row["tenant"] != tenant:
        raise voice_not_found(voice_id)
    return read_target(connection, row)


def find_consent_row(connection: sa.Connection, voice_id: str) -> Row | None:
    """Return the row of `consents` of a voice, whoever it belongs to."""
    return next(iter(mappings(connection, sa.select(consents).where(consents.c.voice_id == voice_id))), None)


def find_request(connection: sa.Connection, tenant: str, request_id: str, content: str) -> StoredTarget | None:
    """Return the voice that a request created before; raises AlreadyExistsError REQUEST_ID_TAKEN."""
    if not request_id:
        return None
    same = (consents.c.tenant == tenant) & (consents.c.request_id == request_id)
    for row in mappings(connection, sa.select(consents).where(same)):
        if row["content"] != content:
            raise request_id_taken("voice")
        return read_target(connection, row)
    return None


def read_target(connection: sa.Connection, row: Row) -> StoredTarget:
    """Put a row of `consents` together with what engines learnt of the voice; zeros where nothing is left of that."""
    learnt = mappings(connection, LEARNT.where(target_arrays.c.voice_id == row["voice_id"]))
    facts: Mapping[str, Any] = json.loads(learnt[0]["facts"]) if learnt else {}
    return StoredTarget(
        voice_id=row["voice_id"],
        tenant=row["tenant"],
        engines={each["engine"]: each["engine_version"] for each in learnt},
        voice_s=float(facts.get("voice_s", 0.0)),
        median_midi=float(facts.get("median_midi", 0.0)),
        consent=read_consent(row),
        create_time=from_microseconds(row["create_time_us"]),
    )


def arrays_columns(position: int, engine: str, voice: TargetVoice) -> dict[str, Any]:
    """Turn what an engine learnt into columns."""
    arrays = save({name: np.ascontiguousarray(array) for name, array in voice.arrays.items()})
    facts = json.dumps(dict(voice.facts), ensure_ascii=False)
    return {
        "engine": engine,
        "position": position,
        "engine_version": voice.engine_version,
        "facts": facts,
        "arrays": arrays,
        "sha256": _digest(facts, arrays),
    }


def read_arrays(row: Row) -> TargetVoice:
    """Read a row of `target_arrays`; raises WrongStateError TARGET_VOICE_DAMAGED."""
    if row["sha256"] not in {None, _digest(row["facts"], row["arrays"])}:
        raise voice_damaged(row["voice_id"])
    try:
        arrays, facts = load(row["arrays"]), json.loads(row["facts"])
    except (ValueError, KeyError, SafetensorError) as error:
        raise voice_damaged(row["voice_id"]) from error
    return TargetVoice(row["engine"], row["engine_version"], arrays, facts)


def _digest(facts: str, arrays: bytes) -> str:
    digest = hashlib.sha256(facts.encode())
    digest.update(arrays)
    return digest.hexdigest()
