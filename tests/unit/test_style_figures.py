"""Figures of style on sounds whose course and spectrum are known."""

import numpy as np
import pytest

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.style_features import FEATURES, style_features
from singalike.embeddings.voice_frames import VoiceFrames, analyse_frames
from tests.support.buzzing import SAMPLE_RATE, buzzing_voice, steady_pitch


def figures(frames: VoiceFrames, pitch: PitchTrack) -> dict[str, float]:
    return dict(zip(FEATURES, style_features(frames, pitch).tolist(), strict=True))


def with_pauses(seconds: float = 4.0) -> tuple[VoiceFrames, PitchTrack]:
    """A voice that sounds for 0.6 s of every second and is silent for the rest."""
    sound = buzzing_voice(seconds)
    sound[np.arange(len(sound)) / SAMPLE_RATE % 1.0 >= 0.6] = 0.0
    pitch = steady_pitch(seconds)
    pitch.f0_hz[np.arange(len(pitch.f0_hz)) * pitch.hop_s % 1.0 >= 0.6] = np.nan
    return analyse_frames(sound), pitch


def test_every_figure_has_a_name_of_its_own() -> None:
    assert len(set(FEATURES)) == len(FEATURES)


def test_a_pitch_that_rises_all_the_way_is_lower_at_first_and_higher_at_last() -> None:
    rising = steady_pitch(3.0)
    rising.f0_hz[:] *= 2.0 ** np.linspace(0.0, 0.5, len(rising.f0_hz))

    told = figures(analyse_frames(buzzing_voice(3.0)), rising)

    assert told["pitch_at_first"] == pytest.approx(-2.0, abs=0.1)
    assert told["pitch_at_last"] == pytest.approx(2.0, abs=0.1)
    assert told["pitch_bend"] == pytest.approx(0.0, abs=0.1)
    assert told["pitch_course"] == pytest.approx(3.0, abs=0.1)
    assert np.isnan(told["fall_mean"])


def test_an_arch_bends_upwards() -> None:
    arch = steady_pitch(3.0)
    arch.f0_hz[:] *= 2.0 ** (np.sin(np.linspace(0.0, np.pi, len(arch.f0_hz))) / 3.0)

    assert figures(analyse_frames(buzzing_voice(3.0)), arch)["pitch_bend"] > 1.0


def test_pauses_and_phrases_are_measured_in_seconds() -> None:
    told = figures(*with_pauses())

    assert told["pausing_share"] == pytest.approx(1.2 / 3.6, abs=0.05)
    assert np.exp(told["gap_log_s"]) - 0.02 == pytest.approx(0.4, abs=0.03)
    assert np.exp(told["voiced_run_log_longest_s"]) - 0.05 == pytest.approx(0.6, abs=0.03)


def test_a_voice_without_pauses_has_no_gap_to_measure() -> None:
    told = figures(analyse_frames(buzzing_voice(2.0)), steady_pitch(2.0))

    assert told["pausing_share"] == 0.0
    assert np.isnan(told["gap_log_s"])


def test_a_trembling_level_moves_power_into_the_band_of_its_rate() -> None:
    still, time_s = buzzing_voice(4.0), np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    trembling = (still * (1.0 + 0.5 * np.sin(2.0 * np.pi * 8.0 * time_s))).astype(np.float32)

    told = figures(analyse_frames(trembling), steady_pitch(4.0))

    assert np.exp(told["modulation_log_6_12_hz"]) > 0.8
    assert np.exp(told["modulation_log_2_6_hz"]) < 0.2


def test_a_voice_that_swells_is_softer_at_first() -> None:
    sound = buzzing_voice(3.0)
    swelling = (sound * 10.0 ** np.linspace(-0.5, 0.5, len(sound))).astype(np.float32)

    told = figures(analyse_frames(swelling), steady_pitch(3.0))

    assert told["level_at_first_db"] < -5.0
    assert told["level_at_last_db"] > 5.0


def test_a_dull_voice_has_its_power_low_and_its_centroid_too() -> None:
    sound = buzzing_voice(2.0)
    dull = np.convolve(sound, np.ones(9) / 9.0, mode="same").astype(np.float32)

    clear_told, dull_told = (figures(analyse_frames(one), steady_pitch(2.0)) for one in (sound, dull))

    assert dull_told["low_over_high_power_db_mean"] > clear_told["low_over_high_power_db_mean"] + 3.0
    assert dull_told["centroid_mel_mean"] < clear_told["centroid_mel_mean"]


def test_breath_fills_the_valleys_between_harmonics() -> None:
    clear, breathy = (
        figures(analyse_frames(buzzing_voice(2.0, f0_hz=300.0, breath=breath)), steady_pitch(2.0, f0_hz=300.0))
        for breath in (0.001, 2.0)
    )

    assert breathy["harmonics_over_valleys_db"] < clear["harmonics_over_valleys_db"] - 1.0
    assert breathy["flatness_mean"] > clear["flatness_mean"]
