"""What an index needs to follow the catalogue, read inside one transaction."""

import sqlalchemy as sa

from singalike.services.adapters.sql_rows import POINTS, current_revision, mappings, read_point
from singalike.services.adapters.sql_schema import segments, tombstones
from singalike.services.index_points import checksum
from singalike.services.ports import CatalogueChanges, IndexState

SCAN_ROWS = 2000


def read_changes(connection: sa.Connection, after: int, model_version: str, limit: int) -> CatalogueChanges:
    """Read whole revisions after `after` until about `limit` points are together."""
    now = current_revision(connection)
    newer = POINTS.where(segments.c.model_version == model_version).order_by(segments.c.revision, segments.c.segment_id)
    rows = list(mappings(connection, newer.where(segments.c.revision > after).limit(limit)))
    upto = now
    if len(rows) == limit:
        # The last revision may be cut in two: take the rest of it, so that the batch ends in a state that existed.
        upto = rows[-1]["revision"]
        rest = (segments.c.revision == upto) & (segments.c.segment_id > rows[-1]["segment_id"])
        rows += mappings(connection, newer.where(rest))
    gone = sa.select(tombstones.c.segment_id).where(
        tombstones.c.model_version == model_version, tombstones.c.revision > after, tombstones.c.revision <= upto
    )
    return CatalogueChanges(
        points=tuple(map(read_point, rows)),
        deleted_point_ids=tuple(connection.execute(gone.order_by(tombstones.c.segment_id)).scalars()),
        revision=upto,
        more=upto < now,
    )


def read_expected_state(connection: sa.Connection, model_version: str) -> IndexState:
    """Count and sum up all segments of an ear by a scan, so that the answer rests on the vectors themselves."""
    query = POINTS.where(segments.c.model_version == model_version).execution_options(yield_per=SCAN_ROWS)
    count, total = 0, 0
    for rows in connection.execute(query).mappings().partitions():
        count += len(rows)
        total += checksum(map(read_point, rows))
    return IndexState(count, total % 2**64, current_revision(connection), model_version)
