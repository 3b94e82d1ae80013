"""Losses over clips whose singers are known: clips of one singer together, other singers away.

Losses over recordings without names stand in `objectives`.
"""

import math

import torch
from torch import Tensor, nn

from singalike.embeddings.training.objectives.contrast import decoupled_chance, decoupled_nt_xent
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
        InvalidInputError: NO_PAIRS, no class is in the batch twice; NO_NEGATIVES, there is only one class.

    Source:
        Khosla et al. 2020, eq. 2, https://arxiv.org/abs/2004.11362; denominators decoupled from the positives as in
        Yeh et al. 2021, https://arxiv.org/abs/2110.06848.
    """
    return decoupled_nt_xent(vectors, labels, temperature)


def supervised_chance(labels: Tensor) -> float:
    """Return the loss of `supervised_contrastive` for equal vectors, in nats: see `decoupled_chance`."""
    return decoupled_chance(labels)


class AngularMargin(nn.Module):
    """Classify by angle, with a margin that the right class has to win by.

    Args:
        dim: Numbers in a vector.
        classes: Training singers.
        scale: Of the cosines, before the softmax.
        sub_centres: Centres of each class, of which the nearest counts: a singer who also whispers needs two.

    Raises:
        InvalidInputError: CLASSES_MISSING, there is no class or no centre.

    Source:
        Deng et al. 2019, ArcFace, eq. 3, https://arxiv.org/abs/1801.07698; sub-centres: Deng et al. 2020, Sub-center
        ArcFace, sec. 3.2, https://doi.org/10.1007/978-3-030-58621-8_43.
    """

    def __init__(self, dim: int, classes: int, scale: float = 30.0, sub_centres: int = 1) -> None:
        super().__init__()
        if classes < 1 or sub_centres < 1:
            raise InvalidInputError("CLASSES_MISSING", "an angular margin needs a class and a centre for each")
        self.centres = nn.Parameter(torch.randn(classes * sub_centres, dim) * 0.1)
        self.sub_centres = sub_centres
        self.scale = scale

    @property
    def chance(self) -> float:
        """Loss of vectors at one angle to all centres without a margin, in nats: the logarithm of the classes."""
        return math.log(len(self.centres) // self.sub_centres)

    def forward(self, vectors: Tensor, labels: Tensor, margin: float) -> Tensor:
        """Return the mean cross entropy in nats, shape ().

        Args:
            vectors: Unit vectors (batch, dim).
            labels: int (batch,).
            margin: In radians, 0 to 0.5.
        """
        every = vectors @ nn.functional.normalize(self.centres, dim=-1).T
        cosine = every.view(len(vectors), -1, self.sub_centres).amax(dim=-1)
        right = cosine.gather(1, labels[:, None]).clamp(-1 + 1e-6, 1 - 1e-6)
        shifted = torch.cos(torch.arccos(right) + margin)
        return nn.functional.cross_entropy(self.scale * cosine.scatter(1, labels[:, None], shifted), labels)
