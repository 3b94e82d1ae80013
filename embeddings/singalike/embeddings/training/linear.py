"""Fitting linear parts: discriminant analysis and Gaussian mixtures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh
from sklearn.mixture import GaussianMixture

from singalike.embeddings.gmm import Mixture
from singalike.embeddings.projection import Projection


def scatter(values: NDArray[np.floating], labels: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Split the covariance into the part within classes and the part between them.

    Args:
        values: (items, dims).
        labels: int (items,), classes 0 to n - 1, each present.

    Returns:
        Within-class and between-class covariance, each (dims, dims), float64; they sum to the total covariance.
    """
    exact = np.asarray(values, dtype=np.float64)
    counts = np.bincount(labels)
    sums = np.zeros((len(counts), exact.shape[1]))
    np.add.at(sums, labels, exact)
    means = sums / counts[:, None]
    inner = exact - means[labels]
    outer = (means - exact.mean(axis=0)) * np.sqrt(counts / len(exact))[:, None]
    return inner.T @ inner / len(exact), outer.T @ outer


def fit_lda(values: NDArray[np.floating], labels: NDArray[np.int64], dims: int, to_diagonal: float = 0.4) -> Projection:
    """Find the directions in which classes lie farthest apart for their width.

    Args:
        values: (items, dims of the input).
        labels: int (items,), classes 0 to n - 1.
        dims: Directions to keep.
        to_diagonal: Share in [0, 1] by which the within-class covariance is shrunk to its diagonal: there are fewer
            items than it has numbers.

    Returns:
        The projection, scaled so that the (shrunk) within-class covariance becomes the identity.

    Source:
        Fisher 1936; Rao 1948 for many classes; Friedman 1989 for the shrinkage.
    """
    scale = values.std(axis=0, dtype=np.float64) + 1e-8
    mean = values.mean(axis=0, dtype=np.float64)
    within, between = scatter((values - mean) / scale, labels)
    return discriminant(mean, scale, within, between, dims, to_diagonal)


def discriminant(
    mean: NDArray[np.float64],
    scale: NDArray[np.float64],
    within: NDArray[np.float64],
    between: NDArray[np.float64],
    dims: int,
    to_diagonal: float,
) -> Projection:
    """Find the directions of `fit_lda` from the covariances of values less `mean` and divided by `scale`."""
    shrunk = (1.0 - to_diagonal) * within + np.diag(to_diagonal * np.diag(within) + 1e-6)
    _, directions = eigh(between, shrunk)
    matrix = _signed(directions[:, ::-1][:, :dims] / scale[:, None])
    return Projection(mean.astype(np.float32), matrix.astype(np.float32))


def fit_within(values: NDArray[np.floating], labels: NDArray[np.int64], dims: int) -> Projection:
    """Find the directions in which items of one class vary most: principal components within classes.

    Args:
        values: (items, dims of the input).
        labels: int (items,), classes 0 to n - 1.
        dims: Directions to keep; no more than the input has.

    Returns:
        The projection on unit directions, the widest first.

    Source:
        Pearson 1901 for the components.
    """
    _, directions = eigh(scatter(values, labels)[0])
    matrix = _signed(directions[:, ::-1][:, :dims])
    return Projection(values.mean(axis=0, dtype=np.float64).astype(np.float32), matrix.astype(np.float32))


def weigh_by_reliability(
    projection: Projection, values: NDArray[np.floating], labels: NDArray[np.int64], least: float = 0.0
) -> Projection:
    """Scale each direction by the square root of its reliability: the share of its variance that is the class.

    A cosine after `fit_lda` would trust the last direction, mostly noise, as much as the first.

    Args:
        projection: Fitted by `fit_lda`.
        values: (items, dims of the input), what it was fitted on.
        labels: int (items,), classes 0 to n - 1.
        least: Reliability that no direction falls below.

    Source:
        Intraclass correlation: Shrout and Fleiss 1979, ICC(1, 1).
    """
    signal, noise = variances(projection(values), labels)
    reliability = np.maximum(signal / (signal + noise), least)
    return Projection(projection.mean, (projection.matrix * np.sqrt(reliability)).astype(np.float32))


def variances(
    values: NDArray[np.floating], labels: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Split the variance of each number into that of the classes and that of items of one class, (dims,) each."""
    within, between = scatter(values, labels)
    noise = within.diagonal() / (1.0 - len(np.unique(labels)) / len(labels))
    # The mean of a class carries its share of the noise, which is not the class.
    return np.maximum(between.diagonal() - noise * len(np.unique(labels)) / len(labels), 0.0), noise


def _signed(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Make the largest number of every column positive.

    The sign of an eigenvector is an accident of the solver; fixing it makes fits comparable.
    """
    return np.asarray(matrix * np.sign(matrix[np.abs(matrix).argmax(axis=0), np.arange(matrix.shape[1])]))


def fit_mixture(frames: NDArray[np.floating], components: int, relevance: float, seed: int) -> Mixture:
    """Fit a Gaussian mixture with diagonal covariances by expectation maximisation.

    Args:
        frames: (frames, dims).
        components: Gaussians.
        relevance: Kept for the supervectors, see `Mixture`.
        seed: Of the k-means start.
    """
    model = GaussianMixture(
        components, covariance_type="diag", reg_covar=1e-3, max_iter=100, tol=1e-3, random_state=seed
    ).fit(frames)
    return Mixture(
        model.weights_.astype(np.float32),
        model.means_.astype(np.float32),
        np.sqrt(model.covariances_).astype(np.float32),
        relevance,
    )


def class_numbers(names: Sequence[str]) -> NDArray[np.int64]:
    """Number names 0 to n - 1 in the order of the alphabet, int64 (items,)."""
    return np.unique(np.array(names), return_inverse=True)[1].astype(np.int64)
