"""What single listeners did, read again only when it has changed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from singalike.recsys.listener_events import Attitude, read_attitude
from singalike.services.listeners.listener_records import Exclusion, Feedback
from singalike.services.recently_used import RecentlyUsed

MOST_LISTENERS = 1000
"""Of so many listeners who came lately events are kept read."""


class History(Protocol):
    """What is read of a `FeedbackStore`."""

    def events_of(self, listener_id: str, now: datetime) -> tuple[Feedback, ...]:
        """Return a listener's events that have not run out, oldest first."""

    def exclusions_of(self, listener_id: str) -> tuple[Exclusion, ...]:
        """Return all exclusions of a listener."""

    def walk_events(self, now: datetime) -> Iterable[tuple[str, Feedback]]:
        """Walk over the events of all listeners that have not run out, by listener and time."""

    def listener_revision(self, listener_id: str) -> int:
        """Return a number that changes with every change of a listener's events or exclusions."""

    def revision(self) -> int:
        """Return a number that grows with every change of anybody's events or exclusions."""


@dataclass(frozen=True, eq=False)
class KnownListener:
    """What is known of one listener.

    Attributes:
        revision: Of the listener's events and exclusions.
        attitude, exclusions: What they come to.
        event_count: Events that have not run out, of all kinds.
        expire_time: When the next one runs out; None: never.
    """

    revision: int
    attitude: Attitude
    exclusions: tuple[Exclusion, ...]
    event_count: int
    expire_time: datetime | None

    def has_lapsed(self, now: datetime) -> bool:
        """Say whether an event has run out since."""
        return self.expire_time is not None and now >= self.expire_time


class ListenerReader:
    """Reads listeners as they are now; safe to call from several threads.

    Args:
        history: Where events and exclusions are kept.
        now: Clock, UTC.
    """

    def __init__(self, history: History, now: Callable[[], datetime]) -> None:
        self._history = history
        self._now = now
        self._seen = RecentlyUsed[str, tuple[int, KnownListener]](MOST_LISTENERS)

    def read(self, listener_id: str) -> KnownListener:
        """Return what is known of a listener: the same object as before while nothing has changed."""
        now, revision = self._now(), self._history.revision()
        seen = self._seen.find(listener_id)
        if seen is not None and seen[0] == revision and not seen[1].has_lapsed(now):
            return seen[1]
        listener = self._read_again(listener_id, None if seen is None else seen[1], now)
        self._seen.put(listener_id, (revision, listener))
        return listener

    def has_lapsed(self, listener_id: str) -> bool:
        """Say whether an event has run out since a listener was read; also of one who is not known any more."""
        seen = self._seen.find(listener_id)
        return seen is None or seen[1].has_lapsed(self._now())

    def forget(self, listener_id: str) -> None:
        """Let go of what was read of a listener."""
        self._seen.discard(listener_id)

    def _read_again(self, listener_id: str, before: KnownListener | None, now: datetime) -> KnownListener:
        """Others' changes leave a listener as before; that is quicker to see than all events are to read."""
        revision = self._history.listener_revision(listener_id)
        if before is not None and before.revision == revision and not before.has_lapsed(now):
            return before
        events = self._history.events_of(listener_id, now)
        expire_times = [event.expire_time for event in events if event.expire_time is not None]
        return KnownListener(
            revision,
            read_attitude(events),
            self._history.exclusions_of(listener_id),
            len(events),
            min(expire_times, default=None),
        )
