"""What has run out is forgotten beside the requests, whatever the database says in between."""

from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from singalike.errors import UnavailableError
from singalike.services.adapters.memory_feedback import MemoryFeedback
from singalike.services.listeners.feedback_pruner import FeedbackPruner
from singalike.services.listeners.listener_records import LIKE, Feedback
from tests.support.patience import PATIENCE_S

NOW = datetime(2026, 5, 4, tzinfo=UTC)


class Failing:
    """A store that cannot be reached at first."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error
        self.reached = Event()

    def prune(self, now: datetime) -> int:
        error, self.error = self.error, None
        if error is not None:
            raise error
        self.reached.set()
        return 0


def test_a_look_erases_what_has_run_out_by_the_clock() -> None:
    store = MemoryFeedback(now=lambda: NOW)
    store.record("mia", [Feedback("", LIKE, "t", "", NOW, NOW + timedelta(days=1)), Feedback("", LIKE, "t", "", NOW)])

    early, late = (FeedbackPruner(store, lambda days=days: NOW + timedelta(days=days)).prune() for days in (0, 2))

    assert (early, late) == (0, 1)


@pytest.mark.parametrize("error", [UnavailableError("CATALOGUE_BUSY", "try again"), ValueError("our bug")])
def test_a_failure_does_not_end_the_forgetting(error: Exception) -> None:
    store = Failing(error)
    pruner = FeedbackPruner(store, lambda: NOW)

    pruner.run_in_background(interval_s=0.001)

    assert store.reached.wait(PATIENCE_S)
    pruner.stop()
