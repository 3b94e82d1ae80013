"""A recommender in this process, for commands that answer once and end."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from singalike.errors import WrongStateError
from singalike.recsys.presets import load_presets
from singalike.services import bootstrap
from singalike.services.index_follower import IndexFollower
from singalike.services.ports import VoiceIndex
from singalike.services.recommender.recommend import Recommender
from singalike.services.recommender.taste_keeper import TasteKeeper, at_once
from singalike.services.settings import Settings


class EarShape(Protocol):
    """What has to be known of an ear to search among its vectors."""

    @property
    def model_version(self) -> str:
        """Version of the ear."""

    @property
    def timbre_dim(self) -> int:
        """Numbers in a timbre vector."""

    @property
    def style_dim(self) -> int:
        """Numbers in a style vector."""


@contextmanager
def local_recommender(settings: Settings, ear: EarShape, on_fallback: Callable[[str], None]) -> Iterator[Recommender]:
    """Open catalogue, feedback and index, bring the index up to date, and close all of them after the block.

    Args:
        settings: Where they lie.
        ear: Whose vectors are searched.
        on_fallback: Told in one sentence when a running server owns the index and an exact one stands in.
    """
    with (
        closing(bootstrap.open_catalogue(settings)) as catalogue,
        closing(bootstrap.open_feedback(settings)) as feedback,
        closing(_open_index(settings, ear, on_fallback)) as index,
    ):
        follower = IndexFollower(catalogue, index, ear.model_version)
        follower.start()
        listeners = TasteKeeper(feedback, partial(datetime.now, UTC), at_once)
        yield Recommender(catalogue, index, ear.model_version, listeners, load_presets(settings.presets))
        follower.stop()


def _open_index(settings: Settings, ear: EarShape, on_fallback: Callable[[str], None]) -> VoiceIndex:
    try:
        return bootstrap.open_index(settings, ear.timbre_dim, ear.style_dim, ear.model_version)
    except WrongStateError as error:
        if error.reason != "INDEX_LOCKED":
            raise
        on_fallback("a running server owns the index: searching the catalogue itself, which is slower")
        exact = settings.model_copy(update={"index": "exact"})
        return bootstrap.open_index(exact, ear.timbre_dim, ear.style_dim, ear.model_version)
