"""Orders without near copies side by side, and pages on which singers take turns."""

import numpy as np
import pytest

from singalike.recsys.diversity import best_first, list_diversity, spread_out
from singalike.recsys.pages import WINDOW, cut_page

EXACT = 1e-6

COPIES = np.array([[1.0, 0.0], [0.999, 0.0447], [0.0, 1.0], [0.0, -1.0]], dtype=np.float32)
SCORES = np.array([0.9, 0.89, 0.6, 0.5])


def test_the_best_come_first_and_equals_by_row() -> None:
    order = best_first(np.array([0.1, 0.5, 0.5, 0.9]), np.array([True, True, True, False]))

    assert order.tolist() == [1, 2, 0]


def test_a_seed_orders_equals_the_same_way_every_time() -> None:
    score, allowed = np.zeros(30), np.ones(30, dtype=bool)

    orders = [best_first(score, allowed, seed).tolist() for seed in (7, 7, 8)]

    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    assert sorted(orders[0]) == list(range(30))


@pytest.mark.parametrize(("dial", "order"), [(0.0, [0, 1, 2, 3]), (0.5, [0, 2, 3, 1]), (1.0, [0, 2, 3, 1])])
def test_the_dial_moves_a_near_copy_back(dial: float, order: list[int]) -> None:
    assert spread_out(SCORES, COPIES, dial).tolist() == order


def test_equal_scores_leave_only_differences() -> None:
    assert spread_out(np.ones(4), COPIES, 0.2).tolist() == [0, 2, 3, 1]


def test_diversity_is_the_mean_distance_of_pairs() -> None:
    assert list_diversity(COPIES[[0, 2, 3]]) == pytest.approx((1.0 + 1.0 + 2.0) / 3, abs=EXACT)
    assert list_diversity(COPIES[:1]) is None


def test_nobody_has_a_second_place_before_all_others_had_one() -> None:
    groups = np.array([0, 0, 0, 1, 0, 2, 1])

    page = cut_page(groups, 5, 1)

    assert page.tolist() == [0, 3, 5, 1, 6]


def test_a_page_is_full_as_long_as_anything_is_left() -> None:
    assert len(cut_page(np.zeros(7, dtype=np.intp), 5, 1)) == 5
    assert len(cut_page(np.zeros(3, dtype=np.intp), 5, 2)) == 3


def test_candidates_beyond_the_window_are_reached_when_one_singer_fills_it() -> None:
    groups = np.array([0] * WINDOW + [1, 2])

    assert cut_page(groups, 3, 1).tolist() == [0, WINDOW, WINDOW + 1]


@pytest.mark.parametrize("each", [1, 2, 3])
def test_the_window_changes_no_page(each: int) -> None:
    groups = np.random.default_rng(each).integers(0, 40, 3 * WINDOW)

    turns = np.array([np.count_nonzero(groups[:place] == group) // each for place, group in enumerate(groups)])

    assert cut_page(groups, 10, each).tolist() == np.argsort(turns, kind="stable")[:10].tolist()
