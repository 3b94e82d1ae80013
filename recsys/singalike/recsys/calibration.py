"""What a similarity is worth: measured against how alike different singers are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Similarities = NDArray[np.float64]

EVEN_Z = 2.0
"""Deviations above unrelated singers at which a likeness counts one half."""

PRIOR_MEAN, PRIOR_DEVIATION, PRIOR_COUNT = 0.0, 0.2, 20.0
"""What is believed of unrelated vectors before a catalogue is seen, and for how many pairs that belief stands."""


@dataclass(frozen=True)
class Calibration:
    """The distribution of similarities between recordings of different singers.

    Attributes:
        mean: Mean cosine, in [-1, 1].
        deviation: Standard deviation, above zero.
    """

    mean: float = PRIOR_MEAN
    deviation: float = PRIOR_DEVIATION

    def z(self, similarity: Similarities) -> Similarities:
        """Return how many deviations a similarity lies above unrelated singers, same shape."""
        return (np.asarray(similarity, dtype=np.float64) - self.mean) / self.deviation


def fit_calibration(similarities: Similarities) -> Calibration:
    """Fit a calibration to similarities of unrelated pairs; few pairs lean on a prior.

    Args:
        similarities: Cosines of pairs of different singers, any shape, finite.

    Returns:
        Mean and deviation, drawn towards the prior as if it were `PRIOR_COUNT` more pairs.
    """
    count = similarities.size
    total = count + PRIOR_COUNT
    mean = (similarities.sum() + PRIOR_COUNT * PRIOR_MEAN) / total
    squares = ((similarities - mean) ** 2).sum() + PRIOR_COUNT * PRIOR_DEVIATION**2
    return Calibration(float(mean), float(np.sqrt(squares / total)))


def likeness(z: Similarities) -> Similarities:
    """Squash deviations above unrelated singers into (0, 1).

    Args:
        z: Deviations, any shape, NaN staying NaN.

    Returns:
        1 / (1 + exp(EVEN_Z - z)): .12 for an unrelated singer, .5 at two deviations, .95 at five.
    """
    return np.asarray(1.0 / (1.0 + np.exp(EVEN_Z - np.clip(z, -30.0, 30.0))))


def nearness(z: Similarities) -> Similarities:
    """Say how near something is to what is not wanted: max(0, 2 likeness(z) - 1), NaN where z is.

    Nothing up to two deviations above what is unrelated, .9 at five: most of a catalogue is near to nothing.
    """
    return np.asarray(np.maximum(2.0 * likeness(z) - 1.0, 0.0))
