"""What may become of a conversion, inside a transaction that no other writer overlaps.

QUEUED ─start─▶ RUNNING ─succeed─▶ SUCCEEDED
▲               │
╰────requeue────┤
├─fail──────▶ FAILED      (from QUEUED as well)
╰─cancel────▶ CANCELLED   (from QUEUED as well)
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from singalike.services.adapters import sql_conversion_rows as sql
from singalike.services.adapters.sql_consents import find_target
from singalike.services.adapters.sql_rows import Row, mappings, to_microseconds
from singalike.services.adapters.sql_schema import conversions
from singalike.services.conversion_records import (
    ConversionFault,
    ConversionOrder,
    ConversionProgress,
    ConversionState,
    StoredConversion,
    Tenant,
)
from singalike.services.conversion_refusals import (
    conversion_finished,
    conversion_moved,
    not_enrolled,
    refuse_fallen_consent,
    request_id_taken,
    tenant_busy,
    too_many_conversions,
)

LEAST_STEP = 0.005
"""Share of the work below which progress is no news: a worker may report as often as it likes."""

RUNNING = ConversionState.RUNNING.value


def content_of(order: ConversionOrder) -> str:
    """Digest an order, to tell a repeated request from another one."""
    return hashlib.sha256(json.dumps(asdict(order), sort_keys=True).encode()).hexdigest()


def find_request(connection: sa.Connection, tenant: str, request_id: str, content: str) -> StoredConversion | None:
    """Return the conversion that a request created before; raises AlreadyExistsError REQUEST_ID_TAKEN."""
    if not request_id:
        return None
    same = (conversions.c.tenant == tenant) & (conversions.c.request_id == request_id)
    for row in mappings(connection, sa.select(conversions).where(same)):
        if row["content"] != content:
            raise request_id_taken("conversion")
        return sql.read_conversion(row)
    return None


def refuse_order(connection: sa.Connection, tenant: Tenant, order: ConversionOrder, now: datetime) -> None:
    """Refuse what may not be sung, or not yet; raises as `ConversionStore.add_conversion`."""
    target = find_target(connection, tenant.name, order.voice_id)
    refuse_fallen_consent(target.consent, now)
    if order.engine not in target.engines:
        raise not_enrolled(order.voice_id, order.engine)
    if count(connection, tenant.name, sql.UNFINISHED) >= tenant.most_waiting:
        raise too_many_conversions(tenant)


def refuse_busy_tenant(connection: sa.Connection, row: Row, most_running: int) -> None:
    """Refuse to start a conversion beside too many of its tenant; raises CapacityError TENANT_BUSY."""
    others = count(connection, row["tenant"], (RUNNING,)) - (row["state"] == RUNNING)
    if others >= most_running:
        raise tenant_busy(row["tenant"], most_running)


def refuse_end(row: Row) -> None:
    """Refuse to change what has ended; raises WrongStateError CONVERSION_CANCELLED, CONVERSION_FINISHED."""
    state = ConversionState(row["state"])
    if state.is_final:
        raise conversion_finished(state)


def refuse_other(row: Row, executor_id: str) -> None:
    """Refuse what a worker says of a conversion that it does not have; raises as `ConversionStore.report`."""
    refuse_end(row)
    if (row["state"], row["executor_id"]) != (RUNNING, executor_id):
        raise conversion_moved(executor_id)


def is_news(row: Row, progress: ConversionProgress) -> bool:
    """Say whether progress is worth a row."""
    return bool(row["stage"] != progress.stage or abs(row["share"] - progress.share) >= LEAST_STEP)


def count(connection: sa.Connection, tenant: str, states: Sequence[str]) -> int:
    """Count a tenant's conversions in some states."""
    theirs = (conversions.c.tenant == tenant) & conversions.c.state.in_(states)
    return connection.execute(sa.select(sa.func.count()).select_from(conversions).where(theirs)).scalar_one()


def advance(
    connection: sa.Connection,
    row: Row,
    now: datetime,
    state: ConversionState,
    progress: ConversionProgress | None = None,
    fault: ConversionFault | None = None,
    **values: Any,
) -> StoredConversion:
    """Change how a conversion stands and append the news of it.

    Args:
        connection: The transaction that read the row.
        row: As the conversion stands.
        now: When.
        state: From now on.
        progress: From now on; None: as before.
        fault: Why it ended without a song.
        **values: Further columns.
    """
    progress = progress or ConversionProgress(row["stage"], row["share"], row["time_left_s"])
    number, sequence = row["conversion_number"], row["sequence"] + 1
    standing = sql.standing_columns(state, progress, fault)
    changed = sa.update(conversions).where(conversions.c.conversion_number == number)
    connection.execute(changed.values(sequence=sequence, **standing, **values))
    sql.add_news(connection, number, sequence, now, standing)
    return sql.read_conversion(sql.find_row(connection, row["conversion_id"]))


def end(
    connection: sa.Connection,
    row: Row,
    now: datetime,
    state: ConversionState,
    progress: ConversionProgress | None = None,
    fault: ConversionFault | None = None,
    song: str | None = None,
) -> StoredConversion:
    """End a conversion; from now on its time runs."""
    expires = now + timedelta(seconds=sql.read_conversion(row).order.keep_s)
    times = {"end_time_us": to_microseconds(now), "expire_time_us": to_microseconds(expires)}
    return advance(connection, row, now, state, progress, fault, song=song, **times)
