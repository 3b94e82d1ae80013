"""The autocorrelation knows the period up to its multiples, and gives the cents of one that is named."""

import numpy as np
import pytest

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.periodicity import Periodicity

RATE, HOP_S = 16_000, 0.016
TOLERANCE_CENTS = 3.0


def buzz(f0_hz: float, seconds: float = 1.0) -> np.ndarray:
    time_s = np.arange(round(seconds * RATE)) / RATE
    partials = [np.sin(2 * np.pi * k * f0_hz * time_s + k) / k for k in range(1, int(7_000 / f0_hz))]
    return (0.1 * np.sum(partials, axis=0)).astype(np.float32)


def named(f0_hz: float, frames: int = 63) -> PitchTrack:
    return PitchTrack(np.full(frames, f0_hz, np.float32), np.full(frames, 0.9, np.float32), HOP_S)


def refined(pitch: PitchTrack, waveform: np.ndarray) -> PitchTrack:
    voiced = np.flatnonzero(np.isfinite(pitch.f0_hz))
    return Periodicity.measure(waveform, voiced, HOP_S, RATE).refine(pitch)


@pytest.mark.parametrize("f0_hz", [82.4, 110.0, 196.3, 330.0, 523.7, 880.0])
@pytest.mark.parametrize("cents", [-60.0, 0.0, 60.0])
def test_a_period_near_the_named_one_is_measured(f0_hz: float, cents: float) -> None:
    finer = refined(named(f0_hz * 2 ** (cents / 1200)), buzz(f0_hz))

    off = 1200 * np.log2(finer.f0_hz[3:-3] / f0_hz)
    assert np.abs(off).max() < TOLERANCE_CENTS


def test_noise_leaves_the_named_pitch_alone() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)

    finer = refined(named(200.0), noise)

    assert np.mean(finer.f0_hz == 200.0) > 0.9


def test_a_pitch_named_too_far_off_is_not_pulled_to_the_edge_of_the_search() -> None:
    finer = refined(named(200.0 * 2 ** (3 / 12)), buzz(200.0))

    np.testing.assert_allclose(finer.f0_hz, 200.0 * 2 ** (3 / 12), rtol=1e-6)


def test_unvoiced_frames_and_empty_tracks_stay_as_they_are() -> None:
    silent = PitchTrack(np.full(63, np.nan, np.float32), np.zeros(63, np.float32), HOP_S)

    assert np.isnan(refined(silent, buzz(200.0)).f0_hz).all()
    assert len(refined(named(200.0, 0), np.zeros(0, np.float32)).f0_hz) == 0


def measured(waveform: np.ndarray, *places: int) -> Periodicity:
    return Periodicity.measure(waveform, np.array(places), HOP_S, RATE)


@pytest.mark.parametrize("f0_hz", [61.7, 98.0, 130.8, 440.0])
def test_a_tone_has_its_own_period_and_not_that_of_a_neighbouring_semitone(f0_hz: float) -> None:
    neighbours = f0_hz * 2 ** (np.array([-1.0, 0.0, 1.0]) / 12)

    below, own, above = measured(buzz(f0_hz), 30).at(neighbours, tolerance=0.05)[0]

    assert own > 0.97
    assert max(below, above) < own - 0.05


def test_an_octave_below_is_as_periodic_as_the_tone_so_the_network_must_choose() -> None:
    own, octave_below, octave_above = measured(buzz(220.0), 30).at(np.array([220.0, 110.0, 440.0]), tolerance=0.05)[0]

    assert octave_below == pytest.approx(own, abs=0.05)
    assert octave_above < own - 0.3


def test_a_period_within_the_tolerance_counts() -> None:
    tone = measured(buzz(98.0), 30)
    aside = np.array([98.0 * 2 ** (0.3 / 12)])

    assert tone.at(aside, tolerance=0.3)[0, 0] > 0.97 > tone.at(aside, tolerance=0.0)[0, 0] + 0.005


def test_a_pitch_is_as_periodic_alone_as_among_others() -> None:
    period = Periodicity.measure(buzz(196.3, 0.4), np.arange(20), HOP_S, RATE)
    f0_hz = np.geomspace(65.0, 1_050.0, 97)

    alone = [period.at(f0_hz[place : place + 1], 1 / 6) for place in range(len(f0_hz))]

    np.testing.assert_allclose(period.at(f0_hz, 1 / 6), np.concatenate(alone, axis=1), atol=1e-6)


def test_a_frame_is_as_periodic_alone_as_among_others() -> None:
    glide = np.concatenate([buzz(98.0, 0.5), buzz(147.0, 0.5)])
    asked = np.array([98.0, 147.0])

    together = measured(glide, 5, 20, 50).at(asked, tolerance=0.1)

    alone = np.concatenate([measured(glide, place).at(asked, tolerance=0.1) for place in (5, 20, 50)])
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_silence_and_no_frames_have_no_period() -> None:
    assert np.abs(measured(np.zeros(RATE, np.float32), 10).at(np.array([100.0]), tolerance=0.1)).max() == 0
    assert measured(np.zeros(0, np.float32)).at(np.array([100.0]), tolerance=0.1).shape == (0, 1)
