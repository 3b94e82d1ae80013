"""How the coefficients of a voice move together, whatever is sung and through whatever channel.

A channel adds the same to every frame and so moves no covariance; the mean colour, which it does move, is told by
statistics and mixtures. Covariances lie on a curved surface: their matrix logarithms lie flat, where a linear
projection may compare them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHRUNK = 0.05
"""Share by which a covariance is shrunk to a sphere: a few frames do not fill all directions."""

FLOOR = 1e-4
"""Added to every variance, in squared deviations, so that frames that stand still have a logarithm."""


@dataclass(frozen=True, eq=False)
class LogCovariance:
    """Describes frames by the matrix logarithm of their covariance.

    Attributes:
        deviations: float32 (dims,), what each coefficient is divided by first: its usual deviation within a recording.

    Source:
        Arsigny et al. 2006, Log-Euclidean metrics for fast and simple calculus on diffusion tensors,
        https://doi.org/10.1002/mrm.20965; Ledoit and Wolf 2004 for the shrinkage to a sphere.
    """

    deviations: NDArray[np.float32]

    def __call__(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the upper triangle of the logarithm, row by row, weighed, float32 (dims * (dims + 1) / 2,).

        Args:
            frames: float32 (frames, dims), at least one.
        """
        dims = len(self.deviations)
        centred = frames - frames.mean(axis=0)
        scale = self.deviations.astype(np.float64) * np.sqrt(len(frames))
        covariance = (centred.T @ centred) / np.outer(scale, scale)
        sphere = np.trace(covariance) / dims
        shrunk = (1.0 - SHRUNK) * covariance + (SHRUNK * sphere + FLOOR) * np.eye(dims)
        variances, directions = np.linalg.eigh(shrunk)
        logarithm = (directions * np.log(variances)) @ directions.T
        return np.asarray((logarithm * triangle_weights(dims))[np.triu_indices(dims)], dtype=np.float32)


def triangle_weights(dims: int) -> NDArray[np.float64]:
    """Return by what a symmetric matrix is multiplied before half of it is left out, float64 (dims, dims).

    What is not on the diagonal counts once instead of twice then; sqrt(2) as large, it gives the difference of two
    triangles the length that the difference of the whole matrices has.
    """
    return np.where(np.eye(dims, dtype=bool), 1.0, np.sqrt(2.0))


def usual_deviations(recordings: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return how far each coefficient strays within a recording, root mean square over them, float32 (dims,).

    Args:
        recordings: float32 (frames, dims) each, at least one with at least one frame.
    """
    variances = np.mean([frames.var(axis=0) for frames in recordings], axis=0)
    return np.asarray(np.sqrt(variances) + 1e-6, dtype=np.float32)
