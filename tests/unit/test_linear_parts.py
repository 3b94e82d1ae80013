"""The maths of the linear parts, on toy data whose answer is known."""

import numpy as np
import pytest

from singalike.embeddings.gmm import Mixture
from singalike.embeddings.projection import PERCENTILES, Projection, frame_statistics, standardised, unit
from singalike.embeddings.training.linear import (
    class_numbers,
    fit_lda,
    fit_mixture,
    fit_within,
    scatter,
    weigh_by_reliability,
)
from singalike.embeddings.training.style import joined, without_kind
from singalike.embeddings.training.verification import equal_error_rate, identity_figures


def mixture_of_two() -> Mixture:
    return Mixture(
        np.array([0.25, 0.75], np.float32),
        np.array([[0.0, 0.0], [4.0, -2.0]], np.float32),
        np.array([[1.0, 2.0], [0.5, 1.0]], np.float32),
        relevance=8.0,
    )


def test_posteriors_are_bayes_rule() -> None:
    mixture = mixture_of_two()
    frames = np.random.default_rng(0).normal(1.0, 2.0, (50, 2)).astype(np.float32)

    posteriors = mixture.posteriors(frames)

    standard = (frames[:, None] - mixture.means) / mixture.deviations
    density = mixture.weights * np.exp(-0.5 * (standard**2).sum(-1)) / mixture.deviations.prod(1)
    np.testing.assert_allclose(posteriors, density / density.sum(1, keepdims=True), atol=1e-5)


def test_a_supervector_is_zero_where_the_data_are_where_the_mixture_expects_them() -> None:
    mixture = mixture_of_two()
    frames = np.repeat(mixture.means, 1000, axis=0)

    assert np.abs(mixture.supervector(frames)).max() < 0.02


def test_a_supervector_tells_how_far_each_mean_moved() -> None:
    mixture = mixture_of_two()
    frames = np.repeat(mixture.means[1:] + np.float32([0.1, 0.3]), 992, axis=0)

    moved = mixture.supervector(frames).reshape(2, 2)

    expected = np.sqrt(0.75) * np.array([0.1, 0.3]) / mixture.deviations[1] * 992 / 1000
    np.testing.assert_allclose(moved[1], expected, rtol=0.01)
    assert np.abs(moved[0]).max() < 0.1 * moved[1].min()


def test_the_fitted_mixture_finds_the_clusters_and_is_the_same_every_time() -> None:
    rng = np.random.default_rng(1)
    frames = np.concatenate([rng.normal(-5.0, 1.0, (300, 2)), rng.normal(5.0, 0.5, (100, 2))])

    first, again = (fit_mixture(frames, 2, 8.0, seed=0) for _ in range(2))

    np.testing.assert_array_equal(first.means, again.means)
    low = int(first.means[:, 0].argmin())
    np.testing.assert_allclose(first.means[low], [-5.0, -5.0], atol=0.2)
    assert first.weights[low] == pytest.approx(0.75, abs=0.01)


def test_covariances_within_and_between_classes_sum_to_the_whole() -> None:
    rng = np.random.default_rng(2)
    values, labels = rng.normal(size=(60, 4)), np.repeat(np.arange(6), 10)

    within, between = scatter(values, labels)

    np.testing.assert_allclose(within + between, np.cov(values.T, bias=True), atol=1e-9)


def test_lda_keeps_the_direction_of_the_classes_and_drops_the_loud_noise() -> None:
    rng = np.random.default_rng(3)
    labels = np.repeat(np.arange(20), 10)
    values = rng.normal(size=(200, 5)) * [50.0, 1.0, 1.0, 1.0, 1.0]
    values[:, 1] += 10.0 * rng.normal(size=20)[labels]

    projection = fit_lda(values, labels, dims=1, to_diagonal=0.0)

    strength = np.abs(projection.matrix[:, 0]) * values.std(axis=0)
    assert strength.argmax() == 1
    assert strength[1] > 10 * strength[0]


def test_lda_makes_the_spread_within_classes_one() -> None:
    rng = np.random.default_rng(4)
    labels = np.repeat(np.arange(30), 20)
    values = (rng.normal(size=(600, 3)) + 5.0 * rng.normal(size=(30, 3))[labels]) @ rng.normal(size=(3, 3))

    projected = fit_lda(values, labels, dims=3, to_diagonal=0.0)(values)

    np.testing.assert_allclose(scatter(projected, labels)[0], np.eye(3), atol=0.01)


def test_a_direction_counts_as_far_as_it_tells_the_class() -> None:
    rng = np.random.default_rng(6)
    labels = np.repeat(np.arange(200), 10)
    values = rng.normal(size=(2000, 2)) + np.array([1.0, 0.0]) * rng.normal(size=200)[labels, None]

    plain = Projection(np.zeros(2, np.float32), np.eye(2, dtype=np.float32))
    weighed = weigh_by_reliability(plain, values, labels)

    np.testing.assert_allclose(np.diag(weighed.matrix) ** 2, [0.5, 0.0], atol=0.05)
    kept = weigh_by_reliability(plain, values, labels, least=0.2)
    np.testing.assert_allclose(np.diag(kept.matrix) ** 2, [0.5, 0.2], atol=0.05)


def test_what_varies_most_within_a_class_comes_first_however_far_classes_lie_apart() -> None:
    rng = np.random.default_rng(8)
    labels = np.repeat(np.arange(50), 20)
    values = rng.normal(size=(1000, 3)) * [0.1, 2.0, 1.0]
    values[:, 0] += 9.0 * rng.normal(size=50)[labels]

    projection = fit_within(values, labels, dims=2)

    np.testing.assert_allclose(projection.matrix, [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], atol=0.1)
    np.testing.assert_allclose(projection(values).mean(axis=0), 0.0, atol=1e-4)


def test_joined_projections_share_the_square_of_the_length_as_asked() -> None:
    values = np.random.default_rng(9).normal(5.0, 1.0, (200, 4)).astype(np.float32)
    mean, axes = values.mean(axis=0), np.eye(4, dtype=np.float32)
    first, second = Projection(mean, axes[:, :1] * 3.0), Projection(mean, axes[:, 1:])

    both = joined(first, second, 0.3, values)(values)

    power = np.square(both).sum(axis=0)
    np.testing.assert_allclose(both[:, :1], first(values), atol=1e-5)
    assert power[1:].sum() / power.sum() == pytest.approx(0.3, abs=1e-4)


def test_what_parts_song_from_speech_is_projected_out_and_nothing_else() -> None:
    spoken = np.arange(100) % 2 == 0
    values = np.random.default_rng(5).normal(size=(100, 3)).astype(np.float32)
    values[:, 0] = 5.0 * spoken
    plain = Projection(np.zeros(3, np.float32), np.eye(3, dtype=np.float32))

    kept = without_kind(plain, values, spoken)

    means = [kept(values)[kind].mean(axis=0) for kind in (spoken, ~spoken)]
    np.testing.assert_allclose(means[0], means[1], atol=1e-5)
    assert np.linalg.matrix_rank(kept.matrix, tol=1e-4) == 2


def test_frame_statistics_come_in_blocks_of_one_number_a_coefficient() -> None:
    frames = np.random.default_rng(6).normal(3.0, 2.0, (5000, 4)).astype(np.float32)

    mean, deviation, change, p10, p50, p90, skewness = frame_statistics(frames).reshape(4 + len(PERCENTILES), 4)

    np.testing.assert_allclose(mean, 3.0, atol=0.15)
    np.testing.assert_allclose(deviation, 2.0, atol=0.1)
    np.testing.assert_allclose(change, 2.0 * np.sqrt(2.0), atol=0.15)
    np.testing.assert_allclose(p90 - p50, 2.0 * 1.2816, atol=0.2)
    np.testing.assert_allclose(p50 - p10, 2.0 * 1.2816, atol=0.2)
    np.testing.assert_allclose(skewness, 0.0, atol=0.15)


def test_one_frame_has_statistics_too() -> None:
    assert np.isfinite(frame_statistics(np.ones((1, 3), np.float32))).all()


def test_an_unknown_feature_is_an_average_one_and_a_wild_one_is_held() -> None:
    features = np.array([np.nan, 1e9, 3.0], np.float32)

    values = standardised(features, np.ones(3, np.float32), np.full(3, 2.0, np.float32))

    np.testing.assert_allclose(values, [0.0, 4.0, 1.0])


def test_a_zero_vector_stays_zero() -> None:
    np.testing.assert_array_equal(unit(np.zeros(3)), np.zeros(3))


def test_perfect_scores_have_no_error_and_equal_ones_have_half() -> None:
    assert equal_error_rate(np.array([0.9, 0.8]), np.array([0.1, 0.2])) == 0.0
    assert equal_error_rate(np.linspace(0, 1, 101), np.linspace(0, 1, 101)) == pytest.approx(0.5, abs=0.02)


def test_the_same_song_is_neither_hit_nor_miss() -> None:
    vectors = unit(np.array([[1.0, 0.0], [1.0, 0.01], [0.0, 1.0], [0.9, 0.2], [0.1, 1.0]]))
    singers, songs = ["a", "a", "b", "a", "b"], ["1", "1", "2", "3", "4"]

    figures = identity_figures(vectors, singers, songs)

    assert figures.first_hit == 1.0
    assert figures.mean_average_precision == 1.0
    assert figures.equal_error_rate == 0.0


def test_classes_are_numbered_by_the_alphabet() -> None:
    np.testing.assert_array_equal(class_numbers(["b", "a", "b", "c"]), [1, 0, 1, 2])
