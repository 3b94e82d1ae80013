"""Judging the recommender on invented listeners: signals that know the truth win, and weights climb to them."""

import numpy as np
import pytest

from singalike.recsys.blend import BlendPreset, blend
from singalike.recsys.evaluation.contest import Contest
from singalike.recsys.evaluation.invented_listeners import (
    BLEND,
    BPR,
    ITEM_COSINES,
    RANDOM,
    Heard,
    contenders,
    contests,
    hear_listeners,
)
from singalike.recsys.evaluation.key_choice import judge_keys
from singalike.recsys.evaluation.listener_sections import history_rows
from singalike.recsys.evaluation.listener_world import World, WorldSize, draw_world
from singalike.recsys.evaluation.others_methods import choices, item_cosines
from singalike.recsys.evaluation.taught import Taught, record_listeners, teach
from singalike.recsys.evaluation.told_chances import listed_calibration_error
from singalike.recsys.evaluation.told_likeness import distance_from_even
from singalike.recsys.evaluation.weight_fit import FitTask, best_weights
from singalike.recsys.presets import SIMILAR, SINGERS, SONGS, shipped_presets
from singalike.recsys.ranking_metrics import ndcgs_at, rank

SIZE = WorldSize(singers=40, tracks_per_singer=5, taught=150, asked=48, chosen=8, history_lengths=(0, 4, 12))


@pytest.fixture(scope="module")
def world() -> World:
    return draw_world(5, size=SIZE)


@pytest.fixture(scope="module")
def taught(world: World) -> Taught:
    return teach(world, 5)


@pytest.fixture(scope="module")
def heard(world: World, taught: Taught) -> dict[str, Heard]:
    return dict(hear_listeners(world, taught, record_listeners(world, 5), 5))


def test_taste_is_known_of_those_who_have_a_history_and_of_nobody_else(heard: dict[str, Heard]) -> None:
    known = ~np.isnan(heard[SONGS].signals["collaborative"]).all(axis=1)

    assert heard[SONGS].events[:3].tolist() == [0, 4, 12]
    assert np.array_equal(known, heard[SONGS].events > 0)


def test_what_was_chosen_before_is_not_suggested_and_not_to_be_found(world: World, taught: Taught) -> None:
    contest = contests("small", world, taught)[SONGS]

    assert contest.known is not None
    assert not (contest.known & contest.relevant).any()
    assert contest.relevant.sum(axis=1).tolist() == [SIZE.chosen] * SIZE.asked


def test_whoever_knows_the_utility_finds_more_than_anybody(
    world: World, taught: Taught, heard: dict[str, Heard]
) -> None:
    contest = contests("small", world, taught)[SONGS]
    preset = shipped_presets().default(SIMILAR, SONGS)
    scores = dict(contenders(world, heard[SONGS], preset, SONGS, 5))
    oracle = world.utility[world.taught :] - world.utility.min()

    figures = {row.method: row.figures["NDCG@10"].value for row in contest.judge({"oracle": oracle, **scores})}

    assert figures["oracle"] == max(figures.values())
    assert figures[BLEND] > figures[RANDOM]
    assert {ITEM_COSINES, BPR, "collaborative", "popularity", "key_fit_gain"} <= set(figures)


def test_singers_are_ranked_too_and_told_apart_by_history(
    world: World, taught: Taught, heard: dict[str, Heard]
) -> None:
    contest = contests("small", world, taught)[SINGERS]
    scores = contenders(world, heard[SINGERS], shipped_presets().default(SIMILAR, SINGERS), SINGERS, 5)

    rows = history_rows(contest, scores, world)

    assert [row.method for row in rows] == [BLEND, "timbre", "collaborative", "popularity"]
    assert list(rows[0].figures) == ["0 choices", "4 choices", "12 choices"]
    assert rows[2].figures["0 choices"].value == 0.0
    assert "key_fit_gain" not in scores


def test_keys_proposed_to_invented_listeners_lose_less_than_songs_left_as_they_are(
    world: World, taught: Taught
) -> None:
    section = judge_keys("small", world, taught.catalogue.view, record_listeners(world, 5), 5)

    lost = {row.method: row.figures["lost"].value for row in section.rows}

    assert lost["best key"] == 0.0
    assert lost["proposed key"] < lost["octaves"] < lost["original key"] < lost["random key"]
    assert lost["proposed key, surest third"] < lost["proposed key, least sure third"]


def test_weights_climb_to_the_signal_that_knows_and_away_from_noise() -> None:
    random = np.random.default_rng(0)
    relevant = random.uniform(size=(60, 40)) < 0.1
    relevant[:, 0] = True
    knows = 0.5 * relevant + 0.6 * random.uniform(size=relevant.shape)
    task = FitTask({"timbre": knows, "style": random.uniform(size=relevant.shape)}, relevant, np.zeros(60, np.int64))

    found = best_weights([task], {"timbre": 0.2, "style": 0.8}, 20.0)

    assert found.weights["timbre"] > 0.8
    assert found.gain == pytest.approx(task.ndcg(found.weights, 20.0))
    assert found.gain > task.ndcg({"timbre": 0.2, "style": 0.8}, 20.0)


def test_tied_weights_keep_their_ratio() -> None:
    random = np.random.default_rng(4)
    relevant = random.uniform(size=(40, 30)) < 0.1
    relevant[:, 0] = True
    signals = {name: random.uniform(size=relevant.shape) for name in ("timbre", "style")}
    signals["popularity"] = 0.5 * relevant + 0.6 * random.uniform(size=relevant.shape)
    task = FitTask(signals, relevant, np.zeros(40, np.int64))

    found = best_weights([task], {"timbre": 0.6, "style": 0.3, "popularity": 0.1}, 20.0, tied=("timbre", "style"))

    assert found.weights["timbre"] == pytest.approx(2 * found.weights["style"])
    assert found.weights["popularity"] > 0.5


def test_the_fit_scores_as_the_blend_does_with_unknown_signals_and_growing_taste() -> None:
    random = np.random.default_rng(1)
    signals = {name: random.uniform(size=(6, 30)) for name in ("timbre", "popularity", "collaborative")}
    signals["collaborative"][:3] = np.nan
    events = np.array([0, 0, 0, 2, 10, 40])
    relevant = random.uniform(size=(6, 30)) < 0.2
    relevant[:, 3] = True
    preset = BlendPreset(
        "own", 1, {"timbre": 0.5, "popularity": 0.2, "collaborative": 0.3}, taste_half_weight_events=5.0
    )
    heard = Heard(signals, events)

    ours = FitTask(signals, relevant, events).ndcg(preset.weights, 5.0)

    assert ours == pytest.approx(ndcgs_at(rank(heard.blended(preset), relevant), 10).mean(), abs=1e-6)
    last = blend({name: values[5] for name, values in signals.items()}, preset.with_taste_of(40))
    assert np.array_equal(heard.blended(preset)[5], last.score)


def test_item_cosines_of_a_case_worked_out_by_hand() -> None:
    taught = choices([np.array([0, 1]), np.array([0, 1]), np.array([0, 2])], 3)
    asked = choices([np.array([1]), np.array([], dtype=np.intp)], 3)

    found = item_cosines(taught, asked)

    # Item 1 was chosen by two of the three who chose item 0, and never with item 2: cosines 2 / sqrt(6), 1 and 0.
    assert found[0] == pytest.approx([2 / np.sqrt(6), 1.0, 0.0])
    assert np.isnan(found[1]).all()


def test_scores_that_tell_the_chance_are_calibrated_and_those_that_mislead_one_half_are_not() -> None:
    random = np.random.default_rng(2)
    scores = random.uniform(size=(400, 10))
    relevant = random.uniform(size=scores.shape) < scores
    relevant[:, 0] = True
    ranking = rank(scores, relevant)
    halves = np.arange(400)
    misleading = np.where(halves[:, None] % 2 == 0, scores, 1.0 - scores)

    told = listed_calibration_error(scores, ranking, 10, halves)
    misled = listed_calibration_error(misleading, ranking, 10, halves)

    assert told < 0.05
    assert misled > 0.2
    assert np.isnan(listed_calibration_error(scores, ranking, 10, np.zeros(400, dtype=np.intp)))


def test_even_shares_are_true_and_boasting_ones_are_not() -> None:
    even = np.linspace(0.0, 1.0, 2001)

    assert distance_from_even(even) < 0.001
    assert distance_from_even(np.sqrt(even)) == pytest.approx(1 / 6, abs=0.002)


def test_a_contest_of_lists_without_a_history_compares_every_candidate() -> None:
    contest = Contest("two", np.array([[True, False]]), np.eye(2, dtype=np.float32))

    assert contest.judge({"one": np.array([[0.1, 0.2]])})[0].figures["MRR"].value == 0.5
