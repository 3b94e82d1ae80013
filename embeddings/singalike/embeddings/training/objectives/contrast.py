"""Contrastive losses of labelled views.

Views with one label are positives of each other. A label that stands only once is a bystander: a negative of all
others, and no anchor itself. So one batch holds the two crops of a recording, further positives, and negatives made on
purpose. With s the cosines over the temperature, i an anchor, p one of its positives, N(i) its negatives:

    NT-Xent:           log(exp s(i, p) + sum_n exp s(i, n)) - s(i, p)
    decoupled NT-Xent: log(sum_n exp s(i, n)) - s(i, p)

both averaged over all pairs (i, p). Other positives are never negatives.
"""

import math

import torch
from torch import Tensor

from singalike.errors import InvalidInputError


def nt_xent(vectors: Tensor, labels: Tensor, temperature: float = 0.1) -> Tensor:
    """Let every view find each other view of its label among all views of other labels.

    Args:
        vectors: Unit vectors, float (batch, dim).
        labels: Recording of each, int (batch,); at least one of them twice.
        temperature: Softmax temperature, above zero.

    Returns:
        Mean loss in nats, shape (), above zero.

    Raises:
        InvalidInputError: NO_PAIRS, no label is in the batch twice; NO_NEGATIVES, there is only one label.

    Source:
        Chen et al. 2020, SimCLR, eq. 1, https://arxiv.org/abs/2002.05709.
    """
    similarity = vectors @ vectors.T / temperature
    return contrast(similarity, *pair_masks(labels), decoupled=False)


def decoupled_nt_xent(vectors: Tensor, labels: Tensor, temperature: float = 0.1) -> Tensor:
    """Do as `nt_xent`, the positive left out of the denominator: small batches keep a gradient.

    Args:
        vectors: Unit vectors, float (batch, dim).
        labels: Recording of each, int (batch,); at least one of them twice.
        temperature: Softmax temperature, above zero.

    Returns:
        Mean loss in nats, shape (); below zero when positives are far nearer than negatives.

    Raises:
        InvalidInputError: NO_PAIRS, no label is in the batch twice; NO_NEGATIVES, there is only one label.

    Source:
        Yeh et al. 2021, Decoupled Contrastive Learning, eq. 6, https://arxiv.org/abs/2110.06848.
    """
    similarity = vectors @ vectors.T / temperature
    return contrast(similarity, *pair_masks(labels), decoupled=True)


def nt_xent_chance(labels: Tensor) -> float:
    """Return what `nt_xent` is for vectors without information, in nats.

    Equal vectors give exactly this. Random unit vectors give about 1 / (2 dim temperature^2) more, because the largest
    of many random similarities rules the sum.

    Args:
        labels: Recording of each view, int (batch,).
    """
    return chance(*pair_masks(labels), decoupled=False)


def decoupled_chance(labels: Tensor) -> float:
    """Return what `decoupled_nt_xent` is for vectors without information, in nats; as in `nt_xent_chance`."""
    return chance(*pair_masks(labels), decoupled=True)


def pair_masks(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Tell positives and negatives of every view, both bool (batch, batch): [i, j] says what j is to i."""
    same = labels[:, None] == labels[None]
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    return same & ~itself, ~same


def contrast(similarity: Tensor, positive: Tensor, negative: Tensor, *, decoupled: bool) -> Tensor:
    """Compute the mean loss over all positive pairs, in nats, shape ().

    Args:
        similarity: Cosines over the temperature, float (anchors, candidates).
        positive: bool (anchors, candidates).
        negative: bool (anchors, candidates), apart from `positive`.
        decoupled: Whether the positive stays out of the denominator.

    Raises:
        InvalidInputError: NO_PAIRS, NO_NEGATIVES.
    """
    _check(positive, negative)
    # Only rows with positives count: a row without negatives would bring infinities into the gradient.
    anchors = positive.any(dim=1)
    similarity, positive, negative = similarity[anchors], positive[anchors], negative[anchors]
    others = torch.logsumexp(similarity.masked_fill(~negative, float("-inf")), dim=1, keepdim=True)
    denominator = others if decoupled else torch.logaddexp(others, similarity)
    return (denominator - similarity)[positive].mean()


def chance(positive: Tensor, negative: Tensor, *, decoupled: bool) -> float:
    """Return what `contrast` is when all similarities are equal, in nats: the mean logarithm of the candidates."""
    _check(positive, negative)
    pairs = positive.sum(dim=1)
    candidates = negative.sum(dim=1) + (0 if decoupled else 1)
    logs = (count * math.log(many) for count, many in zip(pairs.tolist(), candidates.tolist(), strict=True) if count)
    return math.fsum(logs) / int(pairs.sum())


def _check(positive: Tensor, negative: Tensor) -> None:
    anchors = positive.any(dim=1)
    if not anchors.any():
        raise InvalidInputError("NO_PAIRS", "put at least two clips of one class into the batch")
    if not negative[anchors].any(dim=1).all():
        raise InvalidInputError("NO_NEGATIVES", "put clips of at least two classes into the batch")
