"""Vocal tracts of two lengths: the frequency axis of one voice stretched to the other's."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from singalike.conversion.world_retrieval.analysis import envelope_basis
from singalike.conversion.world_retrieval.transport import Normal

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

COMPARED = 20
"""Coefficients that decide the factor; higher ones know pitch and microphone."""

SHORTEST, LONGEST, STEP = 0.88, 1.14, 0.02
"""Between a large man's tract and a small woman's; what lies outside is an error of the estimate."""

TAKEN = 0.6
"""Power of the estimated factor that is applied: words suffer from a warp that is wrong, and little from one that falls
short. Chosen on VCTK."""

_BEND = 0.85


def warp_factor(source: Normal, target: Normal) -> float:
    """Estimate by what factor formants of the target lie below those of the source.

    The factor is that which brings the voiced rows of both voices nearest, as two normal distributions.

    Args:
        source: Statistics of the source.
        target: Those of the target.

    Returns:
        0.88 to 1.14; above 1 where the target's formants are lower.

    Source:
        Bhattacharyya 1943 for the distance; Lee and Rose 1996 for choosing a warp by likelihood,
        https://doi.org/10.1109/ICASSP.1996.541105.
    """
    factors = np.arange(SHORTEST, LONGEST + STEP / 2, STEP)
    return float(min(factors, key=lambda factor: _distance(source, target, warp_matrix(round(float(factor), 3)))))


@lru_cache(maxsize=64)
def warp_matrix(factor: float) -> Doubles:
    """Return the matrix that warps c1 to c59.

    Args:
        factor: The envelope at a frequency f becomes what it was at factor * f; near the top of the band the warp
            bends so that the band ends where it did.

    Returns:
        float64 (59, 59), for rows: warped = rows @ matrix.
    """
    basis = envelope_basis().astype(np.float64)
    goal = np.linspace(0.0, 1.0, basis.shape[1])
    knee = _BEND * min(1.0, 1.0 / factor)
    above = knee * factor + (goal - knee) * (1.0 - knee * factor) / (1.0 - knee)
    origin = np.where(goal <= knee, goal * factor, above)
    warped = np.stack([np.interp(origin, goal, row) for row in basis])
    return np.asarray((warped @ np.linalg.pinv(basis))[1:, 1:])


def _distance(source: Normal, target: Normal, matrix: Doubles) -> float:
    """Bhattacharyya's distance of the voiced rows, the source warped."""
    part = slice(0, COMPARED)
    first = (matrix.T @ source.covariance[1] @ matrix)[part, part]
    second = target.covariance[1][part, part].astype(np.float64)
    apart = (source.mean[1] @ matrix - target.mean[1])[part]
    middle = (first + second) / 2.0
    determinants = [float(np.linalg.slogdet(one)[1]) for one in (middle, first, second)]
    spread = 0.5 * (determinants[0] - (determinants[1] + determinants[2]) / 2.0)
    return float(apart @ np.linalg.solve(middle, apart)) / 8.0 + spread
