"""The map of singers, laid out once for each state of the catalogue: that takes seconds."""

import asyncio
from collections.abc import Callable

from singalike.recsys.catalogue_view import CatalogueView
from singalike.services.recommender.singer_map import Layout, SingerMap, check_colour, lay_out, map_singers


class MapKeeper:
    """Keeps the newest layout, which any colour can be put on.

    Args:
        view: Returns the view that requests work on.
    """

    def __init__(self, view: Callable[[], CatalogueView]) -> None:
        self._view = view
        self._kept: tuple[CatalogueView, Layout] | None = None
        # Callers wait here and not on threads, of which all other calls need some.
        self._turn = asyncio.Lock()
        self._asked: dict[str, asyncio.Task[SingerMap]] = {}

    async def get(self, colour: str) -> SingerMap:
        """Return the map, laying it out when the catalogue has changed.

        A layout cannot be stopped. When its caller has gone it goes on, for the next one to share: were it begun anew
        for each impatient caller, they would soon occupy every thread.

        Raises:
            InvalidInputError: BAD_COLOUR.
            WrongStateError: TOO_FEW_SINGERS.
        """
        asked = self._asked.get(colour)
        if asked is None or asked.done():
            asked = self._asked[colour] = asyncio.create_task(self._take_turn(colour), name=f"map-{colour}")
            asked.add_done_callback(_note_outcome)
        return await asyncio.shield(asked)

    async def _take_turn(self, colour: str) -> SingerMap:
        async with self._turn:
            return await asyncio.to_thread(self._get, colour)

    def _get(self, colour: str) -> SingerMap:
        check_colour(colour)
        view = self._view()
        if self._kept is None or self._kept[0] is not view:
            self._kept = (view, lay_out(view))
        return map_singers(view, colour, self._kept[1])


def _note_outcome(asked: "asyncio.Task[SingerMap]") -> None:
    """Look at an error that nobody waits for any more, so that asyncio does not report it as forgotten."""
    if not asked.cancelled():
        asked.exception()
