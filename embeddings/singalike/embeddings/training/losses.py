"""Losses that pull clips of one singer together and push other singers away."""

import torch
from torch import Tensor, nn

from singalike.errors import InvalidInputError


def supervised_contrastive(vectors: Tensor, labels: Tensor, temperature: float = 0.1) -> Tensor:
    """Let every clip find the other clips of its class in the batch.

    Args:
        vectors: Unit vectors, float (batch, dim).
        labels: Class of each, int (batch,); at least one class twice.
        temperature: Softmax temperature, above zero.

    Returns:
        Mean loss in nats, shape (). Other clips of the class are never negatives.

    Raises:
        InvalidInputError: NO_PAIRS, no class is in the batch twice.

    Source:
        Khosla et al. 2020, eq. 2, https://arxiv.org/abs/2004.11362; denominators decoupled from the positives as in
        Yeh et al. 2021, https://arxiv.org/abs/2110.06848.
    """
    similarity = vectors @ vectors.T / temperature
    same = labels[:, None] == labels[None]
    positive = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    if not positive.any():
        raise InvalidInputError("NO_PAIRS", "put at least two clips of one class into the batch")
    negatives = torch.logsumexp(similarity.masked_fill(same, float("-inf")), dim=1, keepdim=True)
    return (negatives - similarity)[positive].mean()


class AngularMargin(nn.Module):
    """Classify by angle, with a margin that the right class has to win by.

    Args:
        dim: Numbers in a vector.
        classes: Training singers.
        scale: Of the cosines, before the softmax.

    Source:
        Deng et al. 2019, ArcFace, eq. 3, https://arxiv.org/abs/1801.07698.
    """

    def __init__(self, dim: int, classes: int, scale: float = 30.0) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.randn(classes, dim) * 0.1)
        self.scale = scale

    def forward(self, vectors: Tensor, labels: Tensor, margin: float) -> Tensor:
        """Return the mean cross entropy, shape ().

        Args:
            vectors: Unit vectors (batch, dim).
            labels: int (batch,).
            margin: In radians, 0 to 0.5.
        """
        cosine = vectors @ nn.functional.normalize(self.centres, dim=-1).T
        right = cosine.gather(1, labels[:, None]).clamp(-1 + 1e-6, 1 - 1e-6)
        shifted = torch.cos(torch.arccos(right) + margin)
        return nn.functional.cross_entropy(self.scale * cosine.scatter(1, labels[:, None], shifted), labels)
