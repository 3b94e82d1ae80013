"""Erased from the catalogue means erased from the index as well, soon: by its owner, or here when nobody owns it."""

import threading

import structlog

from singalike.errors import SingalikeError, UnavailableError, WrongStateError, for_operators
from singalike.services.index_follower import IndexFollower
from singalike.services.ports import Catalogue
from singalike.services.settings import Settings

LOG = structlog.get_logger()

TRIES = 60
"""Looks at an index that somebody else has: a command lets go of it soon, a server follows the catalogue by itself."""


def erase_from_index(settings: Settings, catalogue: Catalogue) -> bool:
    """Follow the catalogue's removals in this machine's edge index, down to the bytes in its files.

    A running server owns its index and follows by itself within seconds, and so does whoever opens a Qdrant server's.

    Returns:
        Whether no trace is left; False when a running process will see to it.
    """
    from singalike.services.adapters.edge_files import read_state
    from singalike.services.adapters.edge_index import EdgeIndex  # loads the engine, which other indexes do without

    folder = settings.data_dir / "index"
    if settings.index != "edge" or not folder.exists():
        return settings.index != "server"
    try:
        state = read_state(folder / "state.json")
        dims = (state.timbre_dim, state.style_dim)
    except WrongStateError:
        state, dims = None, (1, 1)
    try:
        index = EdgeIndex(folder, *dims, settings.min_free_disk_mb)
    except WrongStateError as error:
        if error.reason == "INDEX_LOCKED":
            return False
        raise
    try:
        if state is None or not state.model_version:
            index.clear()  # nothing in it can be trusted, and the next start fills it again
        else:
            follower = IndexFollower(catalogue, index, state.model_version)
            follower.start()
            index.optimize()
    finally:
        index.close()
    return True


class IndexEraser:
    """Erases from an index that this process does not own, in a thread: to rewrite large files may take a minute.

    It looks at the catalogue all the while, which completes there what a reader of the catalogue has hindered.

    Args:
        settings: Where the index lies.
        catalogue: The truth.
    """

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._due, self._tries = threading.Event(), 0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def request(self) -> None:
        """Have what was just erased from the catalogue erased from the index as well; returns at once."""
        self._tries = TRIES
        self._due.set()

    def run_in_background(self, interval_s: float) -> None:
        """Work until `stop`, with this many seconds between two looks."""
        self._thread = threading.Thread(target=self._loop, args=(interval_s,), name="index-eraser", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End after a last look; what takes longer is found by whoever opens the index next."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _loop(self, interval_s: float) -> None:
        while not self._stopping.wait(interval_s):
            self._look()
        self._look()

    def _look(self) -> None:
        try:
            self._catalogue.revision()
            if self._due.is_set():
                self._due.clear()  # before reading the catalogue: a request from now on is one more
                self._erase()
        except SingalikeError as error:
            self._report(error)
        except Exception as error:  # noqa: BLE001  a disk that fails once must not end the erasing for good
            self._report(UnavailableError("INDEX_FAILED", f"the index met {type(error).__name__}: {error}"))

    def _erase(self) -> None:
        try:
            erased = erase_from_index(self._settings, self._catalogue)
        except Exception:
            self._due.set()
            raise
        self._tries -= 1
        if erased:
            LOG.info("index_erased")
        elif self._tries > 0:
            self._due.set()
        else:
            LOG.info("index_left_to_its_owner")

    def _report(self, error: SingalikeError) -> None:
        LOG.warning("index_erasure_failed", reason=error.reason, message=for_operators(error))
