"""What was shown to listeners, inside a transaction that the store holds open."""

import json
from collections.abc import Sequence

import sqlalchemy as sa

from singalike.services.adapters.sql_rows import from_microseconds, to_microseconds
from singalike.services.adapters.sql_schema import exposures
from singalike.services.listeners.listener_records import Exposure

EXPOSURES = sa.select(exposures).order_by(exposures.c.time_us, exposures.c.exposure_id)


def insert_exposures(connection: sa.Connection, shown: Sequence[Exposure]) -> None:
    """Insert exposures; one that is there already stays as it is, so that a writer may try again."""
    by_id = {each.exposure_id: each for each in shown}
    known = sa.select(exposures.c.exposure_id).where(exposures.c.exposure_id.in_(by_id))
    for exposure_id in connection.execute(known).scalars():
        del by_id[exposure_id]
    columns = [
        {
            "exposure_id": each.exposure_id,
            "listener_id": each.listener_id,
            "time_us": to_microseconds(each.time),
            "ranks": each.ranks,
            "preset": each.preset,
            "experiment": each.experiment,
            "arm": each.arm,
            "items": json.dumps(each.items),
            "teams": json.dumps(each.teams),
        }
        for each in by_id.values()
    ]
    if columns:
        connection.execute(sa.insert(exposures), columns)


def read_exposure(row: sa.Row[tuple[object, ...]]) -> Exposure:
    """Read a row of `EXPOSURES`."""
    return Exposure(
        exposure_id=row.exposure_id,
        listener_id=row.listener_id,
        time=from_microseconds(row.time_us),
        ranks=row.ranks,
        preset=row.preset,
        experiment=row.experiment,
        arm=row.arm,
        items=tuple(json.loads(row.items)),
        teams=tuple(json.loads(row.teams)),
    )
