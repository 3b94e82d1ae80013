"""Vectors whitened by mode: what speech has in common, and what song has, taken out of each apart.

A network that was trained without names tells speech from song before it tells voices apart, and gives a few directions
nearly all its length. So each mode gets a mean and a whitening of its own, fitted on recordings that need no names:

    z = unit(C_m^(-1/2) (x - mean_m))        for a vector x of mode m

The root is the symmetric one. Of all whitenings it turns vectors the least, so those of two modes keep a common basis,
and a voice that speaks can still be compared with itself singing.

Source:
    Kessy, Lewin and Strimmer 2018, Optimal whitening and decorrelation, section 3 (ZCA); Chen et al. 2010, Shrinkage
    algorithms for MMSE covariance estimation, eq. 23 (OAS): there are hardly more recordings than directions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from sklearn.covariance import oas

from singalike.embeddings.projection import Projection, unit
from singalike.errors import InvalidInputError

Vectors = NDArray[np.float32]

_FEWEST = 2
_LEAST_VARIANCE = 1e-8


@dataclass(frozen=True, eq=False)
class ModeWhitening:
    """One affine map a mode.

    Attributes:
        by_mode: From each mode's vectors to whitened ones.
    """

    by_mode: Mapping[str, Projection]

    @classmethod
    def fit(cls, vectors: Vectors, modes: Sequence[str]) -> "ModeWhitening":
        """Measure mean and covariance of every mode.

        Args:
            vectors: float32 (items, dim), of recordings whose singers nobody needs to know.
            modes: How each was uttered, for instance "spoken" or "sung"; at least two vectors of each.

        Raises:
            InvalidInputError: TOO_FEW_RECORDINGS.
        """
        named = np.array(modes)
        return cls({str(mode): _whitening(vectors[named == mode], mode) for mode in np.unique(named)})

    def __call__(self, vectors: Vectors, modes: Sequence[str]) -> Vectors:
        """Whiten vectors (items, dim), each by its mode, and scale them to unit length.

        Raises:
            InvalidInputError: MODE_UNKNOWN, nothing of one of the modes was fitted.
        """
        strangers = sorted(set(modes) - set(self.by_mode))
        if strangers:
            known = ", ".join(sorted(self.by_mode))
            raise InvalidInputError("MODE_UNKNOWN", f"fitted on {known}: fit again with vectors of {strangers[0]}")
        named, whitened = np.array(modes), np.empty_like(vectors)
        for mode, projection in self.by_mode.items():
            whitened[named == mode] = projection(vectors[named == mode])
        return unit(whitened)


def _whitening(vectors: Vectors, mode: str) -> Projection:
    if len(vectors) < _FEWEST:
        raise InvalidInputError("TOO_FEW_RECORDINGS", f"a spread needs two vectors at least: add some that are {mode}")
    exact = np.asarray(vectors, dtype=np.float64)
    covariance, _ = oas(exact)
    variances, directions = eigh(covariance)
    root = (directions / np.sqrt(np.maximum(variances, _LEAST_VARIANCE))) @ directions.T
    return Projection(exact.mean(axis=0).astype(np.float32), root.astype(np.float32))
