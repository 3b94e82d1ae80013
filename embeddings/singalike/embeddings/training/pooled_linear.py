"""Discriminant analysis of several sets of classes, each counting by its share and not by its number of clips."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.projection import Projection
from singalike.embeddings.training.linear import discriminant, scatter, variances


@dataclass(frozen=True, eq=False)
class ClassSet:
    """Items of classes that are told apart among themselves.

    Attributes:
        values: (items, dims).
        labels: int (items,), classes 0 to n - 1.
        share: Weight of its covariances; those of all sets sum to one.
    """

    values: NDArray[np.floating]
    labels: NDArray[np.int64]
    share: float


def fit_pooled(sets: Sequence[ClassSet], dims: int, to_diagonal: float) -> Projection:
    """Fit directions as `fit_lda` does and weigh them as `weigh_by_reliability` does, of all sets together.

    Mean and scale are those of the first set; every set is centred on its own mean, so what tells two sets apart (a
    vocoder's traces) is no difference between people.

    Args:
        sets: At least one.
        dims: Directions to keep.
        to_diagonal: Share in [0, 1] by which the within-class covariance is shrunk to its diagonal.
    """
    mean = sets[0].values.mean(axis=0, dtype=np.float64)
    scale = sets[0].values.std(axis=0, dtype=np.float64) + 1e-8
    parts = [scatter((each.values - mean) / scale, each.labels) for each in sets]
    within = sum(each.share * part[0] for each, part in zip(sets, parts, strict=True))
    between = sum(each.share * part[1] for each, part in zip(sets, parts, strict=True))
    plain = discriminant(mean, scale, np.asarray(within), np.asarray(between), dims, to_diagonal)
    return Projection(plain.mean, (plain.matrix * np.sqrt(_reliability(plain, sets))).astype(np.float32))


def _reliability(projection: Projection, sets: Sequence[ClassSet]) -> NDArray[np.float64]:
    """Share of each direction's variance that is the class, float64 (dims,); ICC(1, 1) of the pooled variances."""
    signal, noise = np.zeros(projection.dim), np.zeros(projection.dim)
    for each in sets:
        own_signal, own_noise = variances(projection(each.values), each.labels)
        signal += each.share * own_signal
        noise += each.share * own_noise
    return np.asarray(signal / (signal + noise))
