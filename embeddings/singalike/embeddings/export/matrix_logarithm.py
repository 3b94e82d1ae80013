"""The logarithm of a covariance from products alone: ONNX knows no eigenvectors."""

import torch
from torch import Tensor, nn

from singalike.embeddings.log_covariance import FLOOR, SHRUNK, LogCovariance, triangle_weights

ROOTS = (16, 11, 9, 8)
"""Steps towards each square root in turn. The first one starts from variances that a shrunk covariance of 30
coefficients may have, .0017 to 1 of their sum, and every root brings them closer together."""

TERMS = 24
"""Of the series of the logarithm: after four roots a variance is .67 to 1, and .33 to the 24th is below rounding."""


def logarithm(covariance: Tensor) -> Tensor:
    """Return the matrix logarithm of a shrunk covariance (dims, dims), float64.

    Four square roots bring all variances near one, where the series of the logarithm is short.

    Source:
        Higham 2008, Functions of Matrices, eq. 6.35 (Newton-Schulz iteration) and 11.5 (inverse scaling and squaring).
    """
    identity = torch.eye(covariance.shape[0], dtype=covariance.dtype)
    total = covariance.diagonal().sum()
    root = covariance / total
    for steps in ROOTS:
        root = _square_root(root, identity, steps)
    missing = identity - root
    power, series = missing, missing
    for term in range(2, TERMS + 1):
        power = power @ missing
        series = series + power / term
    return total.log() * identity - 2.0 ** len(ROOTS) * series


def _square_root(matrix: Tensor, identity: Tensor, steps: int) -> Tensor:
    root, inverse = matrix, identity
    for _ in range(steps):
        change = 1.5 * identity - 0.5 * inverse @ root
        root, inverse = root @ change, change @ inverse
    return root


class CovarianceLogarithm(nn.Module):
    """The same numbers as `LogCovariance`, of the rows under a mask.

    Args:
        covariance: Whose deviations are taken over.
    """

    deviations: Tensor
    weights: Tensor
    places: Tensor

    def __init__(self, covariance: LogCovariance) -> None:
        super().__init__()
        self.dims = len(covariance.deviations)
        self.register_buffer("deviations", torch.from_numpy(covariance.deviations.astype("float64")))
        self.register_buffer("weights", torch.from_numpy(triangle_weights(self.dims)))
        rows, columns = torch.triu_indices(self.dims, self.dims)
        self.register_buffer("places", rows * self.dims + columns)

    def forward(self, frames: Tensor, inside: Tensor) -> Tensor:
        """Describe rows (frames, dims), mask (frames,), as (dims * (dims + 1) / 2,)."""
        weight = inside.double()[:, None]
        number = weight.sum()
        scaled = frames.double() / self.deviations
        centred = (scaled - (scaled * weight).sum(0) / number) * weight
        covariance = centred.T @ centred / number
        identity = torch.eye(self.dims, dtype=torch.float64)
        sphere = covariance.diagonal().sum() / self.dims
        shrunk = (1.0 - SHRUNK) * covariance + (SHRUNK * sphere + FLOOR) * identity
        return (logarithm(shrunk) * self.weights).flatten().index_select(0, self.places).to(frames.dtype)
