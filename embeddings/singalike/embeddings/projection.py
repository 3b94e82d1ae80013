"""Statistics of frames, and the linear projections that turn them into vectors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PERCENTILES = (0.1, 0.5, 0.9)
FARTHEST = 4.0
"""Deviations at which a standardised feature is held: one wild figure must not decide a vector."""


def frame_statistics(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """Describe how coefficients are distributed over the frames of a recording.

    Args:
        frames: float32 (frames, dims), at least one frame.

    Returns:
        float32 (7 * dims,): mean, deviation, deviation of the change from frame to frame, 10th, 50th and 90th
        percentile, skewness.
    """
    mean = frames.mean(axis=0)
    centred = frames - mean
    square = np.square(centred)
    deviation = np.sqrt(square.mean(axis=0)) + 1e-6
    skewness = (square * centred).mean(axis=0) / deviation**3
    change = np.diff(frames, axis=0).std(axis=0) if len(frames) > 1 else np.zeros_like(mean)
    places = [min(int(share * len(frames)), len(frames) - 1) for share in PERCENTILES]
    # Whole rows are sorted ten times as fast as columns are partitioned.
    ordered = np.sort(np.ascontiguousarray(frames.T), axis=1)
    blocks = [mean, deviation, change, *(ordered[:, place] for place in places), skewness]
    return np.asarray(np.concatenate(blocks), dtype=np.float32)


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scale vectors along the last axis to length one; a zero vector stays zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), dtype=np.float32)


def standardised(
    features: NDArray[np.float32], centre: NDArray[np.float32], scale: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Centre and scale features (..., features); an unknown one becomes 0, an absurd one stops at four deviations.

    Args:
        features: NaN where unknown.
        centre: Subtracted first.
        scale: Deviations, above zero.
    """
    standard = np.nan_to_num((features - centre) / scale, nan=0.0)
    return np.asarray(np.clip(standard, -FARTHEST, FARTHEST), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Projection:
    """An affine map to fewer numbers.

    Attributes:
        mean: float32 (inputs,), subtracted first.
        matrix: float32 (inputs, outputs).
    """

    mean: NDArray[np.float32]
    matrix: NDArray[np.float32]

    @property
    def dim(self) -> int:
        """Numbers that come out."""
        return int(self.matrix.shape[1])

    def __call__(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """Project (inputs,) or (batch, inputs) to (outputs,) or (batch, outputs)."""
        return np.asarray((values - self.mean) @ self.matrix, dtype=np.float32)
