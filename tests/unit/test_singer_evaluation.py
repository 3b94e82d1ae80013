"""Judging probabilities of singers: figures whose value is known, and a folder from end to end."""

from pathlib import Path

import numpy as np
import pytest

from singalike.embeddings.encoder import VoiceEncoder
from singalike.recsys.probability_figures import Answers, area_under_curve, expected_calibration_error
from singalike.recsys.singer_evaluation import CONTENDERS, JudgedSet, evaluate_singers
from tests.support.fake_ear import unit_rows
from tests.support.measured_folders import open_bench, write_measured_folder

EQUAL = 1e-9


def clusters(singers: int = 9, songs: int = 3, takes: int = 2, noise: float = 0.2) -> JudgedSet:
    random = np.random.default_rng(0)
    centres = random.standard_normal((singers, 16))
    singer = np.repeat(np.arange(singers), songs * takes)
    song = np.tile(np.repeat(np.arange(songs), takes), singers)
    vectors = unit_rows(centres[singer] + noise * random.standard_normal((len(singer), 16)))
    return JudgedSet("clusters", vectors, singer, song)


def test_the_calibration_error_of_a_known_case() -> None:
    confidence = np.array([0.95, 0.95, 0.55, 0.55])

    found = expected_calibration_error(confidence, np.array([True, True, True, False]))

    assert found == pytest.approx(0.5 * 0.05 + 0.5 * 0.05, abs=EQUAL)


def test_the_area_under_the_curve_of_known_cases() -> None:
    assert area_under_curve(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1.0
    assert area_under_curve(np.array([1.0]), np.array([1.0])) == 0.5
    assert area_under_curve(np.array([0.0, 2.0]), np.array([1.0])) == 0.5


def test_every_song_is_asked_once_and_never_of_a_catalogue_that_holds_it() -> None:
    judged = clusters()

    rounds = list(judged.rounds())

    assert sorted(np.concatenate([one.queries for one in rounds])) == list(range(len(judged.singer)))
    for one in rounds:
        assert not set(judged.song[one.queries]) & set(judged.song[one.tracks])
        assert judged.singer[one.tracks][one.first_track].tolist() == one.singers.tolist()


def test_a_singer_of_one_song_stays_in_the_catalogue_and_is_not_asked() -> None:
    whole = clusters()
    kept = (whole.singer != 4) | (whole.song == 0)
    judged = JudgedSet("one short", whole.vectors[kept], whole.singer[kept], whole.song[kept])

    for one in judged.rounds():
        assert 4 in one.singers
        assert 4 not in judged.singer[one.queries]


def test_clear_clusters_are_told_apart_far_below_chance_and_better_than_without_calibration() -> None:
    judged = clusters()

    answers = {(method, label): said for method, label, said in judged.ask(CONTENDERS)}
    ours, bare = (answers[name, "clusters"].row(name, "clusters", baseline=False) for name in CONTENDERS)
    chance = next(judged.chance_rows())

    assert chance.figures["cross entropy"].value == pytest.approx(np.log(9), abs=EQUAL)
    assert ours.figures["cross entropy"].value < 0.2 < bare.figures["cross entropy"].value
    assert ours.figures["top 1"].value == ours.figures["top 5"].value == 1.0
    assert ours.count == chance.count == 54
    assert (answers["singer classifier", "clusters, 1 track"].rank == 0).mean() > 0.9


def test_a_curve_of_reliability_follows_what_came_true() -> None:
    answers = Answers(np.zeros(4), np.array([0, 0, 0, 1]), np.array([0.98, 0.96, 0.55, 0.51]), np.arange(4))

    low, high = answers.reliability()

    assert low == pytest.approx((0.53, 0.5), abs=EQUAL)
    assert high == pytest.approx((0.97, 1.0), abs=EQUAL)


def test_strangers_to_clear_clusters_are_noticed() -> None:
    ours, baseline = clusters().stranger_rows()

    assert ours.figures["AUC"].value > 0.95
    assert ours.count == 3 * 54
    assert baseline.baseline


def test_a_folder_is_judged_from_recordings_to_tables(tmp_path: Path) -> None:
    bench = open_bench(write_measured_folder(tmp_path / "folder"), VoiceEncoder.load(device="cpu"))

    closed, strangers = evaluate_singers(bench)

    assert {row.method for row in closed.rows} == {*CONTENDERS, "chance"}
    assert all(row.recordings.startswith("toy singing") for row in (*closed.rows, *strangers.rows))
    assert strangers.rows
