"""Erased from the catalogue means erased from the index as well, soon: by its owner, or here when nobody owns it."""

from singalike.errors import WrongStateError
from singalike.services.adapters.edge_files import read_state
from singalike.services.adapters.edge_index import EdgeIndex
from singalike.services.index_follower import IndexFollower
from singalike.services.ports import Catalogue
from singalike.services.settings import Settings


def erase_from_index(settings: Settings, catalogue: Catalogue) -> bool:
    """Follow the catalogue's removals in this machine's edge index, down to the bytes in its files.

    A running server owns its index and follows by itself within seconds, and so does whoever opens a Qdrant server's.

    Returns:
        Whether no trace is left; False when a running process will see to it.
    """
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
