"""A mixture of Gaussians that describes a recording by how it moves the mixture's means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Mixture:
    """A Gaussian mixture with diagonal covariances.

    Attributes:
        weights: float32 (components,), summing to one.
        means: float32 (components, dims).
        deviations: float32 (components, dims), above zero.
        relevance: Frames of evidence at which a component trusts the data as much as its prior.
    """

    weights: NDArray[np.float32]
    means: NDArray[np.float32]
    deviations: NDArray[np.float32]
    relevance: float = 8.0

    def posteriors(self, frames: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probability of each component for each frame, (frames, components), rows summing to one.

        Args:
            frames: float32 (frames, dims).
        """
        precision = self.deviations**-2.0
        linear, quadratic = (self.means * precision).T, -0.5 * precision.T
        constant = np.log(self.weights) - np.log(self.deviations).sum(1) - 0.5 * (self.means**2 * precision).sum(1)
        log_likelihood = frames @ linear + np.square(frames) @ quadratic + constant
        return np.asarray(torch.softmax(torch.from_numpy(log_likelihood), 1).numpy())

    def supervector(
        self, frames: NDArray[np.float32], posteriors: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Adapt the means to the frames and return how far each moved, shape (components * dims,).

        Each move is scaled by sqrt(weight) / deviation, so that the distance of two supervectors bounds the
        divergence of the two adapted mixtures.

        Args:
            frames: float32 (frames, dims).
            posteriors: As from `posteriors`, where parts of a recording share them; computed here when not given.

        Source:
            Reynolds et al. 2000, eq. 11 to 14; Campbell et al. 2006, eq. 6 (GMM supervector kernel).
        """
        posterior = self.posteriors(frames) if posteriors is None else posteriors
        evidence = posterior.sum(axis=0)[:, None]
        # n / (n + relevance) * (mean of the data - mean), without dividing by an empty component.
        moved = (posterior.T @ frames - evidence * self.means) / (evidence + self.relevance)
        return np.asarray((np.sqrt(self.weights)[:, None] * moved / self.deviations).ravel(), dtype=np.float32)

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """Return the arrays to save."""
        return {"gmm_weights": self.weights, "gmm_means": self.means, "gmm_deviations": self.deviations}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]], relevance: float) -> "Mixture":
        """Build the mixture from saved arrays."""
        return cls(tensors["gmm_weights"], tensors["gmm_means"], tensors["gmm_deviations"], relevance)
