"""A few members that stand for a set of vectors, and robust means."""

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import Vectors

TRIMMED_SHARE = 0.2
"""Share of the least typical vectors that a trimmed mean leaves out."""

ORDERING_DIMS = 4
"""Numbers of a vector that put a set into an order of its own."""

TRIM_FROM = 5
"""Fewer vectors than this are all kept."""


def unit_rows(vectors: NDArray[np.floating]) -> Vectors:
    """Scale rows to length one; zero rows stay zero.

    Args:
        vectors: Shape (rows, dim).

    Returns:
        float32, same shape.
    """
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)


def trimmed_centroid(vectors: Vectors, weights: NDArray[np.float64]) -> Vectors:
    """Average unit vectors without the least typical ones, and scale to length one.

    Args:
        vectors: Unit rows, float32 (rows, dim), at least one row.
        weights: Trust in each row, float64 (rows,), above zero.

    Returns:
        float32 (dim,), unit unless the rows cancel out.
    """
    first = weights @ vectors
    if len(vectors) < TRIM_FROM:
        return _unit(first)
    kept = np.argsort(-(vectors @ first), kind="stable")[: len(vectors) - int(TRIMMED_SHARE * len(vectors))]
    return _unit(weights[kept] @ vectors[kept])


def choose_medoids(vectors: Vectors, count: int) -> NDArray[np.intp]:
    """Choose members that together lie closest to all members.

    Greedy: each step adds the member that raises the sum over all members of the similarity to the nearest chosen one
    most (facility location; Nemhauser, Wolsey and Fisher 1978: at least 63 % of the optimum). No randomness, and the
    order of the rows does not matter: equal gains, common between mutual neighbours, are parted by the vectors.

    Args:
        vectors: Unit rows, float32 (rows, dim).
        count: How many at most, above zero.

    Returns:
        Chosen rows, most typical first.
    """
    if len(vectors) <= count:
        return np.arange(len(vectors))
    canonical = np.lexsort(vectors.T[:ORDERING_DIMS][::-1])
    similarity = vectors[canonical] @ vectors[canonical].T
    nearest = np.full(len(vectors), -1.0)
    chosen: list[int] = []
    for _ in range(count):
        gains = np.maximum(similarity - nearest, 0.0).sum(axis=1)
        gains[chosen] = -1.0
        chosen.append(int(gains.argmax()))
        nearest = np.maximum(nearest, similarity[chosen[-1]])
    return canonical[chosen]


def _unit(vector: NDArray[np.floating]) -> Vectors:
    return np.asarray(unit_rows(vector[None])[0])
