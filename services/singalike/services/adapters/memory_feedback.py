"""The in-memory twin of `SqlFeedback`, for tests and for commands that keep nothing."""

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from singalike.services.adapters.sql_catalogue import utc_now
from singalike.services.adapters.sql_rows import to_microseconds
from singalike.services.listeners.listener_feedback import (
    REQUEST_MEMORY,
    content_of,
    excluded_target,
    new_exclusion_id,
    new_feedback_id,
    request_id_reused,
    unknown_exclusion,
    unknown_feedback,
)
from singalike.services.listeners.listener_records import Exclusion, Exposure, Feedback
from singalike.services.page_tokens import check_page_size, make_place, make_token, read_place, read_token
from singalike.services.ports import Catalogue
from singalike.services.records import Page

Place = tuple[int, int]
"""Microseconds and number: where an event stands among others."""


@dataclass(frozen=True)
class _Request:
    content: str
    time: datetime
    feedback_ids: frozenset[str]


@dataclass
class _Listener:
    """What is kept of one listener: events by place, requests and exclusions by id."""

    revision: int = 0
    events: dict[Place, Feedback] = field(default_factory=dict)
    requests: dict[str, _Request] = field(default_factory=dict)
    exclusions: dict[str, Exclusion] = field(default_factory=dict)

    def alive(self, now: datetime) -> list[tuple[Place, Feedback]]:
        """Return events that have not run out, oldest first."""
        return sorted(
            (place, event)
            for place, event in self.events.items()
            if event.expire_time is None or event.expire_time > now
        )


class MemoryFeedback:
    """Events, exclusions and exposures in memory; see `singalike.services.listeners.listener_ports.FeedbackStore`.

    Args:
        catalogue: Where tracks and singers have to be; None: every id is taken for known.
        exposure_days: Exposures older than this are pruned; 0: never.
        now: The clock.
        feedback_ids: Draws ids for events.
        exclusion_ids: Draws ids for exclusions.
    """

    def __init__(
        self,
        catalogue: Catalogue | None = None,
        exposure_days: int = 0,
        now: Callable[[], datetime] = utc_now,
        feedback_ids: Callable[[], str] = new_feedback_id,
        exclusion_ids: Callable[[], str] = new_exclusion_id,
    ) -> None:
        self._catalogue = catalogue
        self._exposure_age = timedelta(days=exposure_days)
        self._now = now
        self._feedback_ids = feedback_ids
        self._exclusion_ids = exclusion_ids
        self._lock = threading.RLock()
        self._listeners: dict[str, _Listener] = {}
        self._exposures: dict[str, Exposure] = {}
        self._numbers = itertools.count(1)
        self._revision = 0

    def record(
        self, listener_id: str, feedback: Sequence[Feedback], request_id: str = "", content: str = ""
    ) -> tuple[Feedback, ...]:
        """Store events; a repeated request_id returns what is left of the first ones.

        Raises:
            AlreadyExistsError: REQUEST_ID_REUSED.
            NotFoundError: TRACK_NOT_FOUND, SINGER_NOT_FOUND.
        """
        digest = content or content_of(feedback)
        with self._lock:
            before = self._of(listener_id).requests.get(request_id)
            if before is not None:
                if before.content != digest:
                    raise request_id_reused()
                events = (event for _, event in sorted(self._of(listener_id).events.items(), key=lambda at: at[0][1]))
                return tuple(event for event in events if event.feedback_id in before.feedback_ids)
            for event in feedback:
                self._check_target(event.track_id, event.singer_id)
            stored = tuple(replace(event, feedback_id=self._feedback_ids()) for event in feedback)
            if stored:
                listener = self._changed(listener_id)
                listener.events |= {(to_microseconds(event.time), next(self._numbers)): event for event in stored}
                if request_id:
                    ids = frozenset(event.feedback_id for event in stored)
                    listener.requests[request_id] = _Request(digest, self._now(), ids)
            return stored

    def add_events(self, events: Sequence[tuple[str, Feedback]]) -> int:
        """Store events of many listeners, but for those that are there already; returns how many."""
        with self._lock:
            there = {_key(name, event) for name, of in self._listeners.items() for event in of.events.values()}
            new = {_key(name, event): (name, event) for name, event in events if _key(name, event) not in there}
            for name, event in new.values():
                place = (to_microseconds(event.time), next(self._numbers))
                self._changed(name).events[place] = replace(event, feedback_id=self._feedback_ids())
            return len(new)

    def list_feedback(self, listener_id: str, page_size: int = 50, page_token: str = "") -> Page[Feedback]:
        """List events that have not run out, newest first; raises InvalidInputError for a bad page_size or token."""
        check_page_size(page_size)
        before = read_place(read_token(page_token, "feedback", (listener_id,)))
        with self._lock:
            alive = self._of(listener_id).alive(self._now())[::-1]
        found = [(place, event) for place, event in alive if before is None or place < before][: page_size + 1]
        more = len(found) > page_size
        token = make_token("feedback", (listener_id,), make_place(*found[page_size - 1][0])) if more else ""
        return Page(tuple(event for _, event in found[:page_size]), token, len(alive))

    def delete_feedback(self, listener_id: str, feedback_id: str) -> None:
        """Forget an event; raises NotFoundError FEEDBACK_NOT_FOUND."""
        with self._lock:
            events = self._of(listener_id).events
            places = [place for place, event in events.items() if event.feedback_id == feedback_id]
            if not places:
                raise unknown_feedback(feedback_id)
            del self._changed(listener_id).events[places[0]]
            self._tidy(listener_id, self._now())

    def add_exclusion(self, listener_id: str, exclusion: Exclusion) -> Exclusion:
        """Store an exclusion; the same again returns the first; raises NotFoundError for an unknown track or singer."""
        with self._lock:
            for known in self._of(listener_id).exclusions.values():
                if (known.kind, known.value) == (exclusion.kind, exclusion.value):
                    return known
            self._check_target(*excluded_target(exclusion))
            stored = replace(exclusion, exclusion_id=self._exclusion_ids())
            self._changed(listener_id).exclusions[stored.exclusion_id] = stored
            return stored

    def list_exclusions(self, listener_id: str, page_size: int = 50, page_token: str = "") -> Page[Exclusion]:
        """List exclusions by id; raises InvalidInputError for a bad page_size or page_token."""
        check_page_size(page_size)
        after = read_token(page_token, "exclusions", (listener_id,))
        known = self.exclusions_of(listener_id)
        found = [each for each in known if each.exclusion_id > after][: page_size + 1]
        more = len(found) > page_size
        token = make_token("exclusions", (listener_id,), found[page_size - 1].exclusion_id) if more else ""
        return Page(tuple(found[:page_size]), token, len(known))

    def remove_exclusion(self, listener_id: str, exclusion_id: str) -> None:
        """Forget an exclusion; raises NotFoundError EXCLUSION_NOT_FOUND."""
        with self._lock:
            if exclusion_id not in self._of(listener_id).exclusions:
                raise unknown_exclusion(exclusion_id)
            del self._changed(listener_id).exclusions[exclusion_id]
            self._tidy(listener_id, self._now())

    def erase_listener(self, listener_id: str) -> None:
        """Forget everything of a listener."""
        with self._lock:
            theirs = {key for key, each in self._exposures.items() if each.listener_id == listener_id}
            if self._listeners.pop(listener_id, None) is not None or theirs:
                self._revision += 1
            self._exposures = {key: each for key, each in self._exposures.items() if key not in theirs}

    def events_of(self, listener_id: str, now: datetime) -> tuple[Feedback, ...]:
        """Return a listener's events that have not run out, oldest first."""
        with self._lock:
            return tuple(event for _, event in self._of(listener_id).alive(now))

    def exclusions_of(self, listener_id: str) -> tuple[Exclusion, ...]:
        """Return all exclusions of a listener, by id."""
        with self._lock:
            return tuple(each for _, each in sorted(self._of(listener_id).exclusions.items()))

    def walk_events(self, now: datetime) -> Iterator[tuple[str, Feedback]]:
        """Walk over the events of all listeners that have not run out, by listener and time."""
        with self._lock:
            kept = sorted((name, listener.alive(now)) for name, listener in self._listeners.items())
        return ((name, event) for name, alive in kept for _, event in alive)

    def listener_revision(self, listener_id: str) -> int:
        """Return a number that changes with every change of a listener's events or exclusions; 0: nothing is kept."""
        with self._lock:
            return self._of(listener_id).revision

    def revision(self) -> int:
        """Return a number that grows with every change of anybody's events or exclusions."""
        return self._revision

    def prune(self, now: datetime) -> int:
        """Forget events that have run out and exposures that are too old; returns how many events."""
        with self._lock:
            if self._exposure_age:
                oldest = now - self._exposure_age
                self._exposures = {key: each for key, each in self._exposures.items() if each.time > oldest}
            return sum(self._prune_listener(name, now) for name in list(self._listeners))

    def log_exposures(self, exposures: Sequence[Exposure]) -> None:
        """Store what was shown; what is there already stays as it is."""
        with self._lock:
            self._exposures = {each.exposure_id: each for each in exposures} | self._exposures

    def walk_exposures(self, experiment: str = "") -> Iterator[Exposure]:
        """Walk over exposures, oldest first; empty: of all experiments and of none."""
        with self._lock:
            kept = sorted(self._exposures.values(), key=lambda each: (each.time, each.exposure_id))
        return (each for each in kept if not experiment or each.experiment == experiment)

    def close(self) -> None:
        """Do nothing: there are no files."""

    def _of(self, listener_id: str) -> _Listener:
        return self._listeners.get(listener_id) or _Listener()

    def _changed(self, listener_id: str) -> _Listener:
        self._revision += 1
        listener = self._listeners.setdefault(listener_id, _Listener())
        listener.revision = self._revision
        return listener

    def _check_target(self, track_id: str, singer_id: str) -> None:
        if self._catalogue is not None:
            if track_id:
                self._catalogue.get_track(track_id)
            if singer_id:
                self._catalogue.get_singer(singer_id)

    def _prune_listener(self, listener_id: str, now: datetime) -> int:
        listener = self._of(listener_id)
        alive = dict(listener.alive(now))
        erased = len(listener.events) - len(alive)
        if erased:
            self._changed(listener_id).events = alive
        self._tidy(listener_id, now)
        return erased

    def _tidy(self, listener_id: str, now: datetime) -> None:
        """Forget requests of long ago of which nothing is left, and a listener of whom nothing else is."""
        listener = self._of(listener_id)
        kept = {event.feedback_id for event in listener.events.values()}
        listener.requests = {
            request_id: request
            for request_id, request in listener.requests.items()
            if request.time > now - REQUEST_MEMORY or request.feedback_ids & kept
        }
        if not (listener.events or listener.requests or listener.exclusions):
            self._listeners.pop(listener_id, None)


def _key(listener_id: str, event: Feedback) -> tuple[object, ...]:
    return listener_id, event.kind, event.track_id, event.singer_id, event.time
