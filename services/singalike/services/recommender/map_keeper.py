"""The map of singers, laid out once for each state of the catalogue: that takes seconds."""

import asyncio
from collections.abc import Callable

from singalike.recsys.catalogue_view import CatalogueView
from singalike.services.singer_map import SingerMap, map_singers


class MapKeeper:
    """Keeps the newest map of each colour.

    Args:
        view: Returns the view that requests work on.
    """

    def __init__(self, view: Callable[[], CatalogueView]) -> None:
        self._view = view
        self._kept: dict[str, tuple[CatalogueView, SingerMap]] = {}
        # Callers wait here and not on threads, of which all other calls need some.
        self._turn = asyncio.Lock()

    async def get(self, colour: str) -> SingerMap:
        """Return the map, laying it out when the catalogue has changed.

        Raises:
            WrongStateError: TOO_FEW_SINGERS.
        """
        async with self._turn:
            return await asyncio.to_thread(self._get, colour)

    def _get(self, colour: str) -> SingerMap:
        view = self._view()
        kept = self._kept.get(colour)
        if kept is None or kept[0] is not view:
            kept = self._kept[colour] = (view, map_singers(view, colour))
        return kept[1]
