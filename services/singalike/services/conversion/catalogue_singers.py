"""How near a voice is to the singers of the catalogue, for the rules of consent."""

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import Vectors
from singalike.services.view_keeper import ViewKeeper

AT_ONCE = 4096
"""Tracks whose vectors are laid beside each other at once."""


class CatalogueSingers:
    """Compares voices with the singers of a catalogue; safe to call from several threads.

    Args:
        views: What the catalogue holds, of the ear that hears the voices; shared with a recommender where there is one.
    """

    def __init__(self, views: ViewKeeper) -> None:
        self._views = views

    def __call__(self, timbre: Vectors) -> NDArray[np.float64]:
        """Return the cosines of a voice and every track.

        Args:
            timbre: Unit vector, float32 (dim,).

        Returns:
            float64 (tracks,), empty where the catalogue is.
        """
        view = self._views.view()
        parts = [
            np.stack([track.timbre for track in view.tracks[start : start + AT_ONCE]]) @ timbre
            for start in range(0, len(view.tracks), AT_ONCE)
        ]
        if not parts:
            return np.zeros(0)
        return np.concatenate(parts).astype(np.float64)
