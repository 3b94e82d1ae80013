"""The logarithm of a covariance: what it tells, what does not move it, and the same by products alone."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.linalg import expm

from singalike.embeddings.export.matrix_logarithm import CovarianceLogarithm
from singalike.embeddings.log_covariance import FLOOR, SHRUNK, LogCovariance, usual_deviations


def frames(count: int, dims: int = 12, seed: int = 0) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(count, dims)) @ rng.normal(size=(dims, dims))
    return (mixed * np.geomspace(5.0, 0.05, dims)).astype(np.float32)


def whole(described: NDArray[np.float32], dims: int) -> NDArray[np.float64]:
    matrix = np.zeros((dims, dims))
    matrix[np.triu_indices(dims)] = described
    return (matrix + matrix.T) / np.where(np.eye(dims, dtype=bool), 2.0, np.sqrt(2.0))


def test_it_is_the_matrix_logarithm_of_the_shrunk_covariance() -> None:
    heard, deviations = frames(200), np.linspace(0.5, 2.0, 12).astype(np.float32)

    described = LogCovariance(deviations)(heard)

    covariance = np.cov((heard / deviations).T, bias=True)
    shrunk = (1 - SHRUNK) * covariance + (SHRUNK * np.trace(covariance) / 12 + FLOOR) * np.eye(12)
    np.testing.assert_allclose(expm(whole(described, 12)), shrunk, rtol=1e-4, atol=1e-4)


def test_a_channel_that_adds_the_same_to_every_frame_moves_nothing() -> None:
    heard, covariance = frames(100), LogCovariance(np.ones(12, np.float32))

    channel = np.linspace(-3.0, 3.0, 12).astype(np.float32)

    np.testing.assert_allclose(covariance(heard + channel), covariance(heard), atol=1e-3)


def test_frames_in_another_order_are_described_the_same() -> None:
    heard, covariance = frames(100), LogCovariance(np.ones(12, np.float32))

    np.testing.assert_allclose(covariance(heard[::-1]), covariance(heard), atol=1e-4)


def test_the_length_of_a_difference_is_that_of_the_matrices() -> None:
    covariance = LogCovariance(np.ones(12, np.float32))
    one, other = covariance(frames(100)), covariance(frames(100, seed=1))

    matrices = whole(one, 12) - whole(other, 12)

    assert np.linalg.norm(one - other) == pytest.approx(np.linalg.norm(matrices), rel=1e-5)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_frames_have_a_finite_description(count: int) -> None:
    described = LogCovariance(np.ones(12, np.float32))(frames(count))

    assert described.shape == (78,)
    assert np.isfinite(described).all()


@pytest.mark.parametrize("count", [1, 2, 12, 60, 400])
def test_products_alone_give_the_same_logarithm(count: int) -> None:
    heard = np.concatenate([frames(count, 30), np.full((7, 30), 1e3, np.float32)])
    covariance = LogCovariance(np.linspace(0.3, 3.0, 30).astype(np.float32))
    inside = torch.arange(count + 7) < count

    by_products = CovarianceLogarithm(covariance)(torch.from_numpy(heard), inside).numpy()

    np.testing.assert_allclose(by_products, covariance(heard[:count]), atol=2e-5)


def test_usual_deviations_are_those_within_recordings() -> None:
    near = np.array([[0.0, 1.0], [2.0, 1.0]], np.float32)

    np.testing.assert_allclose(usual_deviations([near, near + 100]), [1.0, 0.0], atol=1e-5)
