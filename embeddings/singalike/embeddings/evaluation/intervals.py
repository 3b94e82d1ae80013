"""95 % intervals by bootstrap: what a figure might have been with other singers of the same kind."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.evaluation.section import Figure

DRAWS = 1_000
PERCENTILES = (2.5, 97.5)


def mean_interval(
    values: Sequence[float] | NDArray[np.floating],
    groups: Sequence[str] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> Figure:
    """Average values and say how sure the average is.

    Args:
        values: One a query.
        groups: Whose each is: whole groups are drawn, because recordings of one singer are alike. None draws queries.
        draws: Of the bootstrap.
        seed: Of the draws.

    Returns:
        The mean with its 95 % interval; NaN without values.

    Source:
        Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 13 (percentile intervals).
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.size == 0:
        return Figure(float("nan"))
    place = np.arange(len(numbers)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    sums, counts = np.bincount(place, numbers), np.bincount(place)
    weights = draw_weights(len(sums), draws, seed)
    low, high = np.percentile((weights @ sums) / (weights @ counts), PERCENTILES)
    return Figure(float(numbers.mean()), float(low), float(high))


def draw_weights(groups: int, draws: int, seed: int) -> NDArray[np.float64]:
    """Return how often each group is drawn in each resample, (draws, groups)."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(groups, np.full(groups, 1.0 / groups), size=draws).astype(np.float64)
