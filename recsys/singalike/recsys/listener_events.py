"""What listeners did, read as what they like, what they refuse and what they never want to see."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log1p
from types import MappingProxyType
from typing import Protocol

LIKED = MappingProxyType({"play": 1.0, "finish": 2.0, "convert": 4.0, "sing": 4.0, "like": 5.0})
"""What an event adds to the liking of a track or singer: singing a song says more than having heard it to its end."""

REFUSED = MappingProxyType({"skip": 0.5, "dislike": 1.0})
"""How strongly an event speaks against a track or singer, in [0, 1]."""

TAKES_BACK = MappingProxyType({"finish": 0.5, "convert": 0.5, "sing": 0.5, "like": 1.0})
"""The strongest refusal of the same item that a later event undoes: only a like undoes a dislike."""

CONFIDENCE = 5.0
"""How much surer one unit of liking makes, on a logarithmic scale."""


class ListenerEvent(Protocol):
    """One thing that a listener did to a track or a singer; the id of the other one is empty."""

    @property
    def kind(self) -> str:
        """What: play, finish, skip, like, dislike, sing, convert or hide."""

    @property
    def track_id(self) -> str:
        """To which track."""

    @property
    def singer_id(self) -> str:
        """To which singer."""


@dataclass(frozen=True)
class Item:
    """A track or a singer by its id; a track and a singer of one id are two items.

    Attributes:
        is_singer: Whether the id is that of a singer.
        item_id: The id.
    """

    is_singer: bool
    item_id: str


@dataclass(frozen=True)
class Attitude:
    """What a listener's events come to.

    Attributes:
        liked: Sum of `LIKED` by item, above zero.
        refused: The strongest refusal in force by item, in (0, 1].
        hidden: Never to be suggested.
        event_count: How many events are behind `liked`.
    """

    liked: Mapping[Item, float]
    refused: Mapping[Item, float]
    hidden: frozenset[Item]
    event_count: int


def read_attitude(events: Iterable[ListenerEvent]) -> Attitude:
    """Sum up the events of one listener.

    What speaks against something leaves `liked` and `event_count` as they are: however many dislikes are added, taste
    and its weight stay, and no refusal gets weaker.

    Args:
        events: Oldest first; kinds that are not known count for nothing.
    """
    liked: dict[Item, float] = {}
    refused: dict[Item, float] = {}
    hidden: set[Item] = set()
    event_count = 0
    for event in events:
        item = Item(not event.track_id, event.track_id or event.singer_id)
        if event.kind in LIKED:
            liked[item] = liked.get(item, 0.0) + LIKED[event.kind]
            event_count += 1
        if event.kind in REFUSED:
            refused[item] = max(refused.get(item, 0.0), REFUSED[event.kind])
        if refused.get(item, 2.0) <= TAKES_BACK.get(event.kind, 0.0):
            del refused[item]
        if event.kind == "hide":
            hidden.add(item)
    return Attitude(liked, refused, frozenset(hidden), event_count)


def confidence(liking: float) -> float:
    """Say how sure it is that something is liked.

    Args:
        liking: Sum of `LIKED`, above zero.

    Returns:
        1 + CONFIDENCE x log(1 + liking), at least one: the tenth play says less than the first.

    Source:
        Hu, Koren and Volinsky 2008, Collaborative Filtering for Implicit Feedback Datasets, eq. 6 with epsilon 1.
    """
    return 1.0 + CONFIDENCE * log1p(liking)
