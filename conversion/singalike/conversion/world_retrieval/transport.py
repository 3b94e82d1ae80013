"""The shortest way from one voice to another: an optimal transport between the envelopes of two people.

The rows of a voice are taken for normal, voiced and unvoiced ones apart. Among all maps that give the source's rows the
mean and the covariance of the target's, one moves them least, and it is linear. Because it moves every row as little as
it can, phones stay what they are, which averaged moments of the target do not grant; and because it turns the axes as
well as scaling them, it moves formants and not only the colour of the whole.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.conversion.world_retrieval.analysis import Frames

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

DIMS = 59
FEWEST_ROWS = 200
"""One second. Of a kind with fewer, the statistics of both kinds together stand in."""

SHRINKAGE = 0.1
"""How far covariances are drawn to their diagonals: with half a minute of voice some of them are chance, and they are
what keeps formants where words need them. Chosen on VCTK and LibriSpeech: nearer, and no less of the words kept than
the specification's algorithm keeps."""

_LOWEST_VARIANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Normal:
    """Mean and covariance of c1 to c59, of unvoiced rows first and of voiced ones second.

    Attributes:
        mean: float32 (2, 59).
        covariance: float32 (2, 59, 59).
    """

    mean: Floats
    covariance: Floats


def measure_normal(frames: Frames) -> Normal:
    """Measure a voice over its sounding rows."""
    kinds = [frames.sounding & ~frames.voiced, frames.sounding & frames.voiced]
    chosen = [kind if kind.sum() >= FEWEST_ROWS else frames.sounding for kind in kinds]
    rows = [frames.cepstra[kind, 1:].astype(np.float64) for kind in chosen]
    return Normal(
        np.stack([part.mean(axis=0) for part in rows]).astype(np.float32),
        np.stack([_covariance(part) for part in rows]).astype(np.float32),
    )


def transported(frames: Frames, source: Normal, target: Normal) -> Floats:
    """Move every row from one voice to the other.

    Args:
        frames: Of the source.
        source: Its statistics.
        target: Those of the voice wanted.

    Returns:
        c1 to c59, float32 (frames, 59).
    """
    moved = np.empty((len(frames), DIMS), dtype=np.float32)
    for kind in (0, 1):
        rows = frames.voiced == bool(kind)
        matrix = transport_matrix(source.covariance[kind], target.covariance[kind])
        centred = frames.cepstra[rows, 1:] - source.mean[kind]
        moved[rows] = centred @ matrix.astype(np.float32) + target.mean[kind]
    return moved


def transport_matrix(source: NDArray[np.floating], target: NDArray[np.floating]) -> Doubles:
    """Return the matrix that turns one covariance into another while it moves least.

    Args:
        source: (dims, dims), symmetric, not negative.
        target: The same.

    Returns:
        float64 (dims, dims), symmetric and not negative: matrix @ source @ matrix is the target.

    Source:
        Olkin and Pukelsheim 1982; Peyré and Cuturi 2019, Computational Optimal Transport, remark 2.31,
        https://arxiv.org/abs/1803.00567: A = S^-1/2 (S^1/2 T S^1/2)^1/2 S^-1/2.
    """
    root, inverse_root = _power(source, 0.5), _power(source, -0.5)
    return inverse_root @ _power(root @ np.asarray(target, dtype=np.float64) @ root, 0.5) @ inverse_root


def _covariance(rows: Doubles) -> Doubles:
    covariance = np.atleast_2d(np.cov(rows, rowvar=False)) if len(rows) > 1 else np.zeros((rows.shape[1],) * 2)
    diagonal = np.diag(np.diag(covariance)) + _LOWEST_VARIANCE * np.eye(len(covariance))
    return (1.0 - SHRINKAGE) * covariance + SHRINKAGE * diagonal


def _power(symmetric: NDArray[np.floating], exponent: float) -> Doubles:
    values, vectors = np.linalg.eigh(np.asarray(symmetric, dtype=np.float64))
    return np.asarray((vectors * np.maximum(values, _LOWEST_VARIANCE) ** exponent) @ vectors.T)
