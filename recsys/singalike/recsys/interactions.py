"""Who liked what, as one sparse table over the singers and tracks of a view."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.listener_events import Attitude, Item, confidence

SINGER_SHARE = 0.25
"""Part of the liking of a track that is liking of its singer.

On synthetic listeners this finds songs better than singers that are no items of their own, and than whole shares.
"""

MOST_ITEMS = 1000
"""Items of one listener that count, the best liked ones: nobody's diligence outweighs everybody else."""

MOST_ENTRIES = 4_000_000
"""Entries of a table, about 32 MB; where there are more, every second listener stands for two, then every fourth."""


_Row = tuple[NDArray[np.int32], NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Interactions:
    """The liking of some listeners.

    Attributes:
        table: Confidences, sparse float32 (listeners, tracks + singers): first the view's tracks, then its singers.
            A part of the liking of tracks is that of their singers.
        view: Names the columns.
        event_count: Events of all listeners, also of those who were left out.
    """

    table: csr_matrix
    view: CatalogueView
    event_count: int

    @property
    def listener_count(self) -> int:
        """Listeners who liked anything."""
        return int(self.table.shape[0])

    def listeners_of(self) -> NDArray[np.int64]:
        """Count the distinct listeners of every column, int64 (tracks + singers,)."""
        return np.asarray(self.table.getnnz(axis=0), dtype=np.int64)


def gather(attitudes: Iterable[Attitude], view: CatalogueView, most_entries: int = MOST_ENTRIES) -> Interactions:
    """Put listeners into a table, one row each; those who like nothing of the view have none.

    Args:
        attitudes: Of one listener each. They are read once and not kept.
        view: What they may like; items that it does not hold (any more) are left out.
        most_entries: Where the table would grow larger, listeners are left out evenly along their order.
    """
    rows: list[_Row] = []
    every, entries, event_count = 1, 0, 0
    liking = ((liking_row(attitude.liked, view), attitude.event_count) for attitude in attitudes)
    for place, (liked, events) in enumerate(each for each in liking if each[0]):
        event_count += events
        if place % every == 0:
            rows.append(_packed(liked))
            entries += len(liked)
        while entries > most_entries and len(rows) > 1:
            rows, every = rows[::2], 2 * every
            entries = sum(len(row[0]) for row in rows)
    return Interactions(_stacked(rows, _width(view)), view, event_count)


def one_row(liked: Mapping[Item, float], view: CatalogueView) -> csr_matrix:
    """Return the row of one listener, sparse float32 (1, tracks + singers), empty where nothing there is liked."""
    return _stacked([_packed(liking_row(liked, view))], _width(view))


def liking_row(liked: Mapping[Item, float], view: CatalogueView) -> dict[int, float]:
    """Find the columns of what is liked.

    Args:
        liked: Liking by item.
        view: Names the columns.

    Returns:
        Liking by column, at most `MOST_ITEMS` items and their singers: a singer has `SINGER_SHARE` of that of their
        tracks, and what was done to the singer as such.
    """
    track_count = len(view.tracks)
    row: dict[int, float] = {}
    for item in sorted(liked, key=lambda item: (-liked[item], item.is_singer, item.item_id))[:MOST_ITEMS]:
        singer, share = (view.singer_rows.get(item.item_id), 1.0) if item.is_singer else (None, SINGER_SHARE)
        if not item.is_singer and (track := view.track_rows.get(item.item_id)) is not None:
            row[track] = liked[item]
            singer = int(view.track_singer[track])
        if singer is not None:
            row[track_count + singer] = row.get(track_count + singer, 0.0) + share * liked[item]
    return dict(sorted(row.items()))


def _width(view: CatalogueView) -> int:
    return len(view.tracks) + len(view.singers)


def _packed(row: Mapping[int, float]) -> _Row:
    columns = np.fromiter(row, dtype=np.int32, count=len(row))
    return columns, np.fromiter(map(confidence, row.values()), dtype=np.float32, count=len(row))


def _stacked(rows: Sequence[_Row], width: int) -> csr_matrix:
    starts = np.cumsum([0, *(len(columns) for columns, _ in rows)], dtype=np.int32)
    indices = np.concatenate([np.zeros(0, np.int32), *(columns for columns, _ in rows)])
    data = np.concatenate([np.zeros(0, np.float32), *(values for _, values in rows)])
    return csr_matrix((data, indices, starts), shape=(len(rows), width))
