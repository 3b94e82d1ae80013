"""The map of singers, laid out once for each state of the catalogue: that takes seconds."""

from collections.abc import Callable
from threading import Lock

from singalike.recsys.catalogue_view import CatalogueView
from singalike.services.singer_map import SingerMap, map_singers


class MapKeeper:
    """Keeps the newest map of each colour; safe to call from several threads.

    Args:
        view: Returns the view that requests work on.
    """

    def __init__(self, view: Callable[[], CatalogueView]) -> None:
        self._view = view
        self._kept: dict[str, tuple[CatalogueView, SingerMap]] = {}
        self._laying_out = Lock()

    def get(self, colour: str) -> SingerMap:
        """Return the map, laying it out when the catalogue has changed.

        Raises:
            WrongStateError: TOO_FEW_SINGERS.
        """
        with self._laying_out:
            view = self._view()
            kept = self._kept.get(colour)
            if kept is None or kept[0] is not view:
                kept = self._kept[colour] = (view, map_singers(view, colour))
            return kept[1]
