"""Consents and target voices in the catalogue's database; what a method has returned from is on disk."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from singalike.conversion.engine import TargetVoice
from singalike.embeddings.profile import VoiceProfile
from singalike.services.adapters import sql_consents as sql
from singalike.services.adapters.sql_catalogue import new_voice_id, utc_now
from singalike.services.adapters.sql_conversion_rows import erase_conversions
from singalike.services.adapters.sql_engine import Database
from singalike.services.adapters.sql_rows import check_profile, mappings, to_microseconds
from singalike.services.adapters.sql_schema import (
    consent_phrases,
    consents,
    conversions,
    target_arrays,
    voices,
)
from singalike.services.adapters.sql_voices import (
    erase_learnt,
    erase_voice,
    find_voice,
    insert_voice,
    voice_not_found,
)
from singalike.services.conversion_records import ConsentPhrase, ConsentRecord, StoredTarget
from singalike.services.conversion_refusals import not_enrolled, refuse_fallen_consent
from singalike.services.records import Consent

PHRASES_KEPT = timedelta(days=1)
"""Beyond their time: a phrase that ran out is told from one that never was."""


class SqlTargets:
    """The truth about consents and target voices; see `singalike.services.conversion_ports.TargetStore`.

    Several processes may use one database at once; threads may share one store.

    Args:
        url: SQLAlchemy URL of the catalogue's database; brought to this release's schema when opened.
        min_free_disk_mb: Writes to SQLite are refused when less is free on its disk, in MiB.
        now: The clock.
        voice_ids: Draws ids for voices.
        most_phrases: That a tenant may have open at once; of those that ran out, as many are remembered.
    """

    def __init__(
        self,
        url: str,
        min_free_disk_mb: int = 0,
        now: Callable[[], datetime] = utc_now,
        voice_ids: Callable[[], str] = new_voice_id,
        most_phrases: int = 1000,
    ) -> None:
        self._database = Database(url, min_free_disk_mb)
        self._now = now
        self._most_phrases = most_phrases
        self._voice_ids = voice_ids

    def add_phrase(self, phrase: ConsentPhrase) -> None:
        """Keep a phrase; also forgets those that ran out more than a day ago, and the oldest where they are many.

        Raises:
            CapacityError: TOO_MANY_PHRASES; DISK_FULL.
        """
        now = self._now()
        with self._database.write() as connection:
            sql.forget_phrases(connection, phrase.tenant, now, PHRASES_KEPT, self._most_phrases)
            sql.refuse_many_phrases(connection, phrase.tenant, now, self._most_phrases)
            connection.execute(sa.insert(consent_phrases).values(**sql.phrase_columns(phrase)))

    def get_phrase(self, tenant: str, phrase_id: str) -> ConsentPhrase:
        """Return a phrase that was not used yet, in time or not; raises NotFoundError PHRASE_NOT_FOUND."""
        with self._database.read() as connection:
            return sql.find_phrase(connection, tenant, phrase_id)

    def add_target(
        self,
        tenant: str,
        profile: VoiceProfile,
        consent: ConsentRecord,
        voices: Mapping[str, TargetVoice],
        *,
        phrase_id: str = "",
        request_id: str = "",
        content: str = "",
    ) -> StoredTarget:
        """Store a voice, what engines learnt of it and its consent in one transaction; the phrase is used up.

        Raises:
            NotFoundError: PHRASE_NOT_FOUND.
            AlreadyExistsError: REQUEST_ID_TAKEN.
            CapacityError: DISK_FULL.
            InvalidInputError: The profile holds vectors that cannot be searched.
        """
        check_profile(profile)
        learnt = [sql.arrays_columns(position, *each) for position, each in enumerate(voices.items())]
        agreed = Consent(consent.subject, consent.statement, consent.time)
        with self._database.write() as connection:
            before = sql.find_request(connection, tenant, request_id, content)
            if before is not None:
                return before
            if phrase_id:
                sql.find_phrase(connection, tenant, phrase_id)
                connection.execute(sa.delete(consent_phrases).where(consent_phrases.c.phrase_id == phrase_id))
            voice = insert_voice(connection, self._voice_ids(), profile, agreed, "", self._now())
            identity = {"voice_id": voice.voice_id, "tenant": tenant}
            asked = {"request_id": request_id or None, "content": content}
            created = {"create_time_us": to_microseconds(voice.create_time)}
            said = sql.consent_columns(consent)
            connection.execute(sa.insert(consents).values(**identity, **asked, **created, **said))
            for columns in learnt:
                connection.execute(sa.insert(target_arrays).values(voice_id=voice.voice_id, **columns))
            return sql.find_target(connection, tenant, voice.voice_id)

    def find_target_request(self, tenant: str, request_id: str, content: str) -> StoredTarget | None:
        """Return the voice that this request created before; raises AlreadyExistsError REQUEST_ID_TAKEN."""
        with self._database.read() as connection:
            return sql.find_request(connection, tenant, request_id, content)

    def get_target(self, tenant: str, voice_id: str) -> StoredTarget:
        """Return a voice.

        Raises:
            NotFoundError: VOICE_NOT_FOUND.
            WrongStateError: VOICE_NOT_FOR_CONVERSION.
        """
        with self._database.read() as connection:
            return sql.find_target(connection, tenant, voice_id)

    def load_target_voice(self, voice_id: str, engine: str) -> TargetVoice:
        """Return what an engine learnt of a voice.

        Raises:
            NotFoundError: VOICE_NOT_FOUND.
            WrongStateError: CONSENT_REVOKED; CONSENT_EXPIRED; VOICE_NOT_ENROLLED_FOR_ENGINE; TARGET_VOICE_DAMAGED.
        """
        which = (target_arrays.c.voice_id == voice_id) & (target_arrays.c.engine == engine)
        with self._database.read() as connection:
            row = sql.find_consent_row(connection, voice_id)
            if row is None:
                raise voice_not_found(voice_id)
            refuse_fallen_consent(sql.read_consent(row), self._now())
            for arrays in mappings(connection, sa.select(target_arrays).where(which)):
                return sql.read_arrays(arrays)
        raise not_enrolled(voice_id, engine)

    def load_profile(self, voice_id: str) -> VoiceProfile:
        """Return what the ear says of a voice; raises NotFoundError VOICE_NOT_FOUND."""
        with self._database.read() as connection:
            voice = find_voice(connection, voices.c.voice_id == voice_id)
        if voice is None:
            raise voice_not_found(voice_id)
        return voice.profile

    def revoke_consent(self, tenant: str, voice_id: str, now: datetime) -> tuple[StoredTarget, tuple[str, ...]]:
        """Take a consent back: erase vectors, arrays and conversions of the voice, keep the record.

        Returns:
            What is left, and the ids of the erased conversions, whose jobs and files must follow.

        Raises:
            NotFoundError: VOICE_NOT_FOUND.
            WrongStateError: VOICE_NOT_FOR_CONVERSION.
        """
        with self._database.write(erases=True) as connection:
            target = sql.find_target(connection, tenant, voice_id)
            gone = erase_conversions(connection, conversions.c.voice_id == voice_id)
            erase_learnt(connection, voice_id)
            if target.consent.revoke_time is None:
                revoked = sa.update(consents).where(consents.c.voice_id == voice_id)
                connection.execute(revoked.values(revoke_time_us=to_microseconds(now)))
            left = sql.find_target(connection, tenant, voice_id)
        self._database.scrub()
        return left, gone

    def remove_target(self, tenant: str, voice_id: str) -> tuple[str, ...]:
        """Erase a voice with its record and conversions; returns the ids of the conversions.

        Raises:
            NotFoundError: VOICE_NOT_FOUND.
            WrongStateError: VOICE_NOT_FOR_CONVERSION.
        """
        with self._database.write(erases=True) as connection:
            sql.find_target(connection, tenant, voice_id)
            gone = erase_voice(connection, voice_id)
        self._database.scrub()
        return gone

    def lapse_consents(self, now: datetime) -> tuple[str, ...]:
        """Erase vectors, arrays and conversions of voices whose consent has run out; the records stay.

        Returns:
            Ids of the erased conversions, whose jobs and files must follow.
        """
        over = (consents.c.expire_time_us <= to_microseconds(now)) & (consents.c.voice_id == voices.c.voice_id)
        query = sa.select(consents.c.voice_id).where(over)
        with self._database.read() as connection:
            if connection.execute(query.limit(1)).first() is None:
                return ()
        gone: tuple[str, ...] = ()
        with self._database.write(erases=True) as connection:
            for voice_id in connection.execute(query).scalars().all():
                gone += erase_conversions(connection, conversions.c.voice_id == voice_id)
                erase_learnt(connection, voice_id)
        self._database.scrub()
        return gone

    def close(self) -> None:
        """Let go of files and connections."""
        self._database.close()
