"""Keeps what is learnt from listeners in step with what they do, beside the requests."""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from threading import Event, Lock, Thread

import structlog

from singalike.errors import SingalikeError, for_operators
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.collaborative import TasteModel, fit_taste_model, fold_in, in_rows_of
from singalike.recsys.dislikes import aversion_of
from singalike.recsys.interactions import gather
from singalike.recsys.listener_events import Attitude, read_attitude
from singalike.recsys.listener_taste import ListenerTaste, Popularity, no_taste
from singalike.recsys.popularity import NOBODY, Following, count_listeners, popularity_in
from singalike.services.listeners.listener_reader import History, KnownListener, ListenerReader
from singalike.services.listeners.listener_records import Exclusion
from singalike.services.recently_used import RecentlyUsed

LOG = structlog.get_logger()

MANY_CHANGES, OLDEST_S = 50, 60.0
"""So many changes are worth a refit, and any change is when the last refit is so many seconds old."""

REST_FACTOR = 20.0
"""After a refit, the next waits this many times as long as it took: learning takes a twentieth of a core at most."""

CHECK_S = 1.0
"""How often the number of changes is looked up."""

TASTE_BYTES, FEWEST_TASTES = 2**25, 8
"""Memory for the tastes of listeners who came lately, and for how many of them at least."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """What was learnt from all listeners.

    Attributes:
        revision: Of the history.
        name: Of history and view: what is learnt from both again has the same name, in any process.
        view: Whose items it is about.
        model: Which items are liked together; None: too few listeners.
        following: How many listeners items have.
    """

    revision: int = 0
    name: str = ""
    view: CatalogueView | None = None
    model: TasteModel | None = None
    following: Following = NOBODY


@dataclass(frozen=True, eq=False)
class _InView:
    """What was learnt, in the rows of a view, with the tastes that were worked out by it."""

    learnt: Learnt
    view: CatalogueView
    model: TasteModel | None
    popularity: Popularity
    tastes: RecentlyUsed[str, tuple[KnownListener, ListenerTaste]]


@dataclass(frozen=True)
class Refit:
    """What a refit was.

    Attributes:
        listeners, events: What it learnt from.
        took_s: Seconds.
        revision: Of the history.
    """

    listeners: int
    events: int
    took_s: float
    revision: int


Run = Callable[[Callable[[], Refit | None]], None]
"""Runs a refit, which returns None when it was stopped."""


def beside(refit: Callable[[], Refit | None]) -> None:
    """Run a refit in a thread of its own, as servers do."""
    Thread(target=logged, args=(refit,), name="taste-refit", daemon=True).start()


def logged(refit: Callable[[], Refit | None]) -> None:
    """Run a refit and log what came of it; where it fails, the old model answers on."""
    try:
        report = refit()
    except SingalikeError as error:
        LOG.warning("taste_refit_failed", reason=error.reason, message=for_operators(error))
    except Exception:  # a thread has no caller: the log says why
        LOG.exception("taste_refit_failed")
    else:
        if report is not None:
            LOG.info("taste_refitted", **asdict(report))


def at_once(refit: Callable[[], Refit | None]) -> None:
    """Run a refit before the answer, as commands do that answer once and end."""
    refit()


class TasteKeeper:
    """Hands out taste with a listener's events up to now, learnt from everybody's events up to the last refit.

    Hides, dislikes and likes of a listener count from the next request on. Nobody waits for a refit: the old model
    answers until the new one is whole. Safe to call from several threads.

    Args:
        history: Where events and exclusions are kept.
        now: Clock, UTC.
        run: Runs refits: `beside`, `logged` or `at_once`.
        monotonic: Clock in seconds.
        seed: Of the model.
    """

    def __init__(
        self,
        history: History,
        now: Callable[[], datetime],
        run: Run = beside,
        monotonic: Callable[[], float] = time.monotonic,
        seed: int = 0,
    ) -> None:
        self._history = history
        self._now = now
        self._run = run
        self._monotonic = monotonic
        self._seed = seed
        self._learnt = Learnt()
        self._in_view: _InView | None = None
        self._view: CatalogueView | None = None
        self._refitting, self._arranging = Lock(), Lock()
        self._stopping = Event()
        self._fitted_at = self._rest_until = self._check_at = float("-inf")
        self._reader = ListenerReader(history, now)

    def taste(self, listener_id: str, view: CatalogueView) -> ListenerTaste:
        """Return the taste of a listener; `no_taste` of a stranger."""
        self.follow(view)
        listener, learnt = self._reader.read(listener_id), self._learnt_in(view)
        kept = learnt.tastes.find(listener_id)
        if kept is None or kept[0] is not listener:
            kept = (listener, _taste_of(listener.attitude, learnt))
            learnt.tastes.put(listener_id, kept)
        return kept[1]

    def exclusions(self, listener_id: str) -> tuple[Exclusion, ...]:
        """Return the lasting exclusions of a listener."""
        return self._reader.read(listener_id).exclusions

    def popularity(self, view: CatalogueView) -> Popularity:
        """Return how popular singers and tracks are, as of the last refit."""
        self.follow(view)
        return self._learnt_in(view).popularity

    def state(self, listener_id: str) -> str:
        """Return a text that changes whenever taste, exclusions or popularity may have changed; empty id: nobody."""
        if self._view is not None:
            self.follow(self._view)
        if not listener_id:
            return self._learnt.name
        listener = self._reader.read(listener_id)
        return f"{self._learnt.name}.{listener.revision}.{listener.event_count}"

    def has_lapsed(self, listener_id: str) -> bool:
        """Say from memory alone whether an event of a listener may have run out since the listener was read."""
        return self._reader.has_lapsed(listener_id)

    def forget(self, listener_id: str) -> None:
        """Let go of what memory still holds of a listener who was erased."""
        self._reader.forget(listener_id)
        if self._in_view is not None:
            self._in_view.tastes.discard(listener_id)

    def follow(self, view: CatalogueView) -> None:
        """Start a refit when enough has changed, unless one runs already."""
        self._view = view
        if self._is_stale() and self._refitting.acquire(blocking=False):
            self._run(self._refit_and_release)

    def stop(self) -> None:
        """Start no refit any more and wait for the end of the one that runs."""
        self._stopping.set()
        with self._refitting:
            pass

    def _is_stale(self) -> bool:
        clock = self._monotonic()
        if self._stopping.is_set() or clock < max(self._check_at, self._rest_until):
            return False
        self._check_at = clock + CHECK_S
        revision = self._history.revision()
        changes = abs(revision - self._learnt.revision)
        # A new view may hold tracks that were liked before it knew them.
        differs = changes or (revision and self._learnt.view is not self._view)
        return bool(differs) and (changes >= MANY_CHANGES or clock - self._fitted_at >= OLDEST_S)

    def _refit_and_release(self) -> Refit | None:
        self._rest_until = self._monotonic() + OLDEST_S  # unless it ends well
        try:
            return self._refit()
        finally:
            self._refitting.release()

    def _refit(self) -> Refit | None:
        started, view = self._monotonic(), self._view
        assert view is not None
        revision = self._history.revision()
        interactions = gather(self._attitudes(), view)
        if self._stopping.is_set():
            return None
        model = fit_taste_model(interactions, self._seed)
        learnt = Learnt(revision, _name_of(revision, view), view, model, count_listeners(interactions))
        arranged = _arrange(learnt, view)
        with self._arranging:
            self._learnt, self._in_view = learnt, arranged
        self._fitted_at = self._monotonic()
        took_s = self._fitted_at - started
        self._rest_until = self._fitted_at + REST_FACTOR * took_s
        return Refit(interactions.listener_count, interactions.event_count, round(took_s, 3), revision)

    def _attitudes(self) -> Iterator[Attitude]:
        for _, events in groupby(self._history.walk_events(self._now()), key=lambda pair: pair[0]):
            if self._stopping.is_set():
                return
            yield read_attitude(event for _, event in events)
            time.sleep(0)  # lets requests have the interpreter now, not at the end of its switch interval of 5 ms

    def _learnt_in(self, view: CatalogueView) -> _InView:
        kept = self._in_view
        if kept is not None and kept.learnt is self._learnt and kept.view is view:
            return kept
        # All requests meet a new catalogue at once: one of them arranges what was learnt, the others wait for it.
        with self._arranging:
            learnt, kept = self._learnt, self._in_view
            if kept is None or kept.learnt is not learnt or kept.view is not view:
                self._in_view = kept = _arrange(learnt, view)
            return kept


def _name_of(revision: int, view: CatalogueView) -> str:
    items = "\n".join(f"{track.singer_id} {track.track_id}" for track in view.tracks)
    digest = hashlib.blake2b(items.encode(errors="surrogatepass"), digest_size=8)
    return f"{revision}-{digest.hexdigest()}"


def _arrange(learnt: Learnt, view: CatalogueView) -> _InView:
    model = in_rows_of(learnt.model, view) if learnt.model is not None else None
    tastes = RecentlyUsed[str, tuple[KnownListener, ListenerTaste]](_most_tastes(view))
    return _InView(learnt, view, model, popularity_in(view, learnt.following), tastes)


def _taste_of(attitude: Attitude, learnt: _InView) -> ListenerTaste:
    aversion = aversion_of(attitude, learnt.view, learnt.model)
    unknown = no_taste(learnt.view)
    liked = fold_in(learnt.model, attitude) if learnt.model is not None else unknown
    return ListenerTaste(
        liked.singers,
        liked.tracks,
        aversion.singers,
        aversion.tracks,
        aversion.hidden_singers,
        aversion.hidden_tracks,
        liked.event_count,
    )


def _most_tastes(view: CatalogueView) -> int:
    unknown = no_taste(view)
    arrays = (unknown.singers, unknown.tracks, unknown.disliked_singers, unknown.disliked_tracks)
    return max(FEWEST_TASTES, TASTE_BYTES // max(1, sum(array.nbytes for array in arrays)))
