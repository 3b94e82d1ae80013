"""The key to sing a track in."""

import numpy as np
import pytest

from singalike.recsys.key_fit import MAX_SHIFT, KeyFit, choose_keys, shares_by_shift
from singalike.recsys.song_demands import SingingVoice, song_demands
from tests.support.voices import sung


def histogram(*semitones: int) -> np.ndarray:
    return sung(semitones, 20.0).seconds_per_semitone[None]


def keys_of(seconds: np.ndarray, tessitura: tuple[float, float]) -> KeyFit:
    return choose_keys(song_demands(seconds, [None]), SingingVoice(tessitura))


def test_a_song_a_fourth_too_high_comes_down_a_fourth() -> None:
    keys = keys_of(histogram(65, 67, 69), (60.0, 64.0))

    assert keys.shift.tolist() == [-5]
    assert keys.before.tolist() == [0.0]
    assert keys.after.tolist() == [pytest.approx(1.0)]


def test_a_song_that_fits_stays() -> None:
    keys = keys_of(histogram(60, 62), (57.0, 67.0))

    assert keys.shift.tolist() == [0]
    assert keys.before == pytest.approx(keys.after)


def test_ties_go_to_the_smaller_shift() -> None:
    keys = keys_of(histogram(70), (60.0, 64.0))

    assert keys.shift.tolist() == [-6]


def test_no_shift_leaves_the_octave_on_either_side() -> None:
    keys = keys_of(histogram(90), (60.0, 64.0))

    assert abs(keys.shift[0]) <= MAX_SHIFT
    assert keys.after.tolist() == [0.0]
    assert keys.shift.tolist() == [0]


def test_a_range_that_is_not_known_is_no_fit() -> None:
    unknown_person = keys_of(histogram(60), (float("nan"), float("nan")))
    unknown_track = keys_of(histogram(60) / 10.0, (60.0, 64.0))

    for keys in (unknown_person, unknown_track):
        assert np.isnan(keys.before).all()
        assert np.isnan(keys.after).all()
        assert np.isnan(keys.gain).all()
        assert keys.shift.tolist() == [0]


def test_a_large_shift_is_a_worse_fit_than_a_small_one() -> None:
    near, far = (keys_of(histogram(pitch), (60.0, 64.0)).gain[0] for pitch in (66, 74))

    assert 0.0 < far < near < 1.0


def test_a_silent_track_has_no_share_anywhere() -> None:
    shares = shares_by_shift(np.zeros((1, 128)), (60.0, 64.0))

    assert not shares.any()


def test_half_a_semitone_around_the_tessitura_is_inside() -> None:
    shares = shares_by_shift(histogram(60, 64), (60.4, 63.6))

    assert shares[0, MAX_SHIFT] == pytest.approx(1.0)
