"""What listeners did and never want to see, in the catalogue's database; what a method has returned from is on disk."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from singalike.services.adapters import sql_listeners as sql
from singalike.services.adapters import sql_pruning as pruning
from singalike.services.adapters.sql_catalogue import utc_now
from singalike.services.adapters.sql_engine import Database
from singalike.services.adapters.sql_exposures import EXPOSURES, insert_exposures, read_exposure
from singalike.services.adapters.sql_memory import ReadMemory
from singalike.services.adapters.sql_rows import to_microseconds
from singalike.services.adapters.sql_schema import exclusions, exposures, feedback, listeners
from singalike.services.listeners.listener_feedback import (
    REQUEST_MEMORY,
    content_of,
    excluded_target,
    new_exclusion_id,
    new_feedback_id,
    unknown_exclusion,
    unknown_feedback,
)
from singalike.services.listeners.listener_records import Exclusion, Exposure, Feedback
from singalike.services.page_tokens import check_page_size, make_place, make_token, read_place, read_token
from singalike.services.records import Page

WALK_PAGE = ERASED_AT_ONCE = 5000
REVISION = ("revision",)
"""Under what the revision is remembered: no listener's id."""


class SqlFeedback:
    """Events, exclusions and exposures of listeners; see `singalike.services.listeners.listener_ports.FeedbackStore`.

    Several processes may use one database at once; threads may share one store.

    Args:
        url: SQLAlchemy URL of the catalogue's database; brought to this release's schema when opened.
        min_free_disk_mb: Writes to SQLite are refused when less is free on its disk, in MiB.
        exposure_days: Exposures older than this are pruned; 0: never.
        now: The clock.
        feedback_ids: Draws ids for events.
        exclusion_ids: Draws ids for exclusions.
    """

    def __init__(
        self,
        url: str,
        min_free_disk_mb: int = 0,
        exposure_days: int = 0,
        now: Callable[[], datetime] = utc_now,
        feedback_ids: Callable[[], str] = new_feedback_id,
        exclusion_ids: Callable[[], str] = new_exclusion_id,
    ) -> None:
        self._database = Database(url, min_free_disk_mb)
        self._memory = ReadMemory(self._database.file)
        self._exposure_age = timedelta(days=exposure_days)
        self._pruned_to: datetime | None = None
        self._now = now
        self._feedback_ids = feedback_ids
        self._exclusion_ids = exclusion_ids

    def record(
        self, listener_id: str, feedback: Sequence[Feedback], request_id: str = "", content: str = ""
    ) -> tuple[Feedback, ...]:
        """Store events in one transaction; a repeated request_id returns what is left of the first ones.

        Raises:
            AlreadyExistsError: REQUEST_ID_REUSED.
            NotFoundError: TRACK_NOT_FOUND, SINGER_NOT_FOUND.
            CapacityError: DISK_FULL.
        """
        if not feedback:
            return ()
        with self._database.write() as connection:
            number = None
            if request_id:
                digest = content or content_of(feedback)
                number = sql.find_request(connection, listener_id, request_id, digest)
                if number is not None:
                    return sql.read_request(connection, number)
                number = sql.insert_request(connection, listener_id, request_id, digest, self._now())
            sql.check_targets(connection, [(each.track_id, each.singer_id) for each in feedback])
            stored = sql.insert_events(
                connection, [(listener_id, each) for each in feedback], number, self._feedback_ids
            )
            sql.mark_changed(connection, listener_id)
        return stored

    def add_events(self, events: Sequence[tuple[str, Feedback]]) -> int:
        """Store events of many listeners in one transaction, but for those that are there already; returns how many.

        Raises:
            CapacityError: DISK_FULL.
        """
        if not events:
            return 0
        with self._database.write() as connection:
            new = sql.not_there(connection, events)
            if new:
                sql.insert_events(connection, new, None, self._feedback_ids)
                sql.mark_changed(connection, *{listener_id for listener_id, _ in new})
        return len(new)

    def list_feedback(self, listener_id: str, page_size: int = 50, page_token: str = "") -> Page[Feedback]:
        """List events that have not run out, newest first; raises InvalidInputError for a bad page_size or token."""
        check_page_size(page_size)
        before = read_place(read_token(page_token, "feedback", (listener_id,)))
        mine = sql.alive(self._now()) & (feedback.c.listener_id == listener_id)
        query = sql.FEEDBACK.where(mine).order_by(*(column.desc() for column in sql.IN_ORDER)).limit(page_size + 1)
        if before is not None:
            query = query.where(sa.tuple_(*sql.IN_ORDER) < sa.tuple_(*before))
        with self._database.read() as connection:
            found = connection.execute(query).all()
            total = connection.execute(sa.select(sa.func.count()).select_from(feedback).where(mine)).scalar_one()
        more = len(found) > page_size
        last = make_place(found[page_size - 1].time_us, found[page_size - 1].feedback_number) if more else ""
        token = make_token("feedback", (listener_id,), last) if more else ""
        return Page(tuple(map(sql.read_feedback, found[:page_size])), token, total)

    def delete_feedback(self, listener_id: str, feedback_id: str) -> None:
        """Erase an event; raises NotFoundError FEEDBACK_NOT_FOUND."""
        which = (feedback.c.listener_id == listener_id) & (feedback.c.feedback_id == feedback_id)
        with self._database.write(erases=True) as connection:
            rows = connection.execute(pruning.EVENTS.where(which)).all()
            if not rows:
                raise unknown_feedback(feedback_id)
            pruning.erase_events(connection, rows, self._now() - REQUEST_MEMORY)
        self._database.scrub()

    def add_exclusion(self, listener_id: str, exclusion: Exclusion) -> Exclusion:
        """Store an exclusion; the same again returns the first.

        Raises:
            NotFoundError: TRACK_NOT_FOUND, SINGER_NOT_FOUND.
            CapacityError: DISK_FULL.
        """
        said = {"listener_id": listener_id, "kind": exclusion.kind, "value": exclusion.value}
        same = sa.and_(*(exclusions.c[name] == value for name, value in said.items()))
        with self._database.write() as connection:
            known = connection.execute(sql.EXCLUSIONS.where(same)).first()
            if known is not None:
                return sql.read_exclusion(known)
            sql.check_targets(connection, [excluded_target(exclusion)])
            stored = replace(exclusion, exclusion_id=self._exclusion_ids())
            created = {"exclusion_id": stored.exclusion_id, "create_time_us": to_microseconds(stored.create_time)}
            connection.execute(sa.insert(exclusions).values(**said, **created))
            sql.mark_changed(connection, listener_id)
        return stored

    def list_exclusions(self, listener_id: str, page_size: int = 50, page_token: str = "") -> Page[Exclusion]:
        """List exclusions by id; raises InvalidInputError for a bad page_size or page_token."""
        check_page_size(page_size)
        after = read_token(page_token, "exclusions", (listener_id,))
        mine = exclusions.c.listener_id == listener_id
        with self._database.read() as connection:
            query = sql.EXCLUSIONS.where(mine, exclusions.c.exclusion_id > after).limit(page_size + 1)
            found = [sql.read_exclusion(row) for row in connection.execute(query)]
            total = connection.execute(sa.select(sa.func.count()).select_from(exclusions).where(mine)).scalar_one()
        more = len(found) > page_size
        token = make_token("exclusions", (listener_id,), found[page_size - 1].exclusion_id) if more else ""
        return Page(tuple(found[:page_size]), token, total)

    def remove_exclusion(self, listener_id: str, exclusion_id: str) -> None:
        """Erase an exclusion; raises NotFoundError EXCLUSION_NOT_FOUND."""
        which = (exclusions.c.listener_id == listener_id) & (exclusions.c.exclusion_id == exclusion_id)
        with self._database.write(erases=True) as connection:
            if not connection.execute(sa.delete(exclusions).where(which)).rowcount:
                raise unknown_exclusion(exclusion_id)
            sql.mark_changed(connection, listener_id)
            pruning.forget(connection, [listener_id])
        self._database.scrub()

    def erase_listener(self, listener_id: str) -> None:
        """Erase everything that is kept of a listener, from every file."""
        with self._database.write(erases=True) as connection:
            gone = [
                connection.execute(sa.delete(table).where(table.c.listener_id == listener_id)).rowcount
                for table in sql.OF_LISTENERS
            ]
            if any(gone):
                sql.next_revision(connection)
        self._memory.forget()
        if any(gone):
            self._database.scrub()

    def events_of(self, listener_id: str, now: datetime) -> tuple[Feedback, ...]:
        """Return a listener's events that have not run out, oldest first."""
        mine = sql.alive(now) & (feedback.c.listener_id == listener_id)
        with self._database.read() as connection:
            return tuple(map(sql.read_feedback, connection.execute(sql.FEEDBACK.where(mine).order_by(*sql.IN_ORDER))))

    def exclusions_of(self, listener_id: str) -> tuple[Exclusion, ...]:
        """Return all exclusions of a listener, by id."""
        with self._database.read() as connection:
            found = connection.execute(sql.EXCLUSIONS.where(exclusions.c.listener_id == listener_id))
            return tuple(map(sql.read_exclusion, found))

    def walk_events(self, now: datetime) -> Iterator[tuple[str, Feedback]]:
        """Walk over events that have not run out, by listener and time; no transaction stays open in between."""
        order = (feedback.c.listener_id, *sql.IN_ORDER)
        query = sql.FEEDBACK.where(sql.alive(now)).order_by(*order).limit(WALK_PAGE)
        page = self._rows(query)
        while page:
            yield from ((row.listener_id, sql.read_feedback(row)) for row in page)
            last = sa.tuple_(page[-1].listener_id, page[-1].time_us, page[-1].feedback_number)
            page = self._rows(query.where(sa.tuple_(*order) > last))

    def listener_revision(self, listener_id: str) -> int:
        """Return a number that changes with every change of a listener's events or exclusions; 0: nothing is kept."""
        return self._memory.get(listener_id, lambda: self._read_listener_revision(listener_id))

    def revision(self) -> int:
        """Return a number that grows with every change of anybody's events or exclusions."""
        self._database.scrub_again()
        return self._memory.get(REVISION, self._read_revision)

    def prune(self, now: datetime) -> int:
        """Erase events that have run out and exposures that are too old; returns how many events."""
        long_ago = now - REQUEST_MEMORY
        erased = self._erase(pruning.expired(now), partial(pruning.erase_events, long_ago=long_ago))
        others = self._erase(pruning.fruitless(self._pruned_to, long_ago), pruning.erase_requests)
        if self._exposure_age:
            others += self._erase(pruning.outdated(now - self._exposure_age), pruning.erase_exposures)
        self._pruned_to = long_ago
        if erased or others:
            self._database.scrub()
        return erased

    def log_exposures(self, exposures: Sequence[Exposure]) -> None:
        """Store what was shown, in one transaction; what is there already stays as it is."""
        with self._database.write() as connection:
            insert_exposures(connection, exposures)

    def walk_exposures(self, experiment: str = "") -> Iterator[Exposure]:
        """Walk over exposures, oldest first; no transaction stays open in between."""
        query = EXPOSURES.limit(WALK_PAGE)
        if experiment:
            query = query.where(exposures.c.experiment == experiment)
        page = self._rows(query)
        while page:
            yield from map(read_exposure, page)
            last = sa.tuple_(page[-1].time_us, page[-1].exposure_id)
            page = self._rows(query.where(sa.tuple_(exposures.c.time_us, exposures.c.exposure_id) > last))

    def close(self) -> None:
        """Let go of files and connections."""
        self._memory.close()
        self._database.close()

    def _erase(self, which: sa.Select[Any], erase: Callable[[sa.Connection, Sequence[sa.Row[Any]]], None]) -> int:
        """Erase rows a batch at a time, so that nobody who writes waits for long; returns how many."""
        erased, due = 0, bool(self._rows(which.limit(1)))
        while due:
            with self._database.write(erases=True) as connection:
                rows = connection.execute(which.limit(ERASED_AT_ONCE)).all()
                erase(connection, rows)
            erased, due = erased + len(rows), len(rows) == ERASED_AT_ONCE
        return erased

    def _read_listener_revision(self, listener_id: str) -> int:
        with self._database.read() as connection:
            mine = sa.select(listeners.c.revision).where(listeners.c.listener_id == listener_id)
            return connection.execute(mine).scalar() or 0

    def _read_revision(self) -> int:
        with self._database.read() as connection:
            return sql.current_revision(connection)

    def _rows(self, query: sa.Select[tuple[object, ...]]) -> Sequence[sa.Row[tuple[object, ...]]]:
        with self._database.read() as connection:
            return connection.execute(query).all()
