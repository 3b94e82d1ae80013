"""Alignment of two melodies: the best local path, its ends, and what it shares."""

import numpy as np
import pytest

from singalike.embeddings.melody_alignment import (
    GAP_COST,
    NO_MATCH,
    SIMILAR_FROM,
    align_steps,
    alignment_scores,
    rerank,
)

STEP_S = 0.064
TOLERANCE = 1e-4


def directions(count: int, seed: int = 0) -> np.ndarray:
    steps = np.random.default_rng(seed).normal(size=(count, 64))
    return (steps / np.linalg.norm(steps, axis=1, keepdims=True)).astype(np.float32)


def smith_waterman(gains: np.ndarray) -> float:
    """The textbook recursion, cell by cell."""
    scores = np.zeros((gains.shape[0] + 1, gains.shape[1] + 1))
    for i in range(gains.shape[0]):
        for j in range(gains.shape[1]):
            scores[i + 1, j + 1] = max(
                0.0, scores[i, j] + gains[i, j], scores[i, j + 1] - GAP_COST, scores[i + 1, j] - GAP_COST
            )
    return float(scores.max())


def test_a_phrase_inside_two_recordings_is_found_where_it_stands() -> None:
    phrase = directions(40)
    here = np.concatenate([directions(30, 1), phrase, directions(20, 2)])
    there = np.concatenate([directions(7, 3), phrase, directions(50, 4)])

    match = align_steps(here, there, STEP_S)

    assert (match.start_s, match.end_s) == pytest.approx((30 * STEP_S, 70 * STEP_S), abs=3 * STEP_S)
    assert (match.other_start_s, match.other_end_s) == pytest.approx((7 * STEP_S, 47 * STEP_S), abs=3 * STEP_S)
    assert match.score == pytest.approx(40 * (1 - SIMILAR_FROM) / np.sqrt(90), rel=0.05)


def test_a_pause_in_one_recording_is_bridged() -> None:
    phrase = directions(40)
    paused = np.concatenate([phrase[:20], directions(6, 5), phrase[20:]])

    match = align_steps(phrase, paused, STEP_S)

    assert match.end_s - match.start_s == pytest.approx(40 * STEP_S)
    assert match.other_end_s - match.other_start_s == pytest.approx(46 * STEP_S)


@pytest.mark.parametrize("seed", range(4))
def test_the_score_is_that_of_the_textbook_recursion(seed: int) -> None:
    rng = np.random.default_rng(seed)
    here, there = directions(17, seed), directions(23, seed + 50)
    there[4:12] = here[6:14] + rng.normal(0, 0.05, (8, 64))

    match = align_steps(here, there, STEP_S)

    assert match.score * np.sqrt(17) == pytest.approx(smith_waterman(here @ there.T - SIMILAR_FROM), abs=TOLERANCE)


def test_nothing_in_common_is_no_match() -> None:
    nothing = np.zeros((10, 64), np.float32)

    assert align_steps(nothing, directions(5), STEP_S) == NO_MATCH
    assert align_steps(nothing[:0], directions(5), STEP_S) == NO_MATCH


def test_many_alignments_at_once_score_as_one_by_one() -> None:
    phrase = directions(30)
    others = [
        np.concatenate([directions(5, 1), phrase[5:25], directions(9, 2)]),
        phrase[::-1].copy(),
        np.zeros((12, 64), np.float32),
        directions(3, 4),
        phrase[:0],
    ]

    scores = alignment_scores(phrase, others, SIMILAR_FROM, GAP_COST)

    assert scores == pytest.approx([align_steps(phrase, other, STEP_S).score for other in others], abs=TOLERANCE)
    assert scores[0] > 2 * scores[1]


def test_reranking_lifts_the_candidate_that_runs_along_the_query() -> None:
    query = directions(30)
    candidates = [directions(30, 1), directions(30, 2), query, directions(30, 3)]

    scores = rerank(query, candidates, np.array([0.30, 0.28, 0.29, 0.1]))

    assert scores.argmax() == 2


def test_reranking_leaves_the_far_candidates_behind_the_near_ones_in_their_order() -> None:
    query = directions(20)
    candidates = [directions(20, seed) for seed in range(6)]
    similarity = np.array([0.1, 0.9, 0.4, 0.8, 0.7, 0.2])

    order = np.argsort(-rerank(query, candidates, similarity, depth=3))

    assert set(order[:3]) == {1, 3, 4}
    assert order[3:].tolist() == [2, 5, 0]
