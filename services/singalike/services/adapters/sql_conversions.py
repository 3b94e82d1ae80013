"""Conversions in the catalogue's database; what a method has returned from is on disk."""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from singalike.services.adapters import sql_conversion_changes as changes
from singalike.services.adapters import sql_conversion_rows as sql
from singalike.services.adapters.sql_catalogue import utc_now
from singalike.services.adapters.sql_engine import Database
from singalike.services.adapters.sql_memory import ReadMemory
from singalike.services.adapters.sql_rows import Row, mappings, to_microseconds
from singalike.services.adapters.sql_schema import conversion_news, conversions
from singalike.services.conversion_records import (
    ConversionFault,
    ConversionFilter,
    ConversionNews,
    ConversionOrder,
    ConversionProgress,
    ConversionState,
    ConvertedSong,
    StoredConversion,
    Tenant,
)
from singalike.services.conversion_refusals import CANCELLED
from singalike.services.page_tokens import bad_token, check_page_size, make_token, read_token
from singalike.services.records import Page

RUNNING = ConversionState.RUNNING.value

LONGEST_NUMBER = 18
"""Digits of the number of a conversion."""


def new_conversion_id() -> str:
    """Draw an id that cannot be guessed."""
    return f"c-{secrets.token_hex(16)}"


class SqlConversions:
    """The truth about conversions; see `singalike.services.conversion_ports.ConversionStore`.

    Several processes may use one database at once; threads may share one store. Every change happens in a transaction
    that no other writer overlaps and that looks first at who has the conversion: of two who race, one is refused.

    Args:
        url: SQLAlchemy URL of the catalogue's database; brought to this release's schema when opened.
        min_free_disk_mb: New conversions are refused when less is free on SQLite's disk, in MiB. What becomes of those
            that are there is noted anyway.
        now: The clock.
        conversion_ids: Draws ids.
    """

    def __init__(
        self,
        url: str,
        min_free_disk_mb: int = 0,
        now: Callable[[], datetime] = utc_now,
        conversion_ids: Callable[[], str] = new_conversion_id,
    ) -> None:
        self._database = Database(url, min_free_disk_mb)
        self._memory = ReadMemory(self._database.file)
        self._now = now
        self._conversion_ids = conversion_ids

    def add_conversion(
        self, tenant: Tenant, order: ConversionOrder, request_id: str = "", content: str = ""
    ) -> StoredConversion:
        """Store a conversion, QUEUED; a repeated request_id returns the first one.

        Raises:
            AlreadyExistsError: REQUEST_ID_TAKEN, with another content.
            CapacityError: TOO_MANY_CONVERSIONS, of this tenant; DISK_FULL.
            NotFoundError: VOICE_NOT_FOUND.
            WrongStateError: CONSENT_REVOKED, CONSENT_EXPIRED, VOICE_NOT_FOR_CONVERSION, VOICE_NOT_ENROLLED_FOR_ENGINE.
        """
        content = content or changes.content_of(order)
        with self._database.write() as connection:
            before = changes.find_request(connection, tenant.name, request_id, content)
            if before is not None:
                return before
            changes.refuse_order(connection, tenant, order, self._now())
            now, standing = self._now(), sql.standing_columns(ConversionState.QUEUED, ConversionProgress(), None)
            identity = {"conversion_id": self._conversion_ids(), "tenant": tenant.name}
            asked = {"request_id": request_id or None, "content": content}
            begun = {"sequence": 1, "attempts": 0, "executor_id": "", "create_time_us": to_microseconds(now)}
            values = {**identity, **asked, **begun, **standing, **sql.wish_columns(order)}
            connection.execute(sa.insert(conversions).values(**values))
            row = sql.find_row(connection, identity["conversion_id"])
            sql.add_news(connection, row["conversion_number"], 1, now, standing)
            return sql.read_conversion(row)

    def find_conversion_request(self, tenant: str, request_id: str, content: str) -> StoredConversion | None:
        """Return the conversion that this request created before; raises AlreadyExistsError REQUEST_ID_TAKEN."""
        with self._database.read() as connection:
            return changes.find_request(connection, tenant, request_id, content)

    def get_conversion(self, conversion_id: str, tenant: str = "") -> StoredConversion:
        """Return a conversion, of any tenant when none is named; raises NotFoundError CONVERSION_NOT_FOUND."""
        with self._database.read() as connection:
            return sql.read_conversion(sql.find_row(connection, conversion_id, tenant))

    def list_conversions(
        self, page_size: int = 50, page_token: str = "", where: ConversionFilter | None = None
    ) -> Page[StoredConversion]:
        """List conversions, newest first; raises InvalidInputError for a bad page_size or page_token."""
        check_page_size(page_size)
        where = where or ConversionFilter()
        scope = (where.tenant, where.voice_id, where.state or "")
        before = _read_number(read_token(page_token, "conversions", scope))
        wanted = sql.condition(where)
        query = sa.select(conversions).where(wanted).order_by(conversions.c.conversion_number.desc())
        if before is not None:
            query = query.where(conversions.c.conversion_number < before)
        with self._database.read() as connection:
            found = mappings(connection, query.limit(page_size + 1))
            total = connection.execute(sa.select(sa.func.count()).select_from(conversions).where(wanted)).scalar_one()
        more = len(found) > page_size
        token = make_token("conversions", scope, str(found[page_size - 1]["conversion_number"])) if more else ""
        return Page(tuple(map(sql.read_conversion, found[:page_size])), token, total)

    def news(self, conversion_id: str, after_sequence: int = 0) -> Sequence[ConversionNews]:
        """Return what happened after a sequence, in order; raises NotFoundError CONVERSION_NOT_FOUND.

        Where nobody has written since the same was asked before, no statement is run: ask as often as you like.
        """
        return self._memory.get((conversion_id, after_sequence), lambda: self._read_news(conversion_id, after_sequence))

    def sequences(self, conversion_ids: Sequence[str]) -> Mapping[str, int]:
        """Return how far the news of conversions are, by id, in one look; unknown ids are left out."""
        with self._database.read() as connection:
            return sql.read_sequences(connection, conversion_ids)

    def start(self, conversion_id: str, executor_id: str, most_running: int | None = None) -> StoredConversion:
        """Give a conversion to a worker: RUNNING, one more attempt. What another worker still says of it is refused.

        Args:
            conversion_id: Which.
            executor_id: Who works on it.
            most_running: Refuse when its tenant has so many others RUNNING already.

        Raises:
            NotFoundError: CONVERSION_NOT_FOUND.
            WrongStateError: CONVERSION_FINISHED; CONVERSION_CANCELLED.
            CapacityError: TENANT_BUSY.
        """
        with self._database.write(erases=True) as connection:
            row = sql.find_row(connection, conversion_id)
            changes.refuse_end(row)
            if most_running is not None:
                changes.refuse_busy_tenant(connection, row, most_running)
            values: dict[str, Any] = {"executor_id": executor_id, "attempts": row["attempts"] + 1}
            if row["start_time_us"] is None:
                values["start_time_us"] = to_microseconds(self._now())
            return changes.advance(connection, row, self._now(), ConversionState.RUNNING, **values)

    def report(self, conversion_id: str, executor_id: str, progress: ConversionProgress) -> None:
        """Note how far a worker is; steps of less than half a percent within a stage are no news.

        Raises:
            NotFoundError: CONVERSION_NOT_FOUND, it was deleted.
            WrongStateError: CONVERSION_CANCELLED; CONVERSION_FINISHED; CONVERSION_MOVED, another worker has it now.
        """
        if not changes.is_news(self._held(conversion_id, executor_id), progress):
            return
        with self._database.write(erases=True) as connection:
            row = sql.find_row(connection, conversion_id)
            changes.refuse_other(row, executor_id)
            changes.advance(connection, row, self._now(), ConversionState.RUNNING, progress)

    def check(self, conversion_id: str, executor_id: str) -> None:
        """Raise as `report` does, without news."""
        self._held(conversion_id, executor_id)

    def note_key_shift(self, conversion_id: str, executor_id: str, semitones: int) -> None:
        """Fill in the key shift that was chosen; raises as `report`."""
        with self._database.write(erases=True) as connection:
            row = sql.find_row(connection, conversion_id)
            changes.refuse_other(row, executor_id)
            wish = json.loads(row["wish"]) | {"key_shift_semitones": semitones}
            mine = conversions.c.conversion_number == row["conversion_number"]
            connection.execute(sa.update(conversions).where(mine).values(wish=json.dumps(wish, ensure_ascii=False)))

    def succeed(self, conversion_id: str, executor_id: str, song: ConvertedSong) -> StoredConversion:
        """End with a song, once; the same again changes nothing; raises as `report`."""
        said = json.dumps(asdict(song), ensure_ascii=False)
        with self._database.write(erases=True) as connection:
            row = sql.find_row(connection, conversion_id)
            if (row["state"], row["executor_id"], row["song"]) == (ConversionState.SUCCEEDED, executor_id, said):
                return sql.read_conversion(row)
            changes.refuse_other(row, executor_id)
            done = ConversionProgress("done", 1.0, 0.0)
            return changes.end(connection, row, self._now(), ConversionState.SUCCEEDED, done, song=said)

    def fail(self, conversion_id: str, executor_id: str, fault: ConversionFault) -> StoredConversion:
        """End without a song; an empty executor_id ends it whoever has it; raises as `report`."""
        with self._database.write(erases=True) as connection:
            row = sql.find_row(connection, conversion_id)
            if row["state"] == ConversionState.FAILED and executor_id in {"", row["executor_id"]}:
                return sql.read_conversion(row)
            changes.refuse_other(row, executor_id) if executor_id else changes.refuse_end(row)
            return changes.end(connection, row, self._now(), ConversionState.FAILED, fault=fault)

    def requeue(self, conversion_id: str, executor_id: str, *, given_back: bool = False) -> StoredConversion:
        """Take a conversion from a worker: QUEUED again; nothing where it has ended, waits, or another worker has it.

        Args:
            conversion_id: Which.
            executor_id: Worker that died, or gives it back.
            given_back: The worker was told to stop: this attempt does not count.

        Raises:
            NotFoundError: CONVERSION_NOT_FOUND.
        """
        with self._database.write(erases=True) as connection:
            row = sql.find_row(connection, conversion_id)
            if (row["state"], row["executor_id"]) != (RUNNING, executor_id):
                return sql.read_conversion(row)
            attempts = row["attempts"] - given_back
            return changes.advance(
                connection, row, self._now(), ConversionState.QUEUED, executor_id="", attempts=attempts
            )

    def cancel_conversion(self, conversion_id: str, tenant: str = "") -> StoredConversion:
        """Cancel; cancelling again changes nothing.

        Raises:
            NotFoundError: CONVERSION_NOT_FOUND.
            WrongStateError: CONVERSION_FINISHED, it has succeeded or failed.
        """
        with self._database.write(erases=True) as connection:
            row = sql.find_row(connection, conversion_id, tenant)
            if row["state"] == ConversionState.CANCELLED:
                return sql.read_conversion(row)
            changes.refuse_end(row)
            return changes.end(connection, row, self._now(), ConversionState.CANCELLED, fault=CANCELLED)

    def remove_conversion(self, conversion_id: str, tenant: str = "") -> None:
        """Erase a conversion and its news; raises NotFoundError CONVERSION_NOT_FOUND."""
        with self._database.write(erases=True) as connection:
            row = sql.find_row(connection, conversion_id, tenant)
            sql.erase_conversions(connection, conversions.c.conversion_number == row["conversion_number"])
        self._memory.forget()
        self._database.scrub()

    def remove_expired(self, now: datetime) -> tuple[str, ...]:
        """Erase conversions whose time has come; returns their ids, whose jobs and files must follow."""
        due = conversions.c.expire_time_us <= to_microseconds(now)
        with self._database.read() as connection:
            if connection.execute(sa.select(conversions.c.conversion_number).where(due).limit(1)).first() is None:
                return ()
        with self._database.write(erases=True) as connection:
            gone = sql.erase_conversions(connection, due)
        self._memory.forget()
        self._database.scrub()
        return gone

    def unfinished(self) -> Sequence[StoredConversion]:
        """Return all that are QUEUED or RUNNING, oldest first."""
        query = sa.select(conversions).where(conversions.c.state.in_(sql.UNFINISHED))
        with self._database.read() as connection:
            rows = mappings(connection, query.order_by(conversions.c.conversion_number))
        return tuple(map(sql.read_conversion, rows))

    def conversion_ids(self) -> frozenset[str]:
        """Return all ids: what lies in the folder of results and is not among them may go."""
        with self._database.read() as connection:
            return frozenset(connection.execute(sa.select(conversions.c.conversion_id)).scalars())

    def contents(self) -> frozenset[str]:
        """Return the digests of all songs that conversions are of: vocals of others are needed by nobody."""
        with self._database.read() as connection:
            return frozenset(connection.execute(sa.select(conversions.c.content_sha256).distinct()).scalars())

    def close(self) -> None:
        """Let go of files and connections."""
        self._memory.close()
        self._database.close()

    def _held(self, conversion_id: str, executor_id: str) -> Row:
        """Return the row that a worker has, as it was at the last commit of anybody."""
        row = self._memory.get(conversion_id, lambda: self._read_row(conversion_id))
        changes.refuse_other(row, executor_id)
        return row

    def _read_row(self, conversion_id: str) -> Row:
        with self._database.read() as connection:
            return sql.find_row(connection, conversion_id)

    def _read_news(self, conversion_id: str, after_sequence: int) -> Sequence[ConversionNews]:
        with self._database.read() as connection:
            number = sql.find_row(connection, conversion_id)["conversion_number"]
            mine = (conversion_news.c.conversion_number == number) & (conversion_news.c.sequence > after_sequence)
            rows = mappings(connection, sa.select(conversion_news).where(mine).order_by(conversion_news.c.sequence))
        return tuple(map(sql.read_news, rows))


def _read_number(place: str) -> int | None:
    if place and not (place.isascii() and place.isdigit() and len(place) <= LONGEST_NUMBER):
        raise bad_token("it is not one that this list gave out")
    return int(place) if place else None
