"""What is known of a listener, in rows of a `CatalogueView`."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.recsys.calibration import Similarities
from singalike.recsys.catalogue_view import CatalogueView


@dataclass(frozen=True, eq=False)
class ListenerTaste:
    """What a listener's events say of every singer and track.

    Attributes:
        singers, tracks: Collaborative signal, float64 (singers,) and (tracks,), in [0, 1], NaN where nothing is known.
        disliked_singers, disliked_tracks: float64 (singers,) and (tracks,), in [0, 1]: how near each is to something
            disliked; one more dislike never lowers any of them.
        hidden_singers, hidden_tracks: bool (singers,) and (tracks,), never to be suggested.
        event_count: Events above zero that the taste was learnt from.
    """

    singers: Similarities
    tracks: Similarities
    disliked_singers: Similarities
    disliked_tracks: Similarities
    hidden_singers: NDArray[np.bool_]
    hidden_tracks: NDArray[np.bool_]
    event_count: int = 0


@dataclass(frozen=True, eq=False)
class Popularity:
    """How many listeners liked what, smoothed and squashed into [0, 1].

    Attributes:
        singers, tracks: float64 (singers,) and (tracks,), NaN everywhere when there are no events at all.
        liked_singers, liked_tracks: bool (singers,) and (tracks,), whether anybody liked it: smoothing gives everything
            some popularity. None: not known.
    """

    singers: Similarities
    tracks: Similarities
    liked_singers: NDArray[np.bool_] | None = None
    liked_tracks: NDArray[np.bool_] | None = None


def no_taste(view: CatalogueView) -> ListenerTaste:
    """Return the taste of somebody of whom nothing is known."""
    singers, tracks = len(view.singers), len(view.tracks)
    return ListenerTaste(
        np.full(singers, np.nan),
        np.full(tracks, np.nan),
        np.zeros(singers),
        np.zeros(tracks),
        np.zeros(singers, dtype=bool),
        np.zeros(tracks, dtype=bool),
    )


def no_popularity(view: CatalogueView) -> Popularity:
    """Return the popularity where nobody did anything yet."""
    return Popularity(np.full(len(view.singers), np.nan), np.full(len(view.tracks), np.nan))
