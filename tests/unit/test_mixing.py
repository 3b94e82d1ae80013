"""A converted vocal back in its song: balance, key and peaks."""

import numpy as np
import pytest

from singalike.audio.loudness import measure_loudness
from singalike.audio.sound import Sound
from singalike.conversion.finishing import finish
from singalike.conversion.key_shift import shift_key
from singalike.conversion.limiter import BLOCK_S, CEILING_DBTP, limit_true_peak, measure_true_peak
from singalike.conversion.mixing import follow_loudness, remix
from singalike.conversion.watermark import detect
from singalike.errors import InvalidInputError
from tests.support.buzzing import buzzing_voice

RATE = 16_000


def voice(f0_hz: float, duration_s: float = 4.0) -> Sound:
    return Sound(buzzing_voice(duration_s, f0_hz)[None], RATE)


def tone(hz: float, amplitude: float = 0.3, duration_s: float = 3.0, rate: int = 44_100) -> Sound:
    time_s = np.arange(round(duration_s * rate)) / rate
    return Sound((amplitude * np.sin(2 * np.pi * hz * time_s))[None].astype(np.float32), rate)


def level_db(waveform: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(waveform, dtype=np.float64))))


def test_a_vocal_takes_the_loudness_of_its_source_at_every_moment() -> None:
    source = voice(200.0)
    swell = np.interp(np.arange(4 * RATE), [0, 2 * RATE, 4 * RATE], [0.3, 2.0, 0.3]).astype(np.float32)
    converted = Sound(voice(260.0).waveform * swell, RATE)

    followed = follow_loudness(converted, source)

    for start in range(RATE // 2, 3 * RATE, RATE // 2):
        part = slice(start, start + RATE // 2)
        assert level_db(followed.waveform[:, part]) == pytest.approx(level_db(source.waveform[:, part]), abs=1.0)


def test_what_sounds_in_a_rest_of_the_source_is_not_raised() -> None:
    source = voice(200.0)
    source.waveform[:, 2 * RATE :] = 0.0
    converted = Sound(0.1 * voice(260.0).waveform, RATE)

    followed = follow_loudness(converted, source).waveform

    assert np.all(np.abs(followed[:, 3 * RATE :]) <= np.abs(converted.waveform[:, 3 * RATE :]) + 1e-7)


def test_the_balance_and_the_place_of_the_voice_are_those_of_the_song() -> None:
    sung = voice(200.0).waveform
    source = Sound(np.concatenate([sung, 0.5 * sung]), RATE)
    accompaniment = Sound(np.zeros_like(source.waveform), RATE)

    mix = remix(Sound(0.4 * voice(260.0).waveform, RATE), source, accompaniment)

    assert measure_loudness(mix) == pytest.approx(measure_loudness(source), abs=1.0)
    assert np.allclose(mix.waveform[1], 0.5 * mix.waveform[0], atol=1e-6)


def test_the_accompaniment_passes_unchanged_and_keeps_its_length() -> None:
    random = np.random.default_rng(0)
    accompaniment = Sound(random.standard_normal((2, 5 * RATE), np.float32), RATE)
    silence = Sound(np.zeros((1, 4 * RATE), np.float32), RATE)

    mix = remix(silence, silence, accompaniment)

    assert np.array_equal(mix.waveform, accompaniment.waveform)


TWO_CHANNELS = Sound(np.zeros((2, 4 * RATE), np.float32), RATE)


@pytest.mark.parametrize(
    ("vocal", "accompaniment"),
    [(voice(200.0, 3.0), voice(200.0)), (voice(200.0), tone(200.0)), (TWO_CHANNELS, voice(200.0))],
)
def test_sounds_that_do_not_belong_together_are_refused(vocal: Sound, accompaniment: Sound) -> None:
    with pytest.raises(InvalidInputError) as refused:
        remix(vocal, voice(200.0), accompaniment)

    assert refused.value.reason == "SOUNDS_DIFFER"


def test_a_peak_between_the_samples_is_seen() -> None:
    rate = 48_000
    angles = 2 * np.pi * (rate / 4) * np.arange(rate) / rate + np.pi / 4
    fade = np.hanning(rate)

    peak_db = measure_true_peak(Sound((np.sin(angles) * fade)[None].astype(np.float32), rate))

    # The samples of this tone reach 0.707 of its swing, -3 dB.
    assert peak_db == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("gain", [1.5, 4.0])
def test_no_true_peak_passes_the_ceiling(gain: float) -> None:
    random = np.random.default_rng(1)
    loud = Sound((gain * random.standard_normal((2, 5 * 44_100)) * 0.4).astype(np.float32), 44_100)

    limited = limit_true_peak(loud)

    assert CEILING_DBTP - 0.5 < measure_true_peak(limited) <= CEILING_DBTP


@pytest.mark.parametrize("gain", [0.05, 3.0])
def test_a_finished_mix_is_marked_and_under_the_ceiling(gain: float) -> None:
    key, random = b"a key for finished mixes", np.random.default_rng(2)
    mix = Sound((gain * random.standard_normal((2, 12 * 22_050))).astype(np.float32), 22_050)

    finished = finish(mix, key, 99)

    assert measure_true_peak(finished) <= CEILING_DBTP
    assert detect(finished, key).payload == 99


def test_the_limiter_leaves_alone_what_is_far_from_any_peak() -> None:
    sound = tone(440.0, 0.5)
    sound.waveform[0, 66_000] = 1.5

    limited = limit_true_peak(sound)

    assert np.array_equal(limited.waveform[:, :64_000], sound.waveform[:, :64_000])
    assert np.array_equal(limited.waveform[:, 68_000:], sound.waveform[:, 68_000:])
    assert measure_true_peak(limited) <= CEILING_DBTP


def test_what_is_quiet_passes_the_limiter_to_the_bit() -> None:
    sound = tone(440.0, 0.8)

    assert np.array_equal(limit_true_peak(sound).waveform, sound.waveform)


def test_the_blocks_of_the_limiter_do_not_show() -> None:
    border = round(BLOCK_S * 44_100)
    sound = tone(100.0, 1.4)

    gains = limit_true_peak(sound).waveform[0] / np.where(sound.waveform[0] == 0.0, 1.0, sound.waveform[0])

    steady = gains[border - 400 : border + 400]
    assert np.ptp(steady[np.abs(sound.waveform[0, border - 400 : border + 400]) > 0.1]) < 1e-3


@pytest.mark.parametrize("semitones", [-5.0, 3.5])
def test_the_key_moves_and_the_time_does_not(semitones: float) -> None:
    pytest.importorskip("python_stretch")
    sound = tone(440.0)

    moved = shift_key(sound, semitones)

    spectrum = np.abs(np.fft.rfft(moved.waveform[0, 22_050:-22_050] * np.hanning(2 * 44_100), 1 << 20))
    cents = 1200 * np.log2(np.argmax(spectrum) * 44_100 / (1 << 20) / 440.0)
    assert moved.waveform.shape == sound.waveform.shape
    assert cents == pytest.approx(100 * semitones, abs=8.0)


def test_an_attack_stays_where_it_is_in_both_channels() -> None:
    pytest.importorskip("python_stretch")
    clicks = np.zeros((2, 88_200), np.float32)
    clicks[:, 44_100] = 1.0, 0.5

    moved = shift_key(Sound(clicks, 44_100), 4.0).waveform

    assert abs(int(np.argmax(np.abs(moved[0]))) - 44_100) < 90
    assert np.allclose(moved[1], 0.5 * moved[0], atol=1e-4)


def test_no_shift_changes_nothing_and_a_wild_one_is_refused() -> None:
    sound = tone(440.0, duration_s=0.1)

    assert shift_key(sound, 0.0) is sound
    for wild in (25.0, float("nan")):
        with pytest.raises(InvalidInputError) as refused:
            shift_key(sound, wild)
        assert refused.value.reason == "KEY_SHIFT_TOO_FAR"


def test_long_music_is_moved_in_stretches_that_meet_in_its_pauses() -> None:
    pytest.importorskip("python_stretch")
    rate, pause = 16_000, slice(26 * 16_000, 26 * 16_000 + 1600)
    sound = tone(440.0, duration_s=50.0, rate=rate)
    sound.waveform[0, pause] = 0.0
    shares: list[float] = []

    moved = shift_key(sound, -3.0, shares.append).waveform

    steady = np.concatenate([moved[0, 8000 : pause.start - 3200], moved[0, pause.stop + 3200 : -8000]])
    levels = np.array([level_db(part) for part in np.array_split(steady, 400)])
    assert np.ptp(levels) < 0.5
    assert len(shares) == 2
    assert shares[-1] == 1.0
