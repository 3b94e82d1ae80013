"""Which singers sound like one of whom nothing like it is wanted."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.vector_space import COHORT

LIKE_QUANTILE = 0.98
"""A singer is like another when they are closer than this share of pairs of different singers."""


def like_any(view: CatalogueView, rows: Iterable[int]) -> NDArray[np.bool_]:
    """Find some singers and everybody who sounds like one of them.

    Args:
        view: A catalogue that is not empty.
        rows: Rows of singers.

    Returns:
        bool (singers,): those of `rows`, and those whose centred timbre is closer to one of them than 98 % of pairs of
        singers are (of at most `COHORT` evenly chosen ones).
    """
    assert view.timbre is not None
    wanted = list(rows)
    like = np.zeros(len(view), dtype=bool)
    if not wanted:
        return like
    centroids = view.timbre.centroids
    some = centroids[np.unique(np.linspace(0, len(view) - 1, COHORT).round().astype(int))]
    pairs = (some @ some.T)[np.triu_indices(len(some), k=1)]
    if len(pairs):
        like = np.asarray((centroids @ centroids[wanted].T).max(axis=1) > np.quantile(pairs, LIKE_QUANTILE))
    like[wanted] = True
    return like
