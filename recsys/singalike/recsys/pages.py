"""Cuts an order of candidates into pages on which no singer takes all the slots."""

import numpy as np
from numpy.typing import NDArray

WINDOW = 1000
"""Candidates that are looked at first; only where one page needs more, all are."""


def cut_page(groups: NDArray[np.intp], size: int, each: int) -> NDArray[np.intp]:
    """Choose the next page among what is left.

    Groups take turns: nobody has more than `each` places before all others that are left had as many.

    Args:
        groups: intp (left,), the group (singer) of each candidate, in the order of the list.
        size: Places of a page, above zero.
        each: Places of one group in a turn, above zero.

    Returns:
        Places in `groups`, min(size, left) of them, ascending within each turn.
    """
    window = groups[:WINDOW]
    turns = _occurrence(window) // each
    if len(groups) > len(window) and np.count_nonzero(turns == 0) < size:
        turns = _occurrence(groups) // each
    return np.argsort(turns, kind="stable")[:size]


def _occurrence(groups: NDArray[np.intp]) -> NDArray[np.intp]:
    """Count for each candidate how many of its group stand before it."""
    order = np.argsort(groups, kind="stable")
    sorted_groups = groups[order]
    starts = np.flatnonzero(np.r_[True, sorted_groups[1:] != sorted_groups[:-1]])
    within = np.arange(len(groups)) - np.repeat(starts, np.diff([*starts, len(groups)]))
    counts = np.empty(len(groups), dtype=np.intp)
    counts[order] = within
    return counts
