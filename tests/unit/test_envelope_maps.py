"""Maps between the envelopes of two voices, as mathematics."""

import numpy as np

from singalike.conversion.world_retrieval.analysis import Frames
from singalike.conversion.world_retrieval.retrieval import retrieve
from singalike.conversion.world_retrieval.transport import measure_normal, transport_matrix, transported


def rows(seed: int, count: int = 4000) -> Frames:
    """Draw envelopes of one invented voice, two thirds of them voiced."""
    rng = np.random.default_rng(seed)
    mixing = np.diag(1.0 / np.arange(1, 60)) + 0.02 * rng.standard_normal((59, 59))
    cepstra = np.column_stack([np.zeros(count), rng.standard_normal((count, 59)) @ mixing + rng.standard_normal(59)])
    voiced = rng.random(count) < 2 / 3
    return Frames(
        np.where(voiced, 200.0, 0.0).astype(np.float32), cepstra.astype(np.float32), np.zeros(count, np.float32)
    )


def test_transport_gives_the_source_the_mean_and_covariance_of_the_target() -> None:
    source, target = rows(1), measure_normal(rows(2))

    moved = transported(source, measure_normal(source), target)

    voiced = moved[source.voiced]
    np.testing.assert_allclose(voiced.mean(axis=0), target.mean[1], atol=1e-3)
    ratio = voiced.var(axis=0) / np.diag(target.covariance[1])
    # Covariances are drawn to their diagonals before they are matched, so they meet only nearly.
    assert 0.5 < ratio.min() < ratio.max() < 1.5


def test_a_voice_is_transported_to_itself_unchanged() -> None:
    source = rows(1)

    moved = transported(source, measure_normal(source), measure_normal(source))

    np.testing.assert_allclose(moved, source.cepstra[:, 1:], atol=1e-3)


def test_the_transport_matrix_is_symmetric_and_meets_the_target_exactly() -> None:
    rng = np.random.default_rng(0)
    first, second = (part @ part.T + np.eye(5) for part in rng.standard_normal((2, 5, 5)))

    matrix = transport_matrix(first, second)

    np.testing.assert_allclose(matrix, matrix.T, atol=1e-9)
    np.testing.assert_allclose(matrix @ first @ matrix, second, atol=1e-9)
    assert np.linalg.eigvalsh(matrix).min() > 0


def test_retrieval_of_a_moment_that_is_there_finds_it() -> None:
    rng = np.random.default_rng(0)
    keys, values = rng.standard_normal((500, 10)).astype(np.float32), rng.standard_normal((500, 3)).astype(np.float32)
    unvoiced = np.full(500, np.nan, np.float32)

    found = retrieve(keys[:20], unvoiced[:20], keys, unvoiced, values)

    np.testing.assert_allclose(found, values[:20], atol=0.01)


def test_of_two_equal_moments_the_one_at_the_pitch_that_is_sung_is_taken() -> None:
    keys = np.repeat(np.random.default_rng(0).standard_normal((20, 10)), 2, axis=0).astype(np.float32)
    log2_f0 = np.tile(np.array([7.0, 8.0], np.float32), 20)
    values = log2_f0[:, None]

    found = retrieve(keys[:1] + np.float32(0.01), np.array([8.0], np.float32), keys, log2_f0, values)

    assert found[0, 0] > 7.8
