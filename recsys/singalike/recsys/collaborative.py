"""What listeners who like the same also like: implicit matrix factorisation over tracks and singers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from singalike.recsys.calibration import Similarities
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.interactions import Interactions, one_row
from singalike.recsys.listener_events import Attitude
from singalike.recsys.medoids import unit_rows

FACTORS, REGULARIZATION, SWEEPS = 16, 10.0, 10
"""Numbers per listener and item, weight of their squares, and how often both sides are solved for in turn.

On synthetic listeners, 10 to 1 500 of them, less of either follows accidents and more weight wipes small tables out.
"""

FEWEST_LISTENERS = 5
"""With fewer, what others like is what one person likes: nothing is learnt, and nobody is given away."""


@dataclass(frozen=True, eq=False)
class TasteModel:
    """Factors of every track and singer of a view.

    Attributes:
        view: Names the rows.
        als: The fitted model, holding the factors of items and nothing of the listeners; rows of `item_factors` are
            the view's tracks, then its singers.
        known: bool (tracks + singers,), what any listener liked.
        directions: Factors scaled to length one, float32 (tracks + singers, FACTORS), zero where not known.
    """

    view: CatalogueView
    als: Any
    known: NDArray[np.bool_]
    directions: NDArray[np.float32]

    @property
    def factors(self) -> NDArray[np.float32]:
        """Factors of tracks and singers, float32 (tracks + singers, FACTORS), zero where not known."""
        return np.asarray(self.als.item_factors, dtype=np.float32)


def fit_taste_model(interactions: Interactions, seed: int = 0) -> TasteModel | None:
    """Learn which items are liked together.

    A listener's preference for an item is the dot product of two short vectors, fitted by alternating least squares
    to 1 where something was liked, with its confidence, and to 0 with confidence 1 everywhere else.

    Args:
        interactions: Who liked what; the model does not depend on the order of the listeners beyond rounding.
        seed: Of the first factors. The same table and seed give the same model.

    Returns:
        The model; None for fewer than `FEWEST_LISTENERS` listeners.

    Source:
        Hu, Koren and Volinsky 2008, Collaborative Filtering for Implicit Feedback Datasets; fitted by implicit.
    """
    if interactions.listener_count < FEWEST_LISTENERS:
        return None
    # One thread: the requests beside a fit keep their cores, and OpenBLAS threads slow small solves down.
    with threadpool_limits(1, "blas"):
        als = _als(seed)
        als.fit(interactions.table, show_progress=False)
    known = interactions.listeners_of() > 0
    return _model(interactions.view, np.where(known[:, None], als.item_factors, np.float32(0.0)), known)


def in_rows_of(model: TasteModel, view: CatalogueView) -> TasteModel:
    """Return the same model in the rows of another view; what the model has not seen is unknown there."""
    if model.view is view:
        return model
    rows = np.array(
        [
            *(model.view.track_rows.get(track.track_id, -1) for track in view.tracks),
            *(_singer_row(model.view, singer.singer_id) for singer in view.singers),
        ],
        dtype=np.intp,
    )
    known = (rows >= 0) & model.known[rows]
    return _model(view, np.where(known[:, None], model.factors[rows], np.float32(0.0)), known)


@dataclass(frozen=True, eq=False)
class Preferences:
    """The collaborative signal of one listener.

    Attributes:
        singers, tracks: float64 (singers,) and (tracks,), in [0, 1), NaN where nothing is known.
        event_count: Events that it was learnt from, 0 where nothing is known.
    """

    singers: Similarities
    tracks: Similarities
    event_count: int


def fold_in(model: TasteModel, attitude: Attitude) -> Preferences:
    """Say what a listener probably likes; the listener need not have been there when the model was fitted.

    One least-squares solve against the fixed factors of the items gives the listener's vector, and its dot products the
    preferences p. With r = p / (mean p of the known tracks, or singers, that the listener liked), the signal is
    1 - exp(-2 r), and 0 for r below 0: .86 for what is liked as much as what the listener did, .39 for a quarter of
    that. A track that nobody liked yet has the signal of its singer.

    Args:
        model: In the rows of a view.
        attitude: What the listener did; only `liked` and `event_count` are read.
    """
    view, track_count = model.view, len(model.view.tracks)
    row = one_row(attitude.liked, view)
    liked = row.indices[model.known[row.indices]]
    if not len(liked):
        return Preferences(np.full(len(view.singers), np.nan), np.full(track_count, np.nan), 0)
    preference = (model.factors @ model.als.recalculate_user(0, row)).astype(np.float64)
    preference[~model.known] = np.nan
    singers = _squashed(preference[track_count:], preference[liked[liked >= track_count]])
    tracks = _squashed(preference[:track_count], preference[liked[liked < track_count]])
    tracks = np.where(np.isnan(tracks), singers[view.track_singer], tracks)
    return Preferences(singers, tracks, attitude.event_count if np.isfinite(tracks).any() else 0)


def _squashed(preference: Similarities, of_liked: Similarities) -> Similarities:
    """Measure preferences by those of what was liked; unknown where nothing of this kind was."""
    usual = of_liked.mean() if len(of_liked) else 0.0
    if not usual > 0:
        return np.full(len(preference), np.nan)
    return np.asarray(1.0 - np.exp(-2.0 * np.maximum(preference / usual, 0.0)))


def _als(seed: int) -> Any:
    from implicit.cpu.als import AlternatingLeastSquares

    return AlternatingLeastSquares(
        factors=FACTORS, regularization=REGULARIZATION, iterations=SWEEPS, num_threads=1, random_state=seed
    )


def _model(view: CatalogueView, factors: NDArray[np.float32], known: NDArray[np.bool_]) -> TasteModel:
    als = _als(0)
    als.item_factors = np.ascontiguousarray(factors, dtype=np.float32)
    als.YtY  # noqa: B018  computed on first use: not by two requests at once
    return TasteModel(view, als, known, unit_rows(factors))


def _singer_row(view: CatalogueView, singer_id: str) -> int:
    row = view.singer_rows.get(singer_id)
    return -1 if row is None else len(view.tracks) + row
