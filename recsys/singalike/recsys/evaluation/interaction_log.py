"""What people did, as it is published: who chose what and when. Learn from the earlier part, judge by the later one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.errors import InvalidInputError

EARLIER = 0.8
"""Share of the choices that is learnt from."""

FEWEST_USERS = 20


@dataclass(frozen=True, eq=False)
class InteractionLog:
    """First choices: each person and item once, by its earliest time.

    Attributes:
        items: Names of the items.
        user, item: intp (choices,), by time; users are numbered.
        time: float64 (choices,), seconds since 1970, ascending.
        users: How many there are.
    """

    items: tuple[str, ...]
    user: NDArray[np.intp]
    item: NDArray[np.intp]
    time: NDArray[np.float64]
    users: int


@dataclass(frozen=True, eq=False)
class TimeSplit:
    """A log cut at one moment, which is the same for everybody: nothing is learnt from what comes later.

    Attributes:
        histories: What each person chose before, rows of items; also of those who are not asked.
        asked: People who chose something new afterwards, rows of `histories`; it may be empty before.
        futures: What each asked person chose afterwards.
        first_time: float64 (items,), when each item was first chosen before the cut; NaN for later ones.
        cut: When, in seconds since 1970.
    """

    histories: tuple[NDArray[np.intp], ...]
    asked: NDArray[np.intp]
    futures: tuple[NDArray[np.intp], ...]
    first_time: NDArray[np.float64]
    cut: float


def arrange_log(users: Sequence[str], items: Sequence[str], times: Sequence[float]) -> InteractionLog:
    """Number people and items and keep the first time that each chose each.

    Args:
        users: Who, one a choice.
        items: What.
        times: When, in seconds since 1970, finite.
    """
    user_names, user = np.unique(np.asarray(users, dtype=str), return_inverse=True)
    item_names, item = np.unique(np.asarray(items, dtype=str), return_inverse=True)
    order = np.lexsort((item, user, np.asarray(times, dtype=np.float64)))
    pair = user[order].astype(np.int64) * len(item_names) + item[order]
    kept = order[np.sort(np.unique(pair, return_index=True)[1])]
    when = np.asarray(times, dtype=np.float64)[kept]
    return InteractionLog(tuple(item_names.tolist()), user[kept], item[kept], when, len(user_names))


def split_by_time(log: InteractionLog, most: int | None = None, seed: int = 0) -> TimeSplit:
    """Cut a log after `EARLIER` of its choices.

    Args:
        log: First choices.
        most: Ask at most so many people, drawn by chance; None asks all.
        seed: Of that draw.

    Raises:
        InvalidInputError: TOO_FEW_INTERACTIONS, fewer than `FEWEST_USERS` people chose something new after the cut.
    """
    cut = float(log.time[int(EARLIER * len(log.time))]) if len(log.time) else 0.0
    before = log.time < cut
    known = np.zeros(len(log.items), dtype=bool)
    known[log.item[before]] = True
    after = ~before & known[log.item]
    asked = np.unique(log.user[after])
    if len(asked) < FEWEST_USERS:
        message = (
            f"{len(asked)} people choose known items after the first {EARLIER:.0%} of the choices, {FEWEST_USERS} are "
            "needed: give a longer file"
        )
        raise InvalidInputError("TOO_FEW_INTERACTIONS", message)
    if most is not None and len(asked) > most:
        asked = np.sort(np.random.default_rng(seed).choice(asked, most, replace=False))
    futures = _by_user(log.user[after], log.item[after], log.users)
    first_time = np.full(len(log.items), np.nan)
    first_time[log.item[before][::-1]] = log.time[before][::-1]
    histories = _by_user(log.user[before], log.item[before], log.users)
    return TimeSplit(tuple(histories), asked, tuple(futures[row] for row in asked), first_time, cut)


def _by_user(user: NDArray[np.intp], item: NDArray[np.intp], users: int) -> list[NDArray[np.intp]]:
    order = np.argsort(user, kind="stable")
    return np.split(item[order], np.cumsum(np.bincount(user, minlength=users))[:-1])


def figures_of(log: InteractionLog, split: TimeSplit) -> Mapping[str, int]:
    """Count what was learnt from and what is asked."""
    return {
        "people": log.users,
        "items": len(log.items),
        "choices": len(log.item),
        "people asked": len(split.asked),
        "without a history": sum(not len(split.histories[row]) for row in split.asked),
    }
