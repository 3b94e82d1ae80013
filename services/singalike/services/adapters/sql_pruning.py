"""What is not kept any longer, erased inside a transaction that the store holds open."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from singalike.services.adapters.sql_listeners import mark_changed
from singalike.services.adapters.sql_rows import to_microseconds
from singalike.services.adapters.sql_schema import exclusions, exposures, feedback, feedback_requests, listeners

Rows = Sequence[Any]
"""Rows of one of the queries below."""

KEEPING = (feedback, feedback_requests, exclusions)
"""As long as something of a listener stands in one of these, the listener's revision is kept."""


EVENTS: sa.Select[Any] = sa.select(feedback.c.feedback_number, feedback.c.listener_id, feedback.c.request_number)


def expired(now: datetime) -> sa.Select[Any]:
    """Find events that have run out."""
    return EVENTS.where(feedback.c.expire_time_us <= to_microseconds(now))


def erase_events(connection: sa.Connection, rows: Rows, long_ago: datetime) -> None:
    """Erase rows of `EVENTS`, and their requests of a time long ago that nothing is left of."""
    if not rows:
        return
    connection.execute(sa.delete(feedback).where(feedback.c.feedback_number.in_([row[0] for row in rows])))
    whose = {row.listener_id for row in rows}
    mark_changed(connection, *whose)
    theirs = feedback_requests.c.request_number.in_({row.request_number for row in rows if row.request_number})
    old = feedback_requests.c.create_time_us <= to_microseconds(long_ago)
    connection.execute(sa.delete(feedback_requests).where(theirs, old, ~_held()))
    forget(connection, whose)


def fruitless(after: datetime | None, long_ago: datetime) -> sa.Select[Any]:
    """Find requests of up to a time long ago that nothing is left of; those up to `after` were looked at before."""
    columns = (feedback_requests.c.request_number, feedback_requests.c.listener_id)
    time_us = feedback_requests.c.create_time_us
    query = sa.select(*columns).where(time_us <= to_microseconds(long_ago), ~_held())
    return query if after is None else query.where(time_us > to_microseconds(after))


def erase_requests(connection: sa.Connection, rows: Rows) -> None:
    """Erase rows of `fruitless`."""
    these = feedback_requests.c.request_number.in_([row[0] for row in rows])
    connection.execute(sa.delete(feedback_requests).where(these))
    forget(connection, {row.listener_id for row in rows})


def outdated(time: datetime) -> sa.Select[Any]:
    """Find exposures of up to a time."""
    return sa.select(exposures.c.exposure_id).where(exposures.c.time_us <= to_microseconds(time))


def erase_exposures(connection: sa.Connection, rows: Rows) -> None:
    """Erase rows of `outdated`."""
    connection.execute(sa.delete(exposures).where(exposures.c.exposure_id.in_([row[0] for row in rows])))


def _held() -> sa.ColumnElement[bool]:
    """Tell the requests of which an event is kept."""
    same = feedback.c.request_number == feedback_requests.c.request_number
    return sa.select(feedback.c.feedback_number).where(same).correlate(feedback_requests).exists()


def forget(connection: sa.Connection, listener_ids: Iterable[str]) -> None:
    """Erase the revisions of those listeners of whom nothing else is kept."""
    mine = listeners.c.listener_id
    kept = [
        sa.select(table.c.listener_id).where(table.c.listener_id == mine).correlate(listeners).exists()
        for table in KEEPING
    ]
    connection.execute(sa.delete(listeners).where(mine.in_(listener_ids), ~sa.or_(*kept)))
