"""A synthetic singer: the voice has the pitch, the formants and the level that its parameters promise."""

from dataclasses import replace

import numpy as np
import pytest
import pyworld

from singalike.audio.pitch import hz_to_midi
from singalike.audio.sound import Sound
from singalike.audio.synthesis import Melody, Note, SingerVoice, draw_singer, sing, vary_singer
from singalike.audio.synthesis.tract import FORMANTS_HZ, formants_hz
from singalike.errors import InvalidInputError

FORMANT_TOLERANCE = 0.09
"""Harmonics 70 Hz apart and the slope of the source shift a measured peak by a few percent."""
LEVEL_TOLERANCE_DB = 1.5


@pytest.fixture
def male() -> SingerVoice:
    return draw_singer(np.random.default_rng(5), "male")


def steady(voice: SingerVoice, vowel: str, midi_pitch: float, seconds: float = 1.5) -> Sound:
    """Sing one long vowel."""
    melody = Melody((Note(midi_pitch, 0.1, seconds - 0.2, vowel),), seconds)
    calm = replace(voice, vibrato_cents=0.0, scoop_cents=0.0, drift_cents=0.0, jitter=0.001, shimmer_db=0.0)
    return sing(calm, melody, rng=np.random.default_rng(0))


def envelope_peaks_hz(sound: Sound) -> np.ndarray:
    """Return the peaks of the mean WORLD envelope of the middle of a sound, in Hz."""
    waveform = sound.waveform[0].astype(np.float64)
    f0_hz, times_s = pyworld.harvest(waveform, sound.sample_rate, f0_floor=50.0, f0_ceil=500.0)
    envelope = np.log(pyworld.cheaptrick(waveform, f0_hz, times_s, sound.sample_rate, f0_floor=45.0))
    mean = envelope[len(envelope) // 3 : 2 * len(envelope) // 3].mean(axis=0)
    peaks = np.flatnonzero((mean[1:-1] > mean[:-2]) & (mean[1:-1] > mean[2:])) + 1
    return peaks * sound.sample_rate / (2.0 * (len(mean) - 1))


def test_the_same_seed_sings_the_same_samples(male: SingerVoice) -> None:
    melody = Melody((Note(50, 0.2, 0.5, "a", "s"), Note(53, 0.8, 0.5, "i", "m")), 1.5)

    first = sing(male, melody, rng=np.random.default_rng(3))
    again = sing(male, melody, rng=np.random.default_rng(3))
    other = sing(male, melody, rng=np.random.default_rng(4))

    assert first.waveform.tobytes() == again.waveform.tobytes()
    assert first.waveform.tobytes() != other.waveform.tobytes()


def test_the_same_seed_draws_the_same_singer() -> None:
    assert draw_singer(np.random.default_rng(9)) == draw_singer(np.random.default_rng(9))
    assert draw_singer(np.random.default_rng(9)) != draw_singer(np.random.default_rng(10))


def test_a_relative_is_closer_than_a_stranger(male: SingerVoice) -> None:
    sibling = vary_singer(male, np.random.default_rng(1), 0.2)
    cousin = vary_singer(male, np.random.default_rng(1), 1.0)

    assert 0.0 < abs(sibling.tract_cm - male.tract_cm) < abs(cousin.tract_cm - male.tract_cm)


@pytest.mark.parametrize("sample_rate", [16_000, 24_000, 44_100, 48_000])
def test_every_sample_rate_gives_finite_sound_of_the_right_length(male: SingerVoice, sample_rate: int) -> None:
    melody = Melody((Note(50, 0.05, 0.3, "a", "t"), Note(52, 0.4, 0.3, "o", "sh")), 0.8)

    sound = sing(male, melody, sample_rate)

    assert sound.waveform.shape == (1, round(0.8 * sample_rate))
    assert sound.waveform.dtype == np.float32
    assert np.isfinite(sound.waveform).all()
    assert np.abs(sound.waveform).max() < 1.0


def test_all_singers_are_equally_loud() -> None:
    rng = np.random.default_rng(2)

    for _ in range(12):
        voice = draw_singer(rng)
        sound = steady(voice, "a", voice.centre_midi)
        middle = sound.cut(0.4, 1.1).waveform
        level_db = 10.0 * np.log10(np.mean(middle**2))

        assert level_db == pytest.approx(-20.0, abs=LEVEL_TOLERANCE_DB)


@pytest.mark.parametrize("vowel", ["a", "e", "i", "o"])
def test_formants_are_where_the_voice_puts_them(male: SingerVoice, vowel: str) -> None:
    plain = replace(male, nasality_db=0.0, singers_formant_db=0.0, hollow_db=0.0, bandwidth_ratio=0.8)
    expected = formants_hz(plain, vowel, 11_000.0)[:2]

    peaks = envelope_peaks_hz(steady(plain, vowel, 37.0))

    for formant in expected:
        assert np.abs(peaks / formant - 1.0).min() < FORMANT_TOLERANCE


def test_a_longer_tract_lowers_every_formant_by_the_same_ratio(male: SingerVoice) -> None:
    longer = replace(male, tract_cm=male.tract_cm * 1.1)

    for vowel in FORMANTS_HZ:
        ratio = formants_hz(male, vowel, 8_000.0)[:5] / formants_hz(longer, vowel, 8_000.0)[:5]

        np.testing.assert_allclose(ratio, 1.1, rtol=1e-9)


def test_vibrato_has_its_rate_and_extent(male: SingerVoice) -> None:
    voice = replace(
        male, vibrato_hz=5.5, vibrato_cents=60.0, vibrato_delay_s=0.1, drift_cents=0.0, scoop_cents=0.0, jitter=0.001
    )
    sound = sing(voice, Melody((Note(52, 0.1, 2.8, "a"),), 3.0), rng=np.random.default_rng(0))

    f0_hz, times_s = pyworld.harvest(sound.waveform[0].astype(np.float64), sound.sample_rate, frame_period=5.0)
    cents = 100.0 * (hz_to_midi(f0_hz[(times_s > 0.8) & (times_s < 2.8)]) - 52.0)
    spectrum = np.abs(np.fft.rfft((cents - cents.mean()) * np.hanning(len(cents)), 4096))
    rate_hz = float(np.argmax(spectrum)) / (4096 * 0.005)

    assert rate_hz == pytest.approx(5.5, abs=0.4)
    assert 0.5 * np.ptp(cents) == pytest.approx(60.0, abs=12.0)


def test_a_breathy_voice_has_more_noise_above_five_kilohertz(male: SingerVoice) -> None:
    clean, breathy = (
        steady(replace(male, breathiness_db=level), "a", 50.0).waveform[0, 8_000:28_000] for level in (-38.0, -10.0)
    )

    high_share = [np.sum(np.abs(np.fft.rfft(sound))[5_000:] ** 2) / np.sum(sound**2) for sound in (clean, breathy)]

    assert high_share[1] > 5.0 * high_share[0]


def test_unvoiced_consonants_interrupt_the_voice(male: SingerVoice) -> None:
    notes = (Note(50, 0.1, 0.5, "a"), Note(50, 0.61, 0.5, "a", "s"))

    sound = sing(male, Melody(notes, 1.3), rng=np.random.default_rng(0))

    hiss = np.abs(np.fft.rfft(sound.cut(0.52, 0.58).waveform[0]))
    assert hiss[: len(hiss) // 6].max() < 0.2 * hiss[len(hiss) // 6 :].max()


def test_an_empty_melody_is_refused(male: SingerVoice) -> None:
    with pytest.raises(InvalidInputError) as refused:
        sing(male, Melody((), 1.0))

    assert refused.value.reason == "MELODY_EMPTY"


def test_an_unsupported_sample_rate_is_refused(male: SingerVoice) -> None:
    with pytest.raises(InvalidInputError) as refused:
        sing(male, Melody((Note(50, 0, 0.5),), 1.0), 8_000)

    assert refused.value.reason == "SAMPLE_RATE_UNSUPPORTED"


def test_overlapping_notes_are_refused() -> None:
    with pytest.raises(InvalidInputError) as refused:
        Melody((Note(50, 0.0, 0.5), Note(52, 0.4, 0.5)), 1.0)

    assert refused.value.reason == "MELODY_OVERLAPS"
