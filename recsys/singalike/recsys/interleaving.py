"""Two rankings in one list, and which of them its listener preferred.

Source:
    Radlinski, Kurup and Joachims 2008, How does clickthrough data reflect retrieval quality?, section 4.2 (team draft),
    https://doi.org/10.1145/1458082.1458092.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Interleaved:
    """One list out of two.

    Attributes:
        items: Best first, none twice.
        teams: The ranking that gave each: 0 the first, 1 the second.
    """

    items: tuple[str, ...]
    teams: tuple[int, ...]


def team_draft(first: Sequence[str], second: Sequence[str], seed: int) -> Interleaved:
    """Let two rankings take turns: in every round a coin says who picks first, and each picks its best item left.

    Args:
        first: One ranking, best first, of any length.
        second: The other one.
        seed: Of the coin.

    Returns:
        All items of both; once one ranking has nothing left, the other one gives the rest.
    """
    coin = np.random.default_rng(seed)
    rankings = (iter(first), iter(second))
    taken: dict[str, int] = {}
    alive = [True, True]
    while any(alive):
        leader = int(coin.integers(2))
        for team in (leader, 1 - leader):
            pick = next((item for item in rankings[team] if item not in taken), None)
            if pick is None:
                alive[team] = False
            else:
                taken[pick] = team
    return Interleaved(tuple(taken), tuple(taken.values()))


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
