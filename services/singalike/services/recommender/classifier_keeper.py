"""Keeps the classifier over the singers in step with the catalogue, beside the requests."""

from dataclasses import dataclass
from threading import Lock, Thread

import structlog

from singalike.recsys.singer_classifier import SingerClassifier, fit_singer_classifier
from singalike.services.view_keeper import CatalogueState, ViewKeeper

LOG = structlog.get_logger()


@dataclass(frozen=True, eq=False)
class KeptClassifier:
    """A classifier with the state of the catalogue that it was fitted to."""

    classifier: SingerClassifier
    state: CatalogueState


class ClassifierKeeper:
    """Hands out the newest classifier that is ready; nothing is fitted before somebody asks.

    Args:
        views: What the catalogue holds.
    """

    def __init__(self, views: ViewKeeper) -> None:
        self._views = views
        self._kept: KeptClassifier | None = None
        self._fitting = Lock()
        views.after_rebuild(self._forget_erased)

    def newest(self) -> KeptClassifier:
        """Return the newest classifier; a stale one is fitted anew in the background.

        The first is waited for, and so is the one after an erasure: whoever was erased is not named any more.

        Raises:
            WrongStateError: CATALOGUE_EMPTY, MODEL_VERSION_MISMATCH.
        """
        state = self._views.check_ready()
        kept = self._kept
        if kept is not None and kept.state is state:
            return kept
        if kept is None or _holds_erased(kept.state, state):
            with self._fitting:
                return self._fit(state)
        if self._fitting.acquire(blocking=False):
            Thread(target=self._fit_and_release, args=(state,), name="classifier-fit", daemon=True).start()
        return kept

    def _fit_and_release(self, state: CatalogueState) -> None:
        try:
            self._fit(state)
        except Exception:  # a thread has no caller: the old classifier answers on, and the log says why
            LOG.exception("classifier_fit_failed", revision=state.revision)
        finally:
            self._fitting.release()

    def _fit(self, state: CatalogueState) -> KeptClassifier:
        """Fit, unless somebody did so while this caller waited for the turn."""
        kept = self._kept
        if kept is None or kept.state is not state:
            timbre = state.view.track_timbre()
            self._kept = kept = KeptClassifier(fit_singer_classifier(timbre, state.view.first_track), state)
            self._forget_erased()
        return kept

    def _forget_erased(self) -> None:
        """Keep nothing of a voice that was erased, also when nobody asks any more."""
        kept = self._kept
        if kept is not None and _holds_erased(kept.state, self._views.latest):
            self._kept = None


def _holds_erased(old: CatalogueState, new: CatalogueState) -> bool:
    return not old.view.track_rows.keys() <= new.view.track_rows.keys()
