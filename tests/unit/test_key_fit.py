"""The key to sing a track in."""

import numpy as np
import pytest

from singalike.recsys.key_fit import MAX_SHIFT, fit_keys, shares_by_shift
from tests.support.voices import sung

KNOWN = np.array([True])


def histogram(*semitones: int) -> np.ndarray:
    return sung(semitones, 20.0).seconds_per_semitone[None]


def test_a_song_a_fourth_too_high_comes_down_a_fourth() -> None:
    keys = fit_keys(histogram(65, 67, 69), KNOWN, (60.0, 64.0))

    assert keys.shift.tolist() == [-5]
    assert keys.before.tolist() == [0.0]
    assert keys.after.tolist() == [pytest.approx(1.0)]


def test_a_song_that_fits_stays() -> None:
    keys = fit_keys(histogram(60, 62), KNOWN, (57.0, 67.0))

    assert keys.shift.tolist() == [0]
    assert keys.before == pytest.approx(keys.after)


def test_ties_go_to_the_smaller_shift() -> None:
    keys = fit_keys(histogram(70), KNOWN, (60.0, 64.0))

    assert keys.shift.tolist() == [-6]


def test_no_shift_leaves_the_octave_on_either_side() -> None:
    keys = fit_keys(histogram(90), KNOWN, (60.0, 64.0))

    assert abs(keys.shift[0]) <= MAX_SHIFT
    assert keys.after.tolist() == [0.0]
    assert keys.shift.tolist() == [0]


def test_a_range_that_is_not_known_is_no_fit() -> None:
    unknown_person = fit_keys(histogram(60), KNOWN, (float("nan"), float("nan")))
    unknown_track = fit_keys(histogram(60), ~KNOWN, (60.0, 64.0))

    for keys in (unknown_person, unknown_track):
        assert np.isnan(keys.before).all()
        assert np.isnan(keys.after).all()
        assert np.isnan(keys.signal).all()
        assert keys.shift.tolist() == [0]


def test_a_large_shift_is_a_worse_fit_than_a_small_one() -> None:
    near, far = (fit_keys(histogram(pitch), KNOWN, (60.0, 64.0)).signal[0] for pitch in (66, 74))

    assert 0.0 < far < near < 1.0


def test_a_silent_track_has_no_share_anywhere() -> None:
    shares = shares_by_shift(np.zeros((1, 128)), (60.0, 64.0))

    assert not shares.any()


def test_half_a_semitone_around_the_tessitura_is_inside() -> None:
    shares = shares_by_shift(histogram(60, 64), (60.4, 63.6))

    assert shares[0, MAX_SHIFT] == pytest.approx(1.0)
