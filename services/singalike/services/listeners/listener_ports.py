"""The seams around listeners: where their events are kept, and who turns these into taste."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.listener_taste import ListenerTaste, Popularity
from singalike.services.listeners.listener_records import Exclusion, Exposure, Feedback
from singalike.services.records import Page


class FeedbackStore(Protocol):
    """Events, exclusions and exposures of listeners; what a method has returned from is on disk."""

    def record(
        self, listener_id: str, feedback: Sequence[Feedback], request_id: str = "", content: str = ""
    ) -> tuple[Feedback, ...]:
        """Store events in one transaction; a repeated request_id returns what is left of the first ones.

        Args:
            listener_id: Who.
            feedback: What they did; ids are drawn here.
            request_id: Of this listener; empty: not repeatable.
            content: Digest of what the caller sent, before times were filled in; empty: `content_of` the events.

        Raises:
            AlreadyExistsError: REQUEST_ID_REUSED, the same id with other content.
            NotFoundError: TRACK_NOT_FOUND, SINGER_NOT_FOUND.
            CapacityError: DISK_FULL.
        """

    def add_events(self, events: Sequence[tuple[str, Feedback]]) -> int:
        """Store events of many listeners in one transaction, but for those that are there already.

        An event is there when one of the same listener, kind, target and time is. Targets are not looked for.

        Returns:
            How many are new.

        Raises:
            CapacityError: DISK_FULL.
        """

    def list_feedback(self, listener_id: str, page_size: int = 50, page_token: str = "") -> Page[Feedback]:
        """List events that have not run out, newest first."""

    def delete_feedback(self, listener_id: str, feedback_id: str) -> None:
        """Take an event back; raises NotFoundError FEEDBACK_NOT_FOUND."""

    def add_exclusion(self, listener_id: str, exclusion: Exclusion) -> Exclusion:
        """Store an exclusion; the same again returns the first; raises NotFoundError for an unknown track or singer."""

    def list_exclusions(self, listener_id: str, page_size: int = 50, page_token: str = "") -> Page[Exclusion]:
        """List exclusions by id."""

    def remove_exclusion(self, listener_id: str, exclusion_id: str) -> None:
        """Take an exclusion back; raises NotFoundError EXCLUSION_NOT_FOUND."""

    def erase_listener(self, listener_id: str) -> None:
        """Erase events, exclusions and exposures of a listener from every file."""

    def events_of(self, listener_id: str, now: datetime) -> tuple[Feedback, ...]:
        """Return a listener's events that have not run out, oldest first."""

    def exclusions_of(self, listener_id: str) -> tuple[Exclusion, ...]:
        """Return all exclusions of a listener."""

    def walk_events(self, now: datetime) -> Iterable[tuple[str, Feedback]]:
        """Walk over the events of all listeners that have not run out, by listener and time."""

    def listener_revision(self, listener_id: str) -> int:
        """Return a number that changes with every change of a listener's events or exclusions; quick to read."""

    def revision(self) -> int:
        """Return a number that grows with every change of anybody's events or exclusions."""

    def prune(self, now: datetime) -> int:
        """Erase what has run out; returns how many events."""

    def log_exposures(self, exposures: Sequence[Exposure]) -> None:
        """Store what was shown, in one transaction."""

    def walk_exposures(self, experiment: str = "") -> Iterable[Exposure]:
        """Walk over exposures, oldest first; empty: of all experiments and of none."""


class Listeners(Protocol):
    """Knows what listeners like; never waits for a refit."""

    def taste(self, listener_id: str, view: CatalogueView) -> ListenerTaste:
        """Return the taste of a listener, with hides and dislikes up to this moment; of a stranger: `no_taste`."""

    def exclusions(self, listener_id: str) -> tuple[Exclusion, ...]:
        """Return the lasting exclusions of a listener."""

    def popularity(self, view: CatalogueView) -> Popularity:
        """Return how popular singers and tracks are."""

    def state(self, listener_id: str) -> str:
        """Return a text that changes whenever taste, exclusions or popularity may have changed."""

    def has_lapsed(self, listener_id: str) -> bool:
        """Say from memory alone whether an event of a listener may have run out since the listener was read."""

    def forget(self, listener_id: str) -> None:
        """Let go of what memory still holds of a listener who was erased; the model follows with its next refit."""
