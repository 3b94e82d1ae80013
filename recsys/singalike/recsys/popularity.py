"""How many listeners like what."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.recsys.calibration import Similarities
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.interactions import Interactions
from singalike.recsys.listener_taste import Popularity, no_popularity

PRIOR_LISTENERS = 20.0
"""So many listeners' worth of belief that everything is liked as often as the average."""


@dataclass(frozen=True, eq=False)
class Following:
    """Distinct listeners of tracks and singers, by id.

    Attributes:
        tracks, singers: How many liked it; what nobody liked is left out.
        listener_count: Listeners who liked anything.
    """

    tracks: Mapping[str, int]
    singers: Mapping[str, int]
    listener_count: int


NOBODY = Following({}, {}, 0)
"""Nobody liked anything yet."""


def count_listeners(interactions: Interactions) -> Following:
    """Count the distinct listeners of everything that was liked; what speaks against something is not in the table."""
    counts = interactions.listeners_of()
    view, track_count = interactions.view, len(interactions.view.tracks)
    ids = [*(track.track_id for track in view.tracks), *(singer.singer_id for singer in view.singers)]
    followed = np.flatnonzero(counts).tolist()
    return Following(
        {ids[row]: int(counts[row]) for row in followed if row < track_count},
        {ids[row]: int(counts[row]) for row in followed if row >= track_count},
        interactions.listener_count,
    )


def popularity_in(view: CatalogueView, following: Following) -> Popularity:
    """Say how popular everything in a view is.

    Args:
        view: Singers and tracks.
        following: How many listeners each has.

    Returns:
        `popularity` of tracks and of singers; NaN everywhere where nobody liked anything.
    """
    if not following.listener_count or not len(view):
        return no_popularity(view)
    tracks = np.array([following.tracks.get(track.track_id, 0) for track in view.tracks])
    singers = np.array([following.singers.get(singer.singer_id, 0) for singer in view.singers])
    return Popularity(
        popularity(singers, following.listener_count),
        popularity(tracks, following.listener_count),
        liked_singers=singers > 0,
        liked_tracks=tracks > 0,
    )


def popularity(listeners: NDArray[np.int_], listener_count: int) -> Similarities:
    """Smooth and squash counts of listeners.

    Args:
        listeners: How many of the listeners like each of some items, (items,), at least one item.
        listener_count: How many there are, above zero.

    Returns:
        float64 (items,), in [0, 1]: log(1 + smoothed) / log(1 + listener_count), where smoothed is the count drawn
        towards the mean count as if `PRIOR_LISTENERS` more listeners liked like the average: 1 is liked by everybody,
        and of few listeners hardly anything moves.
    """
    smoothed = (listeners + PRIOR_LISTENERS * listeners.mean() / listener_count) / (
        1 + PRIOR_LISTENERS / listener_count
    )
    return np.asarray(np.log1p(smoothed) / np.log1p(listener_count))
