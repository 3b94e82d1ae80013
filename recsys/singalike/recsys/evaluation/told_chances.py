"""Does a score say how likely a suggestion is to be taken? Scores are no probabilities: the map is learnt apart."""

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from singalike.recsys.probability_figures import expected_calibration_error
from singalike.recsys.ranking_metrics import NOBODY, Ranking, Values


def listed_calibration_error(scores: Values, ranking: Ranking, k: int, groups: NDArray[np.intp]) -> float:
    """Tell from scores how likely each of the first k is to be relevant, and measure how far that is from the truth.

    The rising map from score to probability is fitted on one half of the groups and judged on the other, and the other
    way round.

    Args:
        scores: float64 (queries, candidates), finite.
        ranking: Of these scores.
        k: Length of the lists.
        groups: intp (queries,), whose each query is; every second group is one half.

    Returns:
        Expected calibration error over all lists, in [0, 1]; NaN with one group only.

    Source:
        Zadrozny and Elkan 2002, Transforming classifier scores into accurate multiclass probability estimates
        (isotonic regression), https://doi.org/10.1145/775047.775151.
    """
    order, hits = ranking.order[:, :k], ranking.relevant[:, :k]
    told = np.take_along_axis(scores, np.maximum(order, 0), axis=1)
    half = np.repeat(groups[:, None] % 2, order.shape[1], axis=1)
    listed = order != NOBODY
    chance, true = [], []
    for judged in (0, 1):
        fitted, asked = listed & (half != judged), listed & (half == judged)
        if not fitted.any() or not asked.any():
            return float("nan")
        rising = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(told[fitted], hits[fitted])
        chance.append(rising.predict(told[asked]))
        true.append(hits[asked])
    return expected_calibration_error(np.concatenate(chance), np.concatenate(true))
