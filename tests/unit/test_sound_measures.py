"""Resampling, loudness, activity, levels and the report on a recording."""

import math

import numpy as np
import pyloudnorm
import pytest

from singalike.audio.activity import detect_activity
from singalike.audio.f0 import reduce_octave_errors, track_with_dio, track_with_harvest
from singalike.audio.levels import measure_clipping, measure_signal_to_noise
from singalike.audio.loudness import PEAK_LIMIT, measure_loudness, normalize_loudness
from singalike.audio.pitch import PitchTrack
from singalike.audio.quality import assess_quality, give_advice
from singalike.audio.resample import resample
from singalike.audio.second_voice import second_voice_strength
from singalike.audio.sound import Sound, Waveform
from tests.support.recordings import tone

RATE = 16_000
LOUDNESS_TOLERANCE_LU = 0.1
SNR_TOLERANCE_DB = 2.0
CENTS_OF_A_QUARTER_TONE = 0.5
FRAME_S = 0.05


def sine(f_hz: float, duration_s: float, sample_rate: int, amplitude: float = 1.0) -> Sound:
    time_s = np.arange(round(duration_s * sample_rate)) / sample_rate
    return Sound((amplitude * np.sin(2 * np.pi * f_hz * time_s)).astype(np.float32)[None], sample_rate)


def phrase(gap_noise: float = 1e-3) -> Waveform:
    """Two seconds of voice, one of pause, two of voice, all over faint noise."""
    noise = np.random.default_rng(0).normal(0, gap_noise, (1, 5 * RATE)).astype(np.float32)
    voice = tone(2.0, RATE)
    return np.concatenate([voice, np.zeros((1, RATE), np.float32), voice], axis=1) + noise


def test_a_sine_at_full_scale_has_the_loudness_that_the_standard_names() -> None:
    loudness = measure_loudness(sine(997.0, 3.0, 48_000))

    assert loudness == pytest.approx(-3.01, abs=LOUDNESS_TOLERANCE_LU)


def test_a_short_sound_measures_like_a_long_one() -> None:
    short, long = measure_loudness(sine(997.0, 0.2, 48_000)), measure_loudness(sine(997.0, 3.0, 48_000))

    assert short == pytest.approx(long, abs=0.5)


@pytest.mark.parametrize(("sample_rate", "channels", "samples"), [(16_000, 1, 80_123), (44_100, 2, 90_000)])
def test_loudness_is_that_of_pyloudnorm(sample_rate: int, channels: int, samples: int) -> None:
    rng = np.random.default_rng(1)
    swell = np.sin(np.linspace(0, 9, samples)) ** 4  # loud and nearly silent blocks, so that both gates work
    waveform = (0.1 * swell * rng.normal(size=(channels, samples))).astype(np.float32)

    expected = pyloudnorm.Meter(sample_rate).integrated_loudness(waveform.T)

    assert measure_loudness(Sound(waveform, sample_rate)) == pytest.approx(expected, abs=1e-3)


def test_normalisation_reaches_the_target_unless_peaks_forbid() -> None:
    quiet = sine(997.0, 3.0, 48_000, 0.01)
    spiky = Sound(quiet.waveform.copy(), 48_000)
    spiky.waveform[0, 1000] = 0.5

    assert measure_loudness(normalize_loudness(quiet)) == pytest.approx(-23.0, abs=LOUDNESS_TOLERANCE_LU)
    assert np.abs(normalize_loudness(spiky, target_lufs=-10.0).waveform).max() == pytest.approx(PEAK_LIMIT, abs=1e-6)


def test_silence_has_no_loudness_and_stays_as_it_is() -> None:
    silence = Sound(np.zeros((2, 4800), np.float32), 48_000)

    assert measure_loudness(silence) == -math.inf
    assert normalize_loudness(silence) is silence


def test_resampling_to_the_same_rate_returns_the_very_sound() -> None:
    sound = sine(220.0, 0.3, RATE)

    assert resample(sound, RATE) is sound


def test_a_sine_keeps_its_shape_when_resampled() -> None:
    resampled = resample(sine(440.0, 1.0, 44_100), RATE)

    inside = slice(RATE // 10, -RATE // 10)
    assert resampled.waveform.dtype == np.float32
    assert np.allclose(resampled.waveform[0, inside], sine(440.0, 1.0, RATE).waveform[0, inside], atol=1e-3)


def test_resampling_to_no_rate_is_an_error() -> None:
    with pytest.raises(ValueError, match="above zero"):
        resample(sine(440.0, 0.1, RATE), 0)


def test_activity_finds_the_voice_and_the_pause() -> None:
    activity = detect_activity(Sound(phrase(), RATE))

    assert activity.active_between(0.0, 2.0) == pytest.approx(2.0, abs=2 * FRAME_S)
    assert activity.active_between(2.0, 3.0) == pytest.approx(0.0, abs=4 * FRAME_S)
    assert activity.active_s == pytest.approx(4.0, abs=6 * FRAME_S)


@pytest.mark.parametrize("level", [0.3, 0.01])
def test_noise_alone_is_no_voice(level: float) -> None:
    noise = np.random.default_rng(1).normal(0, level, (1, 5 * RATE)).astype(np.float32)

    assert detect_activity(Sound(noise, RATE)).active_s < 0.25


def test_activity_of_one_sample_is_one_frame() -> None:
    activity = detect_activity(Sound(np.ones((1, 1), np.float32), RATE))

    assert activity.active.shape == (1,)


@pytest.mark.parametrize("wanted_db", [10.0, 20.0, 30.0])
def test_the_noise_meter_reads_what_was_added(wanted_db: float) -> None:
    voice = phrase(gap_noise=0.0)
    power = np.mean(tone(2.0, RATE) ** 2) * 10 ** (-wanted_db / 10)
    # The meter hears half of the band, so it meets half of white noise.
    noise = np.random.default_rng(2).normal(0, math.sqrt(2 * power), voice.shape)

    measured_db = measure_signal_to_noise(Sound((voice + noise).astype(np.float32), RATE))

    assert measured_db == pytest.approx(wanted_db, abs=SNR_TOLERANCE_DB)


def test_clipping_is_seen_and_clean_sound_is_not_accused() -> None:
    clean = tone(2.0, 44_100, 2)
    clipped = np.clip(clean, -0.2, 0.2)

    assert measure_clipping(Sound(clipped, 44_100)) > 0.05
    assert measure_clipping(Sound(clean, 44_100)) < 1e-3
    assert measure_clipping(Sound(np.zeros((1, 100), np.float32), 44_100)) == 0.0


def test_three_equal_samples_at_the_peak_are_clipped_and_two_are_not() -> None:
    waveform = np.zeros((2, 100), np.float32)
    waveform[0, 10:15] = 0.8
    waveform[0, 40:42] = 0.8
    waveform[1, 20:23] = -0.8
    waveform[1, 60:63] = (0.8, 0.79, 0.8)

    assert measure_clipping(Sound(waveform, 16_000)) == pytest.approx(8 / 200)


@pytest.mark.parametrize("tracker", [track_with_dio, track_with_harvest])
def test_a_known_pitch_is_tracked(tracker: object) -> None:
    assert callable(tracker)

    pitch = tracker(Sound(tone(1.0, RATE, f0_hz=196.0), RATE))

    middle = pitch.midi_pitch[20:80]
    assert np.nanmax(np.abs(middle - 55.0)) < CENTS_OF_A_QUARTER_TONE
    assert np.isfinite(middle).mean() > 0.95


def test_a_short_octave_error_is_repaired_and_a_sung_octave_is_kept() -> None:
    f0_hz = np.full(200, 200.0, np.float32)
    f0_hz[50:58] = 400.0
    f0_hz[120:] = 400.0
    track = PitchTrack(f0_hz, np.ones(200, np.float32), 0.01)

    repaired = reduce_octave_errors(track).f0_hz

    assert np.all(repaired[:120] == 200.0)
    assert np.all(repaired[120:] == 400.0)


def test_unvoiced_frames_stay_unvoiced() -> None:
    f0_hz = np.full(50, np.nan, np.float32)

    assert np.isnan(reduce_octave_errors(PitchTrack(f0_hz, np.zeros(50, np.float32), 0.01)).f0_hz).all()


def test_a_second_voice_leaves_more_behind_than_one() -> None:
    first, second = tone(3.0, RATE, f0_hz=220.0), tone(3.0, RATE, f0_hz=277.0)
    pitch = track_with_dio(Sound(first, RATE))

    alone = second_voice_strength(Sound(first, RATE), pitch)
    together = second_voice_strength(Sound(first + second, RATE), pitch)

    assert alone < 0.2
    assert together > 0.5


def test_a_good_recording_needs_no_advice() -> None:
    sound = Sound(np.tile(phrase(), (1, 3)), RATE)

    report = assess_quality(sound, track_with_dio(sound))

    assert report.advice == ()
    assert report.voiced_s == pytest.approx(12.0, abs=0.6)
    assert report.duration_s == 15.0
    assert not report.more_than_one_voice


def test_advice_says_how_many_seconds_are_missing_and_what_else_to_change() -> None:
    advice = give_advice(4.2, 8.0, 0.01, more_than_one_voice=True)

    assert "6 more seconds of clear voice" in advice[0]
    assert [word in text for word, text in zip(("one person", "quieter", "clipped"), advice[1:], strict=True)] == [
        True
    ] * 3
    assert "1 more second of" in give_advice(9.5, 30.0, 0.0, more_than_one_voice=False)[0]


def test_silence_is_reported_without_a_voice() -> None:
    silence = Sound(np.zeros((1, RATE), np.float32), RATE)
    pitch = PitchTrack(np.full(100, np.nan, np.float32), np.zeros(100, np.float32), 0.01)

    report = assess_quality(silence, pitch)

    assert report.voiced_s == 0.0
    assert report.advice
