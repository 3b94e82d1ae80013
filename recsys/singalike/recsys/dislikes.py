"""How near everything is to what a listener refuses."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import Vectors
from singalike.recsys.calibration import Similarities, nearness
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.collaborative import TasteModel
from singalike.recsys.listener_events import Attitude, Item
from singalike.recsys.medoids import unit_rows
from singalike.recsys.vector_space import VectorSpace

FULL_REFUSAL = 1.0
"""A weaker refusal, a skip, speaks against its item alone: why it was skipped is not known."""

FEWEST_ITEMS = 20
"""Fewer known items than this say nothing about which of them go together."""


@dataclass(frozen=True, eq=False)
class Aversion:
    """What a listener refuses, in rows of a view.

    Attributes:
        singers, tracks: How near each is to something disliked, float64 (singers,) and (tracks,), in [0, 1].
        hidden_singers, hidden_tracks: bool (singers,) and (tracks,); the tracks of a hidden singer are hidden.
    """

    singers: Similarities
    tracks: Similarities
    hidden_singers: NDArray[np.bool_]
    hidden_tracks: NDArray[np.bool_]


def aversion_of(attitude: Attitude, view: CatalogueView, model: TasteModel | None = None) -> Aversion:
    """Say how near everything is to what a listener dislikes, by voice and by who else likes it.

    Each row takes the greatest nearness to any refused item, so one more dislike never lowers a row. Nearness is
    max(0, 2 x likeness(z) - 1): nothing up to two deviations above unrelated voices, .9 at five. z is of the timbre of
    the recordings, or of the cosine of the model's factors, whichever is nearer.

    Args:
        attitude: What the listener did; only `refused` and `hidden` are read.
        view: Names the rows.
        model: Factors in the rows of the same view, if there are any.
    """
    tracks, singers = np.zeros(len(view.tracks)), np.zeros(len(view.singers))
    for item, strength in attitude.refused.items():
        row = (view.singer_rows if item.is_singer else view.track_rows).get(item.item_id)
        if row is None:
            continue
        if strength >= FULL_REFUSAL:  # one by one: sums of a batch are rounded otherwise when it grows
            voices = _near_voices(item, row, view)
            near_singers, near_tracks = _near_tastes(item, row, view, model)
            singers = np.maximum(singers, np.maximum(voices, near_singers))
            tracks = np.maximum(tracks, np.maximum(voices[view.track_singer], near_tracks))
        itself = singers if item.is_singer else tracks
        itself[row] = max(itself[row], strength)
    return Aversion(singers, tracks, *_hidden(attitude, view))


def _near_voices(item: Item, row: int, view: CatalogueView) -> Similarities:
    """Say how near all singers are in timbre, float64 (singers,)."""
    assert view.timbre is not None
    space = view.timbre
    vector = space.centroids[row] if item.is_singer else _centred(view.tracks[row].timbre, space)
    if not np.any(vector):
        return np.zeros(len(view.singers))
    return nearness(space.calibration.z(space.centred_similarities(vector[None])[0]))


def _centred(timbre: Vectors, space: VectorSpace) -> Vectors:
    return unit_rows((timbre - space.mean)[None])[0] if np.any(timbre) else timbre


def _near_tastes(
    item: Item, row: int, view: CatalogueView, model: TasteModel | None
) -> tuple[Similarities, Similarities]:
    """Say how near singers and tracks are by who else likes them, float64 (singers,) and (tracks,)."""
    track_count = len(view.tracks)
    column = track_count + row if item.is_singer else row
    if model is None or not model.known[column]:
        return np.zeros(len(view.singers)), np.zeros(track_count)
    cosine = model.directions @ model.directions[column]
    singers = _stands_out(cosine[track_count:], model.known[track_count:])
    return singers, _stands_out(cosine[:track_count], model.known[:track_count])


def _stands_out(cosine: NDArray[np.float32], known: NDArray[np.bool_]) -> Similarities:
    among = cosine[known].astype(np.float64)
    if len(among) < FEWEST_ITEMS or not among.std() > 0:
        return np.zeros(len(cosine))
    return np.where(known, nearness((cosine - among.mean()) / among.std()), 0.0)


def _hidden(attitude: Attitude, view: CatalogueView) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    singers, tracks = np.zeros(len(view.singers), dtype=bool), np.zeros(len(view.tracks), dtype=bool)
    for item in attitude.hidden:
        row = (view.singer_rows if item.is_singer else view.track_rows).get(item.item_id)
        if row is not None:
            (singers if item.is_singer else tracks)[row] = True
    return singers, tracks | singers[view.track_singer]
