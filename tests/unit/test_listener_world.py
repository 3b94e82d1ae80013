"""Invented listeners: what is true of them, what they choose, and what a recording shows of it."""

import numpy as np
import pytest

from singalike.recsys.evaluation.invented_profiles import record, true_seconds
from singalike.recsys.evaluation.listener_world import MIXED, World, WorldSize, draw_world

SMALL = WorldSize(singers=20, tracks_per_singer=5, taught=60, asked=24, chosen=8, history_lengths=(0, 3, 10))


@pytest.fixture(scope="module")
def world() -> World:
    return draw_world(3, size=SMALL)


def test_a_seed_draws_one_world_and_another_seed_another(world: World) -> None:
    again, other = draw_world(3, size=SMALL), draw_world(4, size=SMALL)

    assert np.array_equal(world.utility, again.utility)
    assert all(np.array_equal(*pair) for pair in zip(world.futures, again.futures, strict=True))
    assert not np.array_equal(world.utility, other.utility)


def test_nobody_chooses_a_track_twice_and_histories_are_as_long_as_they_should_be(world: World) -> None:
    histories = world.histories[world.taught :]

    assert [len(history) for history in histories[:3]] == [0, 3, 10]
    for history, future in zip(histories, world.futures, strict=True):
        assert len({*history.tolist(), *future.tolist()}) == len(history) + SMALL.chosen


def test_what_is_chosen_is_liked_more_than_what_is_not(world: World) -> None:
    chosen = np.mean([world.utility[world.taught + row, future].mean() for row, future in enumerate(world.futures)])

    assert chosen > world.utility.mean() + world.utility.std()


def test_who_is_not_choosy_chooses_by_chance() -> None:
    world = draw_world(3, size=SMALL, choosiness=0.0)

    assert not world.utility.any()
    assert len(np.unique(np.concatenate(world.futures))) > 80


def test_only_what_is_mixed_in_moves_people() -> None:
    world = draw_world(3, mix={"appeal": 1.0}, size=SMALL)

    assert np.abs(world.utility - world.utility[0]).max() < 1e-9
    assert np.corrcoef(world.utility[0], world.tracks.appeal)[0, 1] == pytest.approx(1.0)


def test_every_part_of_the_usual_mix_can_move_people_alone() -> None:
    for part in MIXED:
        assert draw_world(3, mix={part: 1.0}, size=SMALL).utility.std() > 0.5


def test_a_long_recording_shows_the_true_tessitura_and_a_short_one_hardly(world: World) -> None:
    random = np.random.default_rng(0)

    def error(seconds: float) -> float:
        found = [record(world.listeners, row, seconds, random).vocal_range.tessitura_midi for row in range(60)]
        return float(np.abs(np.array(found) - world.listeners.tessitura_midi[:60]).mean())

    assert error(1000.0) < 0.4 < error(10.0) < 2.0


def test_the_true_histogram_holds_its_seconds_around_the_centre(world: World) -> None:
    seconds = true_seconds(world.tracks)

    assert seconds.sum(axis=1) == pytest.approx(np.full(100, 120.0), abs=0.1)
    assert np.abs(seconds @ np.arange(128) / 120.0 - world.tracks.centre_midi).max() < 0.5
