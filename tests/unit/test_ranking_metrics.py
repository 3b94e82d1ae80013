"""Metrics of rankings against values worked out by hand, and their intervals."""

import numpy as np
import pytest

from singalike.recsys.ranking_metrics import (
    NOBODY,
    Ranking,
    average_precisions,
    bootstrap,
    coverage_at,
    diversities_at,
    first_ranks,
    hits_at,
    ndcgs_at,
    novelties_at,
    rank,
    recalls_at,
    reciprocal_ranks,
)

SCORES = np.array([[0.9, 0.5, 0.1], [0.2, 0.8, 0.4], [0.3, 0.3, 0.3]])
OWN = np.eye(3, dtype=bool)
EXACT = 1e-12


def listed(*relevant: int, length: int = 5) -> Ranking:
    """One query whose relevant candidates stand at these ranks."""
    marks = np.isin(np.arange(1, length + 1), relevant)[None]
    return Ranking(np.arange(length)[None], marks)


def test_ranks_count_from_one_and_ties_go_against_the_query() -> None:
    ranks = first_ranks(rank(SCORES, OWN))

    assert ranks.tolist() == [1, 1, 3]
    assert hits_at(ranks, 1).mean() == pytest.approx(2 / 3)


def test_a_candidate_that_does_not_take_part_is_not_listed() -> None:
    scores = np.array([[0.2, -np.inf, 0.9, 0.1]])

    ranking = rank(scores, np.array([[True, True, False, False]]))

    assert ranking.order.tolist() == [[2, 0, 3, NOBODY]]
    assert ranking.relevant.tolist() == [[False, True, False, False]]
    assert recalls_at(ranking, 2).tolist() == [1.0]


def test_recall_is_the_share_of_what_is_relevant() -> None:
    ranking = listed(1, 3, 5)

    assert [recalls_at(ranking, k)[0] for k in (1, 2, 3, 5)] == pytest.approx([1 / 3, 1 / 3, 2 / 3, 1.0], abs=EXACT)


def test_reciprocal_rank_counts_the_first_relevant_one() -> None:
    assert reciprocal_ranks(listed(3, 4)).tolist() == [1 / 3]


def test_average_precision_of_a_textbook_case() -> None:
    assert average_precisions(listed(1, 3))[0] == pytest.approx((1.0 + 2.0 / 3.0) / 2.0, abs=EXACT)


def test_gains_of_a_case_worked_out_by_hand() -> None:
    # Relevant at ranks 2 and 5, lists of three: 1/log2(3) against 1/log2(2) + 1/log2(3).
    found = ndcgs_at(listed(2, 5), 3)

    assert found[0] == pytest.approx(0.6309297535714575 / 1.6309297535714575, abs=EXACT)


def test_a_list_of_nothing_but_relevant_ones_is_ideal_also_where_more_are_relevant_than_it_holds() -> None:
    assert ndcgs_at(listed(1, 2, 3, 4), 2).tolist() == [1.0]
    assert ndcgs_at(listed(1), 50).tolist() == [1.0]


def test_a_constant_score_earns_the_worst_of_everything() -> None:
    ranking = rank(np.zeros((1, 4)), np.array([[True, False, False, False]]))

    assert average_precisions(ranking)[0] == pytest.approx(0.25, abs=EXACT)
    assert ndcgs_at(ranking, 3)[0] == 0.0


def test_coverage_counts_each_candidate_once() -> None:
    order = np.array([[0, 1, 2], [1, 0, NOBODY]])

    ranking = Ranking(order, np.zeros_like(order, dtype=bool))

    assert coverage_at(ranking, 2, candidates=8) == 0.25
    assert coverage_at(ranking, 3, candidates=8) == 0.375


def test_novelty_is_counted_in_bits() -> None:
    known_by = np.array([0.5, 0.25, 0.125])

    found = novelties_at(Ranking(np.array([[0, 2], [1, NOBODY]]), np.ones((2, 2), dtype=bool)), 2, known_by)

    assert found.tolist() == [2.0, 2.0]


def test_diversity_of_right_angles_opposites_and_twins() -> None:
    vectors = np.array([[1, 0], [0, 1], [-1, 0], [1, 0]], dtype=np.float32)
    order = np.array([[0, 1, 2], [0, 3, NOBODY], [0, NOBODY, NOBODY]])

    found = diversities_at(Ranking(order, np.ones((3, 3), dtype=bool)), 3, vectors)

    assert found[:2] == pytest.approx([(1 + 2 + 1) / 3, 0.0], abs=EXACT)
    assert np.isnan(found[2])


def test_an_interval_holds_its_mean_and_repeats_under_a_seed() -> None:
    values = np.array([1.0] * 30 + [0.0] * 10)

    first, second = (bootstrap(values, np.random.default_rng(5)) for _ in range(2))

    assert first == second
    assert first.low < first.mean == 0.75 < first.high


def test_an_interval_is_as_wide_as_the_theory_of_large_numbers_says() -> None:
    values = np.random.default_rng(1).normal(0.0, 1.0, 4000)

    found = bootstrap(values, np.random.default_rng(2))

    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(4000), rel=0.1)


@pytest.mark.parametrize(
    ("scores", "relevant"),
    [
        (np.zeros((1, 2)), np.zeros((1, 2), dtype=bool)),
        (np.full((1, 2), np.nan), np.ones((1, 2), dtype=bool)),
        (np.zeros((1, 2)), np.ones((2, 2), dtype=bool)),
        (np.array([[0.1, -np.inf]]), np.array([[False, True]])),
    ],
)
def test_meaningless_input_is_refused(scores: np.ndarray, relevant: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"NaN|relevant"):
        rank(scores, relevant)
