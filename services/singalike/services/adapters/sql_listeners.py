"""Statements about listeners, inside a transaction that the store holds open."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from singalike.services.adapters.sql_rows import from_microseconds, to_microseconds
from singalike.services.adapters.sql_schema import (
    counter,
    exclusions,
    exposures,
    feedback,
    feedback_requests,
    listeners,
    singers,
    tracks,
)
from singalike.services.listeners.listener_feedback import (
    request_id_reused,
    unknown_singer,
    unknown_track,
)
from singalike.services.listeners.listener_records import Exclusion, Feedback

FEEDBACK = sa.select(feedback)
EXCLUSIONS = sa.select(exclusions).order_by(exclusions.c.exclusion_id)
IN_ORDER = (feedback.c.time_us, feedback.c.feedback_number)
MOST_NAMES = 5000
"""Listeners that are looked for in one statement."""

OF_LISTENERS = (feedback, feedback_requests, exclusions, exposures, listeners)


def alive(now: datetime) -> sa.ColumnElement[bool]:
    """Tell the events that have not run out."""
    return feedback.c.expire_time_us.is_(None) | (feedback.c.expire_time_us > to_microseconds(now))


def read_feedback(row: Sequence[Any]) -> Feedback:
    """Read a row of `FEEDBACK`."""
    _, feedback_id, _, kind, track_id, singer_id, time_us, expire_time_us, exposure_id, _ = row
    time = from_microseconds(time_us)
    expire_time = None if expire_time_us is None else from_microseconds(expire_time_us)
    return Feedback(feedback_id, kind, track_id, singer_id, time, expire_time, exposure_id)


def read_exclusion(row: sa.Row[tuple[Any, ...]]) -> Exclusion:
    """Read a row of `EXCLUSIONS`."""
    return Exclusion(row.exclusion_id, row.kind, row.value, from_microseconds(row.create_time_us))


def current_revision(connection: sa.Connection) -> int:
    """Read the counter of changes to anybody's events and exclusions."""
    return int(connection.execute(sa.select(counter.c.value).where(counter.c.name == "feedback")).scalar_one())


def next_revision(connection: sa.Connection) -> int:
    """Bump the counter, inside the transaction that makes the change."""
    connection.execute(sa.update(counter).where(counter.c.name == "feedback").values(value=counter.c.value + 1))
    return current_revision(connection)


def mark_changed(connection: sa.Connection, *listener_ids: str) -> None:
    """Give listeners the next revision."""
    revision = next_revision(connection)
    these = listeners.c.listener_id.in_(listener_ids)
    known = set(connection.execute(sa.select(listeners.c.listener_id).where(these)).scalars())
    connection.execute(sa.update(listeners).where(these).values(revision=revision))
    new = [{"listener_id": name, "revision": revision} for name in listener_ids if name not in known]
    if new:
        connection.execute(sa.insert(listeners), new)


def check_targets(connection: sa.Connection, targets: Iterable[tuple[str, str]]) -> None:
    """Make sure that tracks and singers are in the catalogue.

    Args:
        connection: Inside a transaction.
        targets: Pairs of a track and a singer; empty ids are not looked for.

    Raises:
        NotFoundError: TRACK_NOT_FOUND, SINGER_NOT_FOUND.
    """
    track_ids, singer_ids = ({name for name in names if name} for names in zip(*targets, strict=True))
    for wanted, column, unknown in (
        (track_ids, tracks.c.track_id, unknown_track),
        (singer_ids, singers.c.singer_id, unknown_singer),
    ):
        missing = wanted - set(connection.execute(sa.select(column).where(column.in_(wanted))).scalars())
        if missing:
            raise unknown(min(missing))


def insert_events(
    connection: sa.Connection,
    events: Sequence[tuple[str, Feedback]],
    request_number: int | None,
    draw_id: Callable[[], str],
) -> tuple[Feedback, ...]:
    """Insert events of listeners under new ids, in their order."""
    stored = tuple(replace(event, feedback_id=draw_id()) for _, event in events)
    columns = [
        {
            "feedback_id": event.feedback_id,
            "listener_id": listener_id,
            "kind": event.kind,
            "track_id": event.track_id,
            "singer_id": event.singer_id,
            "time_us": to_microseconds(event.time),
            "expire_time_us": None if event.expire_time is None else to_microseconds(event.expire_time),
            "exposure_id": event.exposure_id,
            "request_number": request_number,
        }
        for (listener_id, _), event in zip(events, stored, strict=True)
    ]
    connection.execute(sa.insert(feedback), columns)
    return stored


def not_there(connection: sa.Connection, events: Sequence[tuple[str, Feedback]]) -> list[tuple[str, Feedback]]:
    """Leave out events that are stored, or come twice: the same listener, kind, target and time."""
    by_key = {
        (name, event.kind, event.track_id, event.singer_id, to_microseconds(event.time)): (name, event)
        for name, event in events
    }
    times, names = [key[-1] for key in by_key], list({key[0] for key in by_key})
    columns = (feedback.c[name] for name in ("listener_id", "kind", "track_id", "singer_id", "time_us"))
    # A range for each listener is read from the index; pairs of listener and time would be looked for row by row.
    query = sa.select(*columns).where(feedback.c.time_us.between(min(times), max(times)))
    for start in range(0, len(names), MOST_NAMES):
        for row in connection.execute(query.where(feedback.c.listener_id.in_(names[start : start + MOST_NAMES]))):
            by_key.pop(tuple(row), None)
    return list(by_key.values())


def find_request(connection: sa.Connection, listener_id: str, request_id: str, content: str) -> int | None:
    """Return the number of a request that came before.

    Raises:
        AlreadyExistsError: REQUEST_ID_REUSED, it came with other content.
    """
    same = (feedback_requests.c.listener_id == listener_id) & (feedback_requests.c.request_id == request_id)
    before = connection.execute(sa.select(feedback_requests).where(same)).first()
    if before is None:
        return None
    if before.content != content:
        raise request_id_reused()
    return int(before.request_number)


def insert_request(connection: sa.Connection, listener_id: str, request_id: str, content: str, now: datetime) -> int:
    """Remember a request; returns its number."""
    said = {"listener_id": listener_id, "request_id": request_id, "content": content}
    created = sa.insert(feedback_requests).values(create_time_us=to_microseconds(now), **said)
    key = connection.execute(created).inserted_primary_key
    assert key is not None
    return int(key[0])


def read_request(connection: sa.Connection, request_number: int) -> tuple[Feedback, ...]:
    """Read what is left of a request's events, in its order."""
    query = FEEDBACK.where(feedback.c.request_number == request_number).order_by(feedback.c.feedback_number)
    return tuple(map(read_feedback, connection.execute(query)))
