"""What generated clips go through before they are heard: effort, codecs, leaks of an accompaniment."""

import numpy as np
import pytest
from numpy.typing import NDArray

from singalike.audio.separation import RepetSimSeparator
from singalike.embeddings.training.backing_leak import leak, separated
from singalike.embeddings.training.clip_plan import plan_singing
from singalike.embeddings.training.effort import (
    FARTHEST,
    draw_effort,
    exert,
    formant_scale,
    open_jaw,
    sing_steadily,
    sing_with_effort,
    speak_with_effort,
    with_effort,
)
from singalike.embeddings.training.generator import LEVEL, SAMPLE_RATE, PseudoSinger, VoiceAnalysis, analyse_voice
from singalike.embeddings.training.lossy import CODECS, Codec, codec, round_trip
from singalike.embeddings.training.manners import Manner
from singalike.embeddings.training.melodies import scale_melody
from singalike.embeddings.voice_frames import analyse_frames
from tests.support.buzzing import buzzing_voice


@pytest.fixture(scope="module")
def voice() -> VoiceAnalysis:
    return analyse_voice(buzzing_voice(1.5, f0_hz=150.0))


def level(waveform: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(waveform**2)))


def best_lag(later: NDArray[np.float32], earlier: NDArray[np.float32]) -> int:
    """Samples by which the first sound lags behind the second."""
    size = 2 * len(earlier)
    correlation = np.fft.irfft(np.fft.rfft(later, size) * np.conj(np.fft.rfft(earlier, size)))
    peak = int(correlation.argmax())
    return peak if peak < size // 2 else peak - size


@pytest.mark.parametrize("chosen", CODECS, ids=lambda chosen: chosen.encoder)
def test_a_codec_keeps_time_and_most_of_the_sound(chosen: Codec) -> None:
    clip = buzzing_voice(1.5, vibrato_semitones=0.8, breath=0.2)

    heard = round_trip(clip, chosen, chosen.kbit_s[1])

    assert heard.shape == clip.shape
    assert abs(best_lag(heard, clip)) <= 4
    assert np.corrcoef(heard, clip)[0, 1] > 0.9


@pytest.mark.parametrize("chosen", CODECS, ids=lambda chosen: chosen.encoder)
def test_fewer_bits_lose_more(chosen: Codec) -> None:
    clip = buzzing_voice(1.5, vibrato_semitones=0.8, breath=0.2)
    low, high = chosen.kbit_s

    poor, good = (np.mean((round_trip(clip, chosen, kbit_s) - clip) ** 2) for kbit_s in (low, high))

    assert poor > good


def test_a_random_codec_is_the_same_for_the_same_chance_and_keeps_the_level() -> None:
    clip = buzzing_voice(1.0)

    first, again = (codec(clip, np.random.default_rng(4)) for _ in range(2))

    np.testing.assert_array_equal(first, again)
    assert level(first) == pytest.approx(LEVEL, rel=1e-3)


def test_a_leak_lies_10_to_26_db_below_the_voice() -> None:
    clip = buzzing_voice(1.5)

    for seed in range(3):
        heard = leak(clip, np.random.default_rng(seed))
        voice_share = float(heard @ clip / (clip @ clip))
        rest_db = 20 * np.log10(level(heard - voice_share * clip) / level(voice_share * clip))

        assert heard.shape == clip.shape
        assert -28.0 < rest_db < -8.0
        assert level(heard) == pytest.approx(LEVEL, rel=1e-3)


def test_a_separated_clip_stays_where_it_was() -> None:
    clip = buzzing_voice(1.5, vibrato_semitones=0.8)

    heard = separated(clip, RepetSimSeparator(), np.random.default_rng(2))

    assert heard.shape == clip.shape
    assert abs(best_lag(heard, clip)) <= 4
    assert level(heard) == pytest.approx(LEVEL, rel=1e-3)


def test_efforts_are_drawn_around_zero_and_never_scream() -> None:
    rng = np.random.default_rng(0)

    efforts = np.array([draw_effort(rng) for _ in range(400)])

    assert abs(efforts.mean()) < 0.15
    assert 0.8 < efforts.std() < 1.1
    assert np.abs(efforts).max() <= FARTHEST


def test_no_effort_changes_nothing(voice: VoiceAnalysis) -> None:
    assert with_effort(Manner(), 0.0) == Manner()
    np.testing.assert_allclose(open_jaw(voice, 0.0).log_envelope, voice.log_envelope, atol=1e-4)


def test_effort_moves_all_its_cues_together(voice: VoiceAnalysis) -> None:
    plan = plan_singing(
        voice.f0_hz, 50.0, Manner(), scale_melody(np.random.default_rng(1)), np.random.default_rng(1), 2
    )

    soft, strained = (with_effort(Manner(), effort) for effort in (-1.0, 1.0))
    lifted = exert(plan, 1.0)

    assert soft.tilt_db_per_octave < 0.0 < strained.tilt_db_per_octave
    assert soft.breathiness < 1.0 < strained.breathiness
    assert soft.note_scale < 1.0 < strained.note_scale
    assert np.nanmedian(lifted.midi_pitch - plan.midi_pitch) == pytest.approx(2.0)
    assert np.median(lifted.level_db - plan.level_db) == pytest.approx(5.0)


def test_effort_moves_the_first_formant_and_leaves_the_upper_ones() -> None:
    hz = np.array([300.0, 700.0, 1_600.0, 2_600.0])

    moved = formant_scale(hz, 2.0)

    assert moved[:2] == pytest.approx(np.exp(0.06))
    assert moved[2:] == pytest.approx(1.0)


def test_a_strained_clip_is_brighter_than_a_soft_one(voice: VoiceAnalysis) -> None:
    melody = scale_melody(np.random.default_rng(1))
    for spoken in (False, True):
        centroids = []
        for effort in (-2.0, 2.0):
            rng, singer = np.random.default_rng(3), PseudoSinger(1.0)
            clip = (
                speak_with_effort(voice, singer, Manner(), effort, rng, 1.5)
                if spoken
                else sing_with_effort(voice, singer, Manner(), melody, effort, rng, 1.5)
            )
            mel = np.exp(analyse_frames(clip).log_mel)
            centroids.append(float((mel * np.arange(80)).sum() / mel.sum()))
            assert len(clip) == 1.5 * SAMPLE_RATE

        assert centroids[1] > centroids[0] + 1.0


def test_a_steady_effort_brightens_a_song_and_moves_no_note(voice: VoiceAnalysis) -> None:
    melody, singer = scale_melody(np.random.default_rng(1)), PseudoSinger(1.0)

    soft, strained = (
        sing_steadily(voice, singer, Manner(), melody, effort, np.random.default_rng(3), 1.5) for effort in (-1.0, 1.0)
    )
    lifted = sing_with_effort(voice, singer, Manner(), melody, 1.0, np.random.default_rng(3), 1.5)

    def pitch(waveform: NDArray[np.float32]) -> float:
        return float(np.median(analyse_voice(waveform).f0_hz[50:150]))

    assert pitch(strained) == pytest.approx(pitch(soft), rel=0.03)
    assert pitch(lifted) > pitch(strained) * 1.05
