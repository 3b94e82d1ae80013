"""Is "closer than x % of pairs of different singers" true of recordings that the catalogue has not heard?"""

from collections.abc import Sequence

import numpy as np

from singalike.embeddings.evaluation.intervals import mean_interval
from singalike.embeddings.evaluation.section import Figure, Row
from singalike.recsys.ranking_metrics import Marks, Values

NOTE = (
    "Likeness error: over left out recordings and other singers, how far the share of pairs of which less than x is "
    "told lies from x, averaged over all x; 0 is best. Own singer: what is told of the true one."
)


def likeness_row(name: str, told: Values, own: Marks, groups: Sequence[str]) -> Row:
    """Judge what is told of every query and every singer.

    Args:
        name: Of the set.
        told: float64 (queries, singers), "closer than", in [0, 1].
        own: bool (queries, singers), the true singer of each query.
        groups: Whose each query is.
    """
    figures = {
        "likeness error": Figure(distance_from_even(told[~own])),
        "own singer": mean_interval(told[own], groups),
        "own singer above .95": mean_interval((told[own] > 0.95).astype(np.float64), groups),
    }
    return Row("closer than", name, int((~own).sum()), figures)


def distance_from_even(shares: Values) -> float:
    """Return the mean distance between the distribution of shares and the even one on [0, 1], which true shares have.

    Args:
        shares: In [0, 1], at least one.

    Returns:
        The integral of |F(x) - x|, in [0, .5].
    """
    ordered = np.sort(shares)
    grid = np.linspace(0.0, 1.0, 1001)
    return float(np.abs(np.searchsorted(ordered, grid, side="right") / len(ordered) - grid).mean())
