"""A recommender that has heard an invented catalogue and learnt from invented listeners, as the shells' one would."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.embeddings.profile import VoiceProfile
from singalike.recsys.catalogue_view import track_view
from singalike.recsys.collaborative import TasteModel, fit_taste_model, fold_in
from singalike.recsys.evaluation.catalogue_of_takes import SearchedView, searched_view
from singalike.recsys.evaluation.invented_profiles import TRACK_S, record
from singalike.recsys.evaluation.listener_world import World
from singalike.recsys.interactions import Interactions, gather
from singalike.recsys.listener_events import Attitude, read_attitude
from singalike.recsys.listener_taste import ListenerTaste, Popularity, no_taste
from singalike.recsys.popularity import count_listeners, popularity_in

TODAY = 20_000
"""Day of the evaluation since 1970-01-01: any will do, as only ages count."""

KINDS, KIND_SHARES = ("play", "finish", "like", "sing"), (0.4, 0.3, 0.15, 0.15)
"""What listeners do with what they choose."""

RECORDED_S = 15.0
"""Voiced seconds of a listener's recording."""


@dataclass(frozen=True)
class Event:
    """One thing that an invented listener did to a track."""

    kind: str
    track_id: str
    singer_id: str = ""


@dataclass(frozen=True, eq=False)
class Taught:
    """What the recommender knows before it is asked.

    Attributes:
        catalogue: View and segments; rows of tracks and singers as in the world.
        interactions: Of the taught listeners.
        model: Learnt from them.
        popularity: Counted among them.
    """

    catalogue: SearchedView
    interactions: Interactions
    model: TasteModel
    popularity: Popularity

    def taste(self, attitude: Attitude) -> ListenerTaste:
        """Fold a listener in whom the model has not met."""
        nothing = no_taste(self.catalogue.view)
        found = fold_in(self.model, attitude)
        return ListenerTaste(
            found.singers,
            found.tracks,
            nothing.disliked_singers,
            nothing.disliked_tracks,
            nothing.hidden_singers,
            nothing.hidden_tracks,
            found.event_count,
        )


def teach(world: World, seed: int) -> Taught:
    """Record the catalogue of a world and learn from what its taught listeners did.

    Args:
        world: What is true.
        seed: Of the recordings' noise and of the model.
    """
    random = np.random.default_rng([seed, 1])
    catalogue = _record_catalogue(world, random)
    attitudes = [attitude_of(history, catalogue, random) for history in world.histories[: world.taught]]
    interactions = gather(attitudes, catalogue.view)
    model = fit_taste_model(interactions, seed)
    assert model is not None  # a world has more listeners than the fewest that a model needs
    popularity = popularity_in(catalogue.view, count_listeners(interactions))
    return Taught(catalogue, interactions, model, popularity)


def attitude_of(history: NDArray[np.intp], catalogue: SearchedView, random: Generator) -> Attitude:
    """Let a listener play, finish, like or sing what was chosen."""
    kinds = random.choice(KINDS, size=len(history), p=KIND_SHARES)
    tracks = catalogue.view.tracks
    return read_attitude(Event(str(kind), tracks[row].track_id) for kind, row in zip(kinds, history, strict=True))


def record_listeners(world: World, seed: int) -> Sequence[VoiceProfile]:
    """Record the asked listeners, some seconds each."""
    random = np.random.default_rng([seed, 2])
    asked = range(world.taught, len(world.listeners))
    return [record(world.listeners, row, RECORDED_S, random) for row in asked]


def _record_catalogue(world: World, random: Generator) -> SearchedView:
    tracks, segments = [], []
    for row, singer in enumerate(world.track_singer.tolist()):
        profile = record(world.tracks, row, TRACK_S, random)
        tracks.append(
            track_view(
                track_id=f"track-{row:06}",
                singer_id=f"singer-{singer:06}",
                singer_name=f"Singer {singer}",
                title=f"Song {row}",
                profile=profile,
                genre=f"genre-{world.genre[singer]}",
                create_day=TODAY - int(world.age_days[row]),
            )
        )
        segments.append(profile.segments.timbre)
    return searched_view(tracks, segments)
