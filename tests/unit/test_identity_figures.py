"""Telling singers apart, against values counted by hand."""

from pathlib import Path

import numpy as np
import pytest

from singalike.embeddings.evaluation.identity import Trials, comparable, confusion, detection_curve, identity_figures
from singalike.embeddings.evaluation.recordings import Recording
from singalike.embeddings.evaluation.timbre_methods import CHANCE, VOICE_GENDER, silent_methods
from singalike.embeddings.projection import unit


def recording(singer: str, song: str, voice_gender: str = "f") -> Recording:
    return Recording(f"toy/{singer}-{song}.wav", Path("unused"), "singing", singer, voice_gender, song)


def on_circle(*degrees: float) -> np.ndarray:
    radians = np.deg2rad(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1)


FOUR = [recording("anna", "one"), recording("anna", "two"), recording("berta", "one"), recording("berta", "two", "f")]


def test_singers_far_apart_are_told_without_an_error() -> None:
    figures = identity_figures(on_circle(0, 5, 90, 95), Trials.of(FOUR))

    assert {name: figure.value for name, figure in figures.items()} == {
        "EER": 0.0,
        "same-gender EER": 0.0,
        "P@1": 1.0,
        "MAP": 1.0,
    }


def test_scores_are_those_counted_by_hand() -> None:
    # anna stands at 0 and 40 degrees, berta at 30 and 100: nearest to anna's first is berta's first, and so on.
    figures = identity_figures(on_circle(0, 40, 30, 100), Trials.of(FOUR))

    # Degrees to all others by query: 30 40* 100, 10 40* 60, 10 30 70*, 60 70* 100; * is the own other song.
    assert figures["MAP"].value == pytest.approx((1 / 2 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert figures["P@1"].value == 0.0
    # Positive pairs lie 40 and 70 degrees apart, negative ones 10, 30, 60, 100: between 40 and 60 one of two positives
    # is missed and two of four negatives are accepted.
    assert figures["EER"].value == 0.5


def test_two_renditions_of_one_song_are_neither_hit_nor_miss() -> None:
    emotions = [recording("anna", "one_emo01"), recording("anna", "one_emo02"), recording("anna", "two_emo01")]
    recordings = [*emotions, recording("berta", "one_emo01"), recording("berta", "two_emo01")]

    trials = Trials.of(recordings)

    assert not trials.positive[0, 1]
    assert not trials.negative[0, 1]
    assert trials.positive[0, 2]


def test_same_gender_pairs_need_known_voice_genders() -> None:
    recordings = [recording("anna", "one"), recording("carl", "one", "m"), recording("dirk", "one", "m"),
                  recording("emil", "one", "unknown"), recording("fritz", "one", "unknown")]  # fmt: skip

    pairs = np.argwhere(np.triu(Trials.of(recordings).same_gender))

    assert pairs.tolist() == [[1, 2]]


def test_intervals_hold_the_figure_and_narrow_with_more_singers() -> None:
    def width(singers: int) -> float:
        rng = np.random.default_rng(1)
        centres = rng.standard_normal((singers, 8))
        vectors = unit(np.repeat(centres, 4, axis=0) + 1.2 * rng.standard_normal((4 * singers, 8)))
        recordings = [recording(f"singer{one}", f"song{song}") for one in range(singers) for song in range(4)]
        figures = identity_figures(vectors, Trials.of(recordings))
        for figure in figures.values():
            assert figure.low is not None
            assert figure.high is not None
            assert figure.low - 0.02 <= figure.value <= figure.high + 0.02
        low, high = figures["EER"].low, figures["EER"].high
        return (high or 0.0) - (low or 0.0)

    assert width(40) < width(6)


def test_voice_gender_alone_is_right_between_genders_and_chance_within() -> None:
    recordings = [recording(f"singer{one}", f"song{song}", "fm"[one % 2]) for one in range(24) for song in range(3)]

    figures = {name: identity_figures(vectors, Trials.of(recordings))
               for name, vectors in silent_methods(recordings).items()}  # fmt: skip

    assert figures[VOICE_GENDER]["same-gender EER"].value == pytest.approx(0.5, abs=0.1)
    assert 0.2 < figures[VOICE_GENDER]["EER"].value < 0.4
    assert figures[CHANCE]["EER"].value == pytest.approx(0.5, abs=0.1)


def test_a_confusion_counts_the_nearest_of_other_songs() -> None:
    shares = confusion(on_circle(0, 40, 30, 100), Trials.of(FOUR))

    np.testing.assert_array_equal(shares, [[0.0, 1.0], [1.0, 0.0]])


def test_a_detection_curve_runs_from_missing_all_to_accepting_all() -> None:
    curve = np.array(detection_curve(on_circle(0, 40, 30, 100), Trials.of(FOUR)))

    assert curve[0, 0] <= 0.25
    assert curve[0, 1] >= 0.5
    np.testing.assert_array_equal(curve[-1], [1.0, 0.0])
    assert (np.diff(curve[:, 0]) >= 0).all()
    assert (np.diff(curve[:, 1]) <= 0).all()


def test_numbers_without_a_scale_are_brought_to_one() -> None:
    raw = np.array([[1000.0, 0.1], [1010.0, 0.3], [1020.0, 0.2]])

    scaled = comparable(raw)

    np.testing.assert_allclose(np.linalg.norm(scaled, axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(scaled, comparable(raw * [3.0, 50.0]), atol=1e-6)
