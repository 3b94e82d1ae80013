"""One layout serves all who ask for it, also those who come after its first caller has gone."""

import asyncio
import threading

import pytest

from singalike.errors import WrongStateError
from singalike.recsys.catalogue_view import CatalogueView
from singalike.services.recommender.map_keeper import MapKeeper
from tests.support.patience import PATIENCE_S
from tests.support.voices import small_view


class SlowView:
    """A catalogue that is looked at only when the test says so."""

    def __init__(self, view: CatalogueView) -> None:
        self._view = view
        self.looks = 0
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self) -> CatalogueView:
        self.looks += 1
        self.begun.set()
        assert self.go.wait(PATIENCE_S)
        return self._view


async def test_impatient_callers_share_one_layout_and_the_next_one_hears_how_it_ended() -> None:
    view = SlowView(small_view(1))
    maps = MapKeeper(view)

    for _ in range(40):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(maps.get("gender"), 0.005)
    assert await asyncio.to_thread(view.begun.wait, PATIENCE_S)
    looks_meanwhile = view.looks
    view.go.set()

    with pytest.raises(WrongStateError) as refused:
        await maps.get("gender")
    assert looks_meanwhile == 1
    assert refused.value.reason == "TOO_FEW_SINGERS"
