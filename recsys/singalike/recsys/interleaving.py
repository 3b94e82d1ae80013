"""Two rankings in one list, and which of them its listener preferred.

Source:
    Radlinski, Kurup and Joachims 2008, How does clickthrough data reflect retrieval quality?, section 4.2 (team draft),
    https://doi.org/10.1145/1458082.1458092.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Slots:
    """Who shares a place.

    Attributes:
        song: intp (rows,), rows of one song take one place together.
        singer: intp (rows,), the singer of each row.
        size: Places of a page.
        each: Places of one singer on a page before all others had theirs.
    """

    song: NDArray[np.intp]
    singer: NDArray[np.intp]
    size: int
    each: int


def team_draft(first: Sequence[int], second: Sequence[int], slots: Slots, seed: int) -> Iterator[tuple[int, int]]:
    """Let two rankings take turns: in every round a coin says who picks first, and each picks its best row left.

    Args:
        first: Rows of one ranking, best first, of any length.
        second: Rows of the other one.
        slots: Who shares a place.
        seed: Of the coin.

    Yields:
        (row, team), team 0 for the first ranking and 1 for the second, until every song of both has its place; once one
        ranking has nothing left, the other one gives the rest.
    """
    coin = np.random.default_rng(seed)
    teams = [_Team(first, slots), _Team(second, slots)]
    taken: set[int] = set()
    of_singer: Counter[int] = Counter()
    alive = [True, True]
    while any(alive):
        leader = int(coin.integers(2))
        for team in (leader, 1 - leader):
            row = teams[team].pick(taken, of_singer)
            alive[team] = row is not None
            if row is None:
                continue
            taken.add(int(slots.song[row]))
            of_singer[int(slots.singer[row])] += 1
            if len(taken) % slots.size == 0:
                of_singer.clear()
            yield row, team


class _Team:
    """One ranking that picks from what is left of it."""

    def __init__(self, ranking: Sequence[int], slots: Slots) -> None:
        self._ranking = ranking
        self._slots = slots
        self._start = 0

    def pick(self, taken: set[int], of_singer: Counter[int]) -> int | None:
        """Return the best row left whose singer has a place left on the page; else the best row left."""
        fallback = None
        for place in range(self._start, len(self._ranking)):
            row = int(self._ranking[place])
            if int(self._slots.song[row]) in taken:
                self._start += place == self._start
            elif of_singer[int(self._slots.singer[row])] < self._slots.each:
                return row
            elif fallback is None:
                fallback = row
        return fallback


def preferred_team(items: Sequence[str], teams: Sequence[str], chosen: Iterable[str]) -> str:
    """Say whose items a listener chose more of.

    Args:
        items: As shown.
        teams: Who gave each.
        chosen: Items with an event worth something; each counts once, others than those shown do not.

    Returns:
        The team, or "" for a tie.
    """
    gave = dict(zip(items, teams, strict=True))
    votes = [gave[item] for item in set(chosen) if item in gave]
    counts = sorted(((votes.count(team), team) for team in set(votes)), reverse=True)
    if not counts or (len(counts) > 1 and counts[0][0] == counts[1][0]):
        return ""
    return counts[0][1]
