"""Hit rate, mean average precision and their intervals."""

import numpy as np
import pytest

from singalike.recsys.evaluation import average_precisions, bootstrap, hits_at, ranks_of_relevant

SCORES = np.array([[0.9, 0.5, 0.1], [0.2, 0.8, 0.4], [0.3, 0.3, 0.3]])
OWN = np.eye(3, dtype=bool)


def test_ranks_count_from_one_and_ties_go_against_the_query() -> None:
    ranks = ranks_of_relevant(SCORES, OWN)

    assert ranks.tolist() == [1, 1, 3]
    assert hits_at(ranks, 1).mean() == pytest.approx(2 / 3)


def test_average_precision_of_a_textbook_case() -> None:
    scores = np.array([[0.9, 0.8, 0.7, 0.6]])

    found = average_precisions(scores, np.array([[True, False, True, False]]))

    assert found[0] == pytest.approx((1.0 + 2.0 / 3.0) / 2.0)


def test_a_constant_score_earns_the_worst_precision() -> None:
    found = average_precisions(np.zeros((1, 4)), np.array([[True, False, False, False]]))

    assert found[0] == pytest.approx(0.25)


def test_an_interval_holds_its_mean_and_repeats_under_a_seed() -> None:
    values = np.array([1.0] * 30 + [0.0] * 10)

    first, second = (bootstrap(values, np.random.default_rng(5)) for _ in range(2))

    assert first == second
    assert first.low < first.mean == 0.75 < first.high


@pytest.mark.parametrize(
    ("scores", "relevant"),
    [
        (np.zeros((1, 2)), np.zeros((1, 2), dtype=bool)),
        (np.full((1, 2), np.nan), np.ones((1, 2), dtype=bool)),
        (np.zeros((1, 2)), np.ones((2, 2), dtype=bool)),
    ],
)
def test_meaningless_input_is_refused(scores: np.ndarray, relevant: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"NaN|relevant"):
        ranks_of_relevant(scores, relevant)
