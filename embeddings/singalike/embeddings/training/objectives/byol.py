"""Bootstrap your own latent: predict what a slow copy says of another view; no negatives."""

import torch
from torch import Tensor, nn

from singalike.embeddings.training.objectives.contrast import pair_masks
from singalike.errors import InvalidInputError

BYOL_CHANCE = 2.0
"""Loss of vectors that have nothing to do with each other; a collapsed network has zero."""


class Predictor(nn.Module):
    """Guess the slow copy's vector from the network's own.

    Args:
        dim: Numbers in a vector.
        width: Hidden units.
    """

    def __init__(self, dim: int, width: int = 256) -> None:
        super().__init__()
        # LayerNorm and not BatchNorm: one view's prediction must not depend on the batch around it.
        self.layers = nn.Sequential(nn.Linear(dim, width), nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, dim))

    def forward(self, vectors: Tensor) -> Tensor:
        """Predict unit vectors (batch, dim) from unit vectors (batch, dim)."""
        return nn.functional.normalize(self.layers(vectors), dim=-1)


def byol_loss(predicted: Tensor, targets: Tensor, labels: Tensor) -> Tensor:
    """Compare each prediction with the targets of the other views of its recording.

    Args:
        predicted: Unit vectors of the predictor, float (batch, dim).
        targets: Unit vectors of the slow copy for the same views, (batch, dim); no gradient flows into them.
        labels: Recording of each view, int (batch,); at least one of them twice.

    Returns:
        Mean squared distance over all pairs, 2 - 2 cosine, in [0, 4], without unit, shape ().

    Raises:
        InvalidInputError: NO_PAIRS, no label is in the batch twice.

    Source:
        Grill et al. 2020, BYOL, eq. 2, https://arxiv.org/abs/2006.07733.
    """
    positive, _ = pair_masks(labels)
    if not bool(torch.any(positive)):
        raise InvalidInputError("NO_PAIRS", "put at least two clips of one class into the batch")
    cosine = predicted @ targets.detach().T
    return (2.0 - 2.0 * cosine)[positive].mean()
