"""Keeps the view that ranking works on in step with the catalogue, beside the requests."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Lock, Thread

import numpy as np
import structlog

from singalike.errors import NotFoundError, SingalikeError, WrongStateError, for_operators
from singalike.recsys.catalogue_view import CatalogueView, TrackView, build_view, track_view
from singalike.services.ports import Catalogue
from singalike.services.records import LEAKY_SEPARATORS, Track, TrackWithProfile

LOG = structlog.get_logger()

PAGE_SIZE = 1000

SECONDS_A_DAY = 86_400

REST_FACTOR = 4.0
"""After a rebuild, the next in the background waits this many times as long: an ingest changes the catalogue often."""


@dataclass(frozen=True, eq=False)
class CatalogueState:
    """A view with what it was made from.

    Attributes:
        view: The catalogue as arrays.
        tracks: Each track with its own revision, by id.
        revision: Of the catalogue.
    """

    view: CatalogueView
    tracks: dict[str, tuple[int, TrackView]]
    revision: int


class ViewKeeper:
    """Hands out the newest view that is ready.

    Args:
        catalogue: The truth; read from other threads than the caller's.
        model_version: Only tracks of this ear are in the view.
        monotonic: Clock in seconds.
    """

    def __init__(
        self, catalogue: Catalogue, model_version: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._catalogue = catalogue
        self._model_version = model_version
        self._monotonic = monotonic
        self._kept = CatalogueState(build_view(()), {}, 0)
        self._rebuilding = Lock()
        self._after_rebuild: list[Callable[[], object]] = []
        self._rest_until = 0.0

    def view(self) -> CatalogueView:
        """Return the newest view; a stale one is replaced in the background, only an empty one is waited for."""
        return self.state().view

    def state(self) -> CatalogueState:
        """Return the newest view with the revision that it is of; as `view` otherwise."""
        if self._catalogue.revision() == self._kept.revision:
            return self._kept
        if not len(self._kept.view):
            self.refresh()
        elif self._monotonic() >= self._rest_until and self._rebuilding.acquire(blocking=False):
            Thread(target=self._refresh_and_release, name="view-refresh", daemon=True).start()
        return self._kept

    @property
    def latest(self) -> CatalogueState:
        """The state that is ready now, without a look at the catalogue."""
        return self._kept

    def after_rebuild(self, tell: Callable[[], object]) -> None:
        """Call this whenever a new state has become ready, on the thread that made it."""
        self._after_rebuild.append(tell)

    def check_ready(self) -> CatalogueState:
        """Return the newest state, or refuse an empty one.

        Raises:
            WrongStateError: CATALOGUE_EMPTY, MODEL_VERSION_MISMATCH.
        """
        state = self.state()
        if len(state.view):
            return state
        if self._catalogue.list_tracks(1).total_size:
            raise WrongStateError(
                "MODEL_VERSION_MISMATCH",
                f"the catalogue holds no track of ear {self._model_version}: ingest its recordings again",
            )
        raise WrongStateError("CATALOGUE_EMPTY", "the catalogue is empty: ingest recordings first (singalike ingest)")

    def refresh(self) -> CatalogueView:
        """Bring the view up to date now, and wait for it."""
        with self._rebuilding:
            self._rebuild()
        return self._kept.view

    def _refresh_and_release(self) -> None:
        try:
            self._rebuild()
        except SingalikeError as error:
            LOG.warning("view_refresh_failed", reason=error.reason, message=for_operators(error))
        finally:
            self._rebuilding.release()

    def _rebuild(self) -> None:
        started = self._monotonic()
        revision = self._catalogue.revision()
        if revision == self._kept.revision:
            return
        tracks = self._changed_tracks() if self._kept.tracks else self._all_tracks()
        self._kept = CatalogueState(build_view(track for _, track in tracks.values()), tracks, revision)
        now = self._monotonic()
        self._rest_until = now + REST_FACTOR * (now - started)
        for tell in self._after_rebuild:
            tell()

    def _all_tracks(self) -> dict[str, tuple[int, TrackView]]:
        return {
            item.track.track_id: (item.track.revision, _to_view(item))
            for item in self._catalogue.iterate_tracks(self._model_version)
        }

    def _changed_tracks(self) -> dict[str, tuple[int, TrackView]]:
        """Reads vectors of new and changed tracks only; the list of tracks says which are gone."""
        known = self._kept.tracks
        tracks: dict[str, tuple[int, TrackView]] = {}
        for track in self._listed():
            before = known.get(track.track_id)
            if before and before[0] == track.revision:
                tracks[track.track_id] = before
                continue
            with suppress(NotFoundError):  # erased since the list was read
                tracks[track.track_id] = (track.revision, _to_view(self._catalogue.get_track(track.track_id)))
        return tracks

    def _listed(self) -> list[Track]:
        tracks: list[Track] = []
        token = ""
        while True:
            page = self._catalogue.list_tracks(PAGE_SIZE, token)
            tracks += [track for track in page.items if track.model_version == self._model_version]
            token = page.next_page_token
            if not token:
                return tracks


def _to_view(item: TrackWithProfile) -> TrackView:
    info, profile = item.track.info, item.profile
    if item.track.separator in LEAKY_SEPARATORS and profile.sung_notes is not None:
        profile = replace(profile, sung_notes=replace(profile.sung_notes, leap_semitones=np.nan))
    return track_view(
        item.track.track_id,
        item.track.singer_id,
        info.singer,
        info.title,
        profile,
        info.genre,
        info.language,
        info.voice_gender,
        int(item.track.create_time.timestamp() // SECONDS_A_DAY),
    )
