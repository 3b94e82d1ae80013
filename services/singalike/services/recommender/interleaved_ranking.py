"""A list that two presets make together, in pages."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from threading import Lock
from typing import TypeVar

import numpy as np

from singalike.recsys.interleaving import Slots, team_draft
from singalike.recsys.presets import SINGERS
from singalike.recsys.suggestions import Suggestions
from singalike.services.recommender.ranking import Listing, Ranking
from singalike.services.recommender.recommend_filter import Mask

Written = TypeVar("Written")


class InterleavedListing(Listing):
    """Rows as two rankings draft them; as `Listing` otherwise.

    Args:
        draft: (row, team) in order.
        size: Places of a page.
        second: The ranking of team 1.
    """

    def __init__(self, draft: Iterator[tuple[int, int]], size: int, second: Ranking) -> None:
        self._draft = draft
        self._drafted: list[int] = []
        self._places = size
        self._drafting = Lock()
        self.second = second
        self.team: dict[int, int] = {}

    def take(self, offset: int, allowed: Mask) -> tuple[list[int], int | None]:
        """Return the next page, and where the page after it begins."""
        rows: list[int] = []
        with self._drafting:
            while len(rows) < self._places and (row := self._row(offset)) is not None:
                offset += 1
                if allowed[row]:
                    rows.append(row)
            while (row := self._row(offset)) is not None and not allowed[row]:
                offset += 1
        return rows, None if row is None else offset

    def _row(self, place: int) -> int | None:
        while place >= len(self._drafted):
            drafted = next(self._draft, None)
            if drafted is None:
                return None
            row, team = drafted
            self.team[row] = team
            self._drafted.append(row)
        return self._drafted[place]


def interleave(first: Ranking, second: Ranking, state: str) -> Ranking:
    """Join two rankings of one request; its random_seed draws who picks first.

    Args:
        first: Team 0; what the answer says of its candidates is of this one.
        second: Team 1.
        state: Of the joined ranking.
    """
    view, options = first.view, first.options
    if first.ranks == SINGERS:
        own = np.arange(len(view))
        slots = Slots(own, own, options.k, 1)
    else:
        slots = Slots(view.song, view.track_singer, options.k, options.songs_per_singer)
    draft = team_draft(first.listing.order.tolist(), second.listing.order.tolist(), slots, abs(options.random_seed))
    return replace(first, listing=InterleavedListing(draft, options.k, second), state=state)


def giver_of(ranking: Ranking, row: int) -> Ranking:
    """Return the ranking that gave a row of a list; of an interleaved one the first, where neither gave it yet."""
    listing = ranking.listing
    if not isinstance(listing, InterleavedListing):
        return ranking
    listing.take(0, ranking.allowed_rows)
    return replace(listing.second, listing=listing) if listing.team.get(row) == 1 else ranking


def write_rows(
    ranking: Ranking, rows: list[int], write: Callable[[Ranking, list[int]], Sequence[Written]]
) -> tuple[Written, ...]:
    """Write the rows of a page, each by the ranking that gave it.

    Args:
        ranking: Interleaved or not.
        rows: In order.
        write: Makes suggestions out of rows of one ranking.
    """
    listing = ranking.listing
    if not isinstance(listing, InterleavedListing):
        return tuple(write(ranking, rows))
    written: dict[int, Written] = {}
    for team, giver in enumerate((ranking, listing.second)):
        own = [row for row in rows if listing.team[row] == team]
        written |= zip(own, write(giver, own), strict=True)
    return tuple(written[row] for row in rows)


def with_teams(found: Suggestions, ranking: Ranking, rows: list[int]) -> Suggestions:
    """Say of an interleaved answer which presets made it, and which of them gave each suggestion."""
    listing = ranking.listing
    if not isinstance(listing, InterleavedListing):
        return found
    summary = replace(found.summary, preset=f"{ranking.preset.label}+{listing.second.preset.label}")
    return replace(found, summary=summary, teams=tuple(listing.team[row] for row in rows))
