"""Keeps an index in step with the catalogue: reconciles at start, then follows the changes."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from singalike.errors import SingalikeError, UnavailableError, WrongStateError
from singalike.services.ports import Catalogue, CatalogueChanges, IndexState, VoiceIndex

BATCH = 5_000
MARK_POINTS = 5_000
MARK_S = 5.0
MARK_SHARE = 0.05
"""Marking may take no more than this share of the time: a big index reads all its files for it."""

OPTIMIZE_POINTS, OPTIMIZE_SHARE = 5_000, 0.1
"""When so many points, and such a share of all, are new, the search graph is built; after a deletion always, because
erased means gone."""

ATTEMPTS = 5
OPTIMIZER = "index-optimizer"
OPTIMIZER_JOIN_S = 0.2


class Finding(StrEnum):
    """What the index was like at start."""

    IN_STEP = "in_step"
    BEHIND = "behind"
    NEW = "new"
    OTHER_MODEL = "other_model"
    DIFFERENT = "different"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class ReconcileReport:
    """What a start found and did.

    Attributes:
        finding: What the index was like.
        rebuilt: Whether it was cleared and filled again.
        count: Points it holds now.
        revision: Catalogue revision it has caught up with.
    """

    finding: Finding
    rebuilt: bool
    count: int
    revision: int


@dataclass(frozen=True)
class FollowEvent:
    """Something that happened in the background.

    Attributes:
        name: "index_caught_up", "index_optimized" or "index_failed".
        added, deleted: Points changed.
        revision: Reached.
        error: What went wrong; it is tried again.
    """

    name: str
    added: int = 0
    deleted: int = 0
    revision: int = 0
    error: SingalikeError | None = None


class IndexFollower:
    """Makes an index the projection of a catalogue, for one ear.

    Args:
        catalogue: The truth.
        index: Owned by this follower's process.
        model_version: Ear whose vectors are searched.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        index: VoiceIndex,
        model_version: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalogue = catalogue
        self._index = index
        self._model_version = model_version
        self._clock = clock
        self._revision = 0
        self._marked_revision, self._marked_at, self._unmarked, self._mark_took_s = 0, clock(), 0, 0.0
        self._count = 0
        self._added, self._deleted = 0, 0  # since the graph was last built
        self._following = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def revision(self) -> int:
        """Catalogue revision that the index has caught up with."""
        return self._revision

    def start(self) -> ReconcileReport:
        """Bring the index in step: by following when it is sound, from nothing when it is not.

        Raises:
            WrongStateError: INDEX_CANNOT_BE_BUILT, the index differs from the catalogue right after being built.
        """
        with self._following:
            finding, state = self._inspect()
            if finding in {Finding.IN_STEP, Finding.NEW, Finding.BEHIND}:
                self._revision = self._marked_revision = state.revision
                self._follow()
                agreed = self._agreed(state if self._revision == state.revision else None)
                if agreed is not None:
                    return self._report(finding, agreed, rebuilt=False)
                finding = Finding.DIFFERENT
            return self._report(finding, self._rebuild(), rebuilt=True)

    def catch_up(self) -> int:
        """Apply what happened in the catalogue since the last time; returns the revision reached."""
        with self._following:
            self._follow()
            return self._revision

    def optimize(self) -> bool:
        """Build the search graph when enough has changed, and always after deletions; says whether it was time."""
        with self._following:
            added, deleted = self._added, self._deleted
            if not deleted and added < max(OPTIMIZE_POINTS, OPTIMIZE_SHARE * self._count):
                return False
            self._added = self._deleted = 0
        try:
            self._index.optimize()
        except SingalikeError:
            with self._following:
                self._added, self._deleted = self._added + added, self._deleted + deleted
            raise
        return True

    def run_in_background(self, interval_s: float, on_event: Callable[[FollowEvent], None]) -> None:
        """Follow in one thread and optimise in another, until `stop`; failures are reported and tried again.

        Args:
            interval_s: Seconds between two looks at the catalogue.
            on_event: Called from those threads.
        """
        self._stopping.clear()
        for name, step in (("index-follower", self._follow_step), (OPTIMIZER, self._optimize_step)):
            thread = threading.Thread(target=self._loop, args=(step, interval_s, on_event), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, timeout_s: float = 10.0) -> None:
        """End the background threads and mark how far the index has come; close the index right afterwards.

        A running optimisation is not waited for: closing the index gives it up.
        """
        self._stopping.set()
        for thread in self._threads:
            thread.join(OPTIMIZER_JOIN_S if thread.name == OPTIMIZER else timeout_s)
        self._threads.clear()
        with self._following:
            self._mark()

    def _inspect(self) -> tuple[Finding, IndexState]:
        nothing = IndexState(0, 0, 0, "")
        try:
            state = self._index.state()
        except WrongStateError as error:
            if error.reason != "INDEX_DAMAGED":
                raise
            return Finding.DAMAGED, nothing
        newest = self._catalogue.revision()
        if (state.count, state.revision) == (0, 0):
            return Finding.NEW, state
        if state.model_version != self._model_version:
            return Finding.OTHER_MODEL, nothing
        if state.revision > newest:
            # The catalogue was restored from a backup: its revisions mean something else now.
            return Finding.DIFFERENT, nothing
        return (Finding.IN_STEP if state.revision == newest else Finding.BEHIND), state

    def _rebuild(self) -> IndexState:
        self._index.clear()
        self._revision = self._marked_revision = 0
        self._follow()
        agreed = self._agreed(None)
        if agreed is None:
            raise WrongStateError(
                "INDEX_CANNOT_BE_BUILT", "the index differs from the catalogue right after being built: check its disk"
            )
        return agreed

    def _agreed(self, state: IndexState | None) -> IndexState | None:
        """Compare index and catalogue; other processes may write meanwhile, so follow and compare again."""
        for _ in range(ATTEMPTS):
            expected = self._catalogue.expected_index_state(self._model_version)
            if expected.revision == self._revision:
                held = state or self._index.state()
                same = (held.count, held.checksum) == (expected.count, expected.checksum)
                return expected if same else None
            state = None
            self._follow()
        # The catalogue is being written to without pause; every change was applied, which is all that can be said.
        return self._index.state()

    def _report(self, finding: Finding, state: IndexState, *, rebuilt: bool) -> ReconcileReport:
        self._mark()
        # Whether the graph is complete is not known here: the first `optimize` looks, and returns when it is.
        self._count, self._added = state.count, max(OPTIMIZE_POINTS, state.count)
        return ReconcileReport(finding, rebuilt, state.count, self._revision)

    def _follow(self) -> None:
        while True:
            changes = self._catalogue.changes(self._revision, self._model_version, BATCH)
            self._apply(changes)
            if not changes.more:
                return

    def _apply(self, changes: CatalogueChanges) -> None:
        if changes.points:
            self._index.upsert(changes.points)
        if changes.deleted_point_ids:
            self._index.delete(changes.deleted_point_ids)
        self._revision = changes.revision
        self._count += len(changes.points) - len(changes.deleted_point_ids)
        self._added += len(changes.points)
        self._deleted += len(changes.deleted_point_ids)
        self._unmarked += len(changes.points) + len(changes.deleted_point_ids)
        since_s = self._clock() - self._marked_at
        if (self._unmarked >= MARK_POINTS or since_s >= MARK_S) and since_s >= self._mark_took_s / MARK_SHARE:
            self._mark()

    def _mark(self) -> None:
        started = self._clock()
        if self._revision != self._marked_revision or self._unmarked:
            self._index.mark(self._revision, self._model_version)
            self._mark_took_s = self._clock() - started
        self._marked_revision, self._marked_at, self._unmarked = self._revision, self._clock(), 0

    def _loop(
        self,
        step: Callable[[Callable[[FollowEvent], None]], None],
        interval_s: float,
        on_event: Callable[[FollowEvent], None],
    ) -> None:
        while not self._stopping.wait(interval_s):
            try:
                step(on_event)
            except SingalikeError as error:
                on_event(FollowEvent("index_failed", revision=self._revision, error=error))
            except Exception as error:  # noqa: BLE001  a disk that fails once must not end the following for good
                ours = UnavailableError("INDEX_FAILED", f"the index met {type(error).__name__}: {error}")
                on_event(FollowEvent("index_failed", revision=self._revision, error=ours))

    def _follow_step(self, on_event: Callable[[FollowEvent], None]) -> None:
        before, added, deleted = self._revision, self._added, self._deleted
        revision = self.catch_up()
        if revision != before:
            on_event(
                FollowEvent("index_caught_up", max(0, self._added - added), max(0, self._deleted - deleted), revision)
            )

    def _optimize_step(self, on_event: Callable[[FollowEvent], None]) -> None:
        if self.optimize():
            on_event(FollowEvent("index_optimized", revision=self._revision))
