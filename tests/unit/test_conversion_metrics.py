"""Figures of a conversion against cases worked out by hand."""

import numpy as np
import pytest

from singalike.audio.sound import Sound
from singalike.conversion.metrics import (
    Heard,
    Similarities,
    compare_pitch,
    content_kept,
    hear,
    mean_position,
    mel_cepstral_distortion,
)
from tests.support.sung_takes import take

RNG = np.random.default_rng(0)
CEPSTRA = RNG.standard_normal((200, 25))


def heard(f0_hz: np.ndarray, cepstra: np.ndarray = CEPSTRA) -> Heard:
    """Hear rows that all sound."""
    return Heard(f0_hz, cepstra[: len(f0_hz)], np.ones(len(f0_hz), dtype=np.bool_))


def test_a_melody_that_was_moved_as_wanted_has_no_error() -> None:
    melody = np.linspace(200.0, 300.0, 100)

    figures = compare_pitch(heard(melody), heard(2.0 * melody), key_shift=12.0)

    assert figures.correlation == pytest.approx(1.0)
    assert figures.rmse_cents == pytest.approx(0.0, abs=1e-6)
    assert (figures.gross_error, figures.voicing_error) == (0.0, 0.0)


def test_gross_errors_and_voicing_errors_are_counted_and_fine_errors_averaged_without_them() -> None:
    melody = np.full(100, 200.0)
    sung = melody * 2.0 ** (10.0 / 1200.0)
    sung[:20] = 0.0
    sung[20:40] = 400.0

    figures = compare_pitch(heard(melody), heard(sung))

    assert figures.voicing_error == pytest.approx(0.2)
    assert figures.gross_error == pytest.approx(0.25)
    assert figures.rmse_cents == pytest.approx(10.0)


def test_content_does_not_mind_another_speaker_but_another_sentence() -> None:
    flat = np.full(200, 200.0)

    same = content_kept(heard(flat), heard(flat, 3.0 + 0.5 * CEPSTRA))
    other = content_kept(heard(flat), heard(flat, RNG.standard_normal((200, 25))))

    assert same == pytest.approx(1.0)
    assert abs(other) < 0.2


def test_distortion_is_the_root_mean_square_of_the_envelopes_difference_in_db() -> None:
    moved = CEPSTRA.copy()
    moved[:, 3] += 0.1
    flat = np.full(200, 200.0)

    distortion = mel_cepstral_distortion(heard(flat), heard(flat, moved))

    assert distortion == pytest.approx(20.0 / np.log(10.0) * 0.1 / np.sqrt(2.0))


def test_what_is_heard_has_the_scale_that_the_distortion_expects() -> None:
    tilted, plain = hear(take(1)), hear(Sound(np.convolve(take(1).waveform[0], [1.0, -0.3])[None, :-1], 24_000))
    response = np.abs(np.fft.rfft([1.0, -0.3], 2048))
    difference_db = 20.0 * np.log10(response)

    distortion = mel_cepstral_distortion(tilted, plain)

    # On the mel axis low frequencies weigh more than in this plain mean.
    assert distortion == pytest.approx(difference_db.std(), rel=0.35)


def test_position_is_the_share_of_the_way_and_short_ways_weigh_little() -> None:
    halfway = Similarities(0.2, 0.5, 0.8)
    alike = Similarities(0.79, 0.70, 0.80)

    assert halfway.position == pytest.approx(0.5)
    assert mean_position([halfway, alike]) == pytest.approx((0.3 - 0.09) / 0.61)


def test_pitch_of_unvoiced_sound_is_unknown_and_not_perfect() -> None:
    silent = np.zeros(50)

    figures = compare_pitch(heard(silent), heard(silent))

    assert np.isnan(figures.correlation)
    assert np.isnan(figures.gross_error)
