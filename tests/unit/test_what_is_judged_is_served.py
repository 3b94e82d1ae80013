"""The evaluation scores candidates exactly as the recommender does that answers requests."""

from datetime import UTC, datetime

import numpy as np
import pytest

from singalike.embeddings.profile import VoiceProfile
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.evaluation.invented_listeners import Heard, hear_listeners
from singalike.recsys.evaluation.invented_profiles import EAR, TRACK_S, record
from singalike.recsys.evaluation.listener_world import World, WorldSize, draw_world
from singalike.recsys.evaluation.taught import Taught, record_listeners, teach
from singalike.recsys.listener_taste import ListenerTaste, Popularity, no_taste
from singalike.recsys.presets import SIMILAR, SINGERS, SONGS, shipped_presets
from singalike.services.listeners.listener_records import Exclusion
from singalike.services.recommender.recommend import Recommender
from singalike.services.recommender.recommend_options import RecommendOptions
from tests.support.catalogues import MemoryCatalogue, MemoryIndex

SEED, SAME = 8, 1e-6
SIZE = WorldSize(singers=12, tracks_per_singer=3, taught=40, asked=4, chosen=4, history_lengths=(0, 6))
OFF = frozenset({"freshness"})
"""A catalogue in memory is as old everywhere."""


class ToldListeners:
    """Knows of each listener what the evaluation knows."""

    def __init__(self, taught: Taught, heard: dict[str, Heard]) -> None:
        self._taught, self._heard = taught, heard

    def taste(self, listener_id: str, view: CatalogueView) -> ListenerTaste:
        row, nothing = int(listener_id), no_taste(view)
        singers, tracks = (self._heard[ranks].signals["collaborative"][row] for ranks in (SINGERS, SONGS))
        events = int(self._heard[SINGERS].events[row])
        near = (nothing.disliked_singers, nothing.disliked_tracks)
        return ListenerTaste(singers, tracks, *near, nothing.hidden_singers, nothing.hidden_tracks, events)

    def exclusions(self, _listener_id: str) -> tuple[Exclusion, ...]:
        return ()

    def popularity(self, _view: CatalogueView) -> Popularity:
        return self._taught.popularity

    def state(self, listener_id: str) -> str:
        return listener_id


@pytest.fixture(scope="module")
def world() -> World:
    return draw_world(SEED, size=SIZE)


@pytest.fixture(scope="module")
def taught(world: World) -> Taught:
    return teach(world, SEED)


@pytest.fixture(scope="module")
def voices(world: World) -> list[VoiceProfile]:
    return list(record_listeners(world, SEED))


def serve(world: World, taught: Taught, heard: dict[str, Heard]) -> Recommender:
    """Put the recordings that the evaluation has heard into a catalogue."""
    random, catalogue = np.random.default_rng([SEED, 1]), MemoryCatalogue()
    for row, singer in enumerate(world.track_singer.tolist()):
        catalogue.put(f"singer-{singer:06}", f"{row:06}", record(world.tracks, row, TRACK_S, random))
    listeners = ToldListeners(taught, heard)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return Recommender(catalogue, MemoryIndex(catalogue), EAR, listeners, now=lambda: now)  # type: ignore[arg-type]


@pytest.mark.parametrize("ranks", [SINGERS, SONGS])
def test_the_scores_that_are_judged_are_the_scores_that_are_served(
    world: World, taught: Taught, voices: list[VoiceProfile], ranks: str
) -> None:
    heard = dict(hear_listeners(world, taught, voices, SEED))
    recommender = serve(world, taught, heard)
    preset = shipped_presets().default(SIMILAR, ranks).without(OFF)

    judged = heard[ranks].blended(preset)
    served = [
        recommender.rank(ranks, voice, RecommendOptions(listener_id=str(row), signals_off=OFF)).blend.score
        for row, voice in enumerate(voices)
    ]

    assert np.abs(judged - np.stack(served)).max() < SAME
    assert np.ptp(judged) > 0.1
