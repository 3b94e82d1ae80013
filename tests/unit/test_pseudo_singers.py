"""The generator of invented singers, on a voice made of nothing but code."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from singalike.audio.pitch import hz_to_midi
from singalike.embeddings.training.clip_plan import HIGHEST_MIDI, LOWEST_MIDI, fold, plan_singing
from singalike.embeddings.training.clips import VariedClips, augment, seeded, varied_clips
from singalike.embeddings.training.generator import (
    LEVEL,
    SAMPLE_RATE,
    PseudoSinger,
    VoiceAnalysis,
    analyse_voice,
    invent_singer,
    render,
    sing,
)
from singalike.embeddings.training.manners import NAMED, Manner, random_manner, varied_manner
from singalike.embeddings.training.melodies import Melody, scale_melody
from singalike.embeddings.training.pitch_noise import tracked
from singalike.embeddings.voice_frames import analyse_frames
from tests.support.buzzing import buzzing_voice


@pytest.fixture(scope="module")
def voice() -> VoiceAnalysis:
    syllables = buzzing_voice(2.0, f0_hz=150.0) * (np.sin(np.arange(32_000) / 16_000 * 2 * np.pi * 2.0) > -0.6)
    return analyse_voice(syllables)


@pytest.fixture
def melody() -> Melody:
    return scale_melody(np.random.default_rng(1))


def test_the_same_seed_gives_the_same_samples(voice: VoiceAnalysis, melody: Melody) -> None:
    first, again = (
        [clip.waveform for clip in varied_clips(voice, "a", [melody], 3, VariedClips(warps=(1.1,), clips=2))]
        for _ in range(2)
    )

    assert len(first) == 3
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)


def test_steady_clips_come_after_those_that_are_drawn_without_them(voice: VoiceAnalysis, melody: Melody) -> None:
    def waveforms(settings: VariedClips) -> list[NDArray[np.float32]]:
        return [clip.waveform for clip in varied_clips(voice, "a", [melody], 3, settings)]

    plain = VariedClips(warps=(1.1,), clips=2, duration_s=0.5)

    without, beside = waveforms(plain), waveforms(replace(plain, clips=4, steady=2))

    assert len(beside) == len(without) + 2
    for one, other in zip(without, beside, strict=False):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(beside[-1], beside[-2])


def test_another_name_or_seed_draws_other_chance() -> None:
    draws = {seeded(seed, name).random() for seed in (0, 1) for name in ("a", "b", "ab")}

    assert len(draws) == 6


def test_a_clip_has_its_length_and_level(voice: VoiceAnalysis, melody: Melody) -> None:
    rng = np.random.default_rng(0)

    clip = sing(voice, invent_singer(1.0, rng), random_manner(rng), melody, rng, duration_s=2.0)

    assert len(clip) == 2 * SAMPLE_RATE
    assert np.sqrt(np.mean(clip**2)) == pytest.approx(LEVEL, rel=1e-3)


def test_a_warp_moves_the_formants_by_its_factor(voice: VoiceAnalysis, melody: Melody) -> None:
    plan = plan_singing(voice.f0_hz, voice.centre_midi, Manner(), melody, np.random.default_rng(0), 3.0)
    centroids = {}
    for warp in (1.0, 1.2):
        waveform = render(voice, PseudoSinger(warp), Manner(), plan, np.random.default_rng(5))
        mel = np.exp(analyse_frames(waveform).log_mel)
        centroids[warp] = float((mel * np.arange(80)).sum() / mel.sum())

    assert centroids[1.2] > centroids[1.0] + 1.0


def test_notes_outside_the_range_of_a_singer_move_by_octaves() -> None:
    pitch = np.array([20.0, 41.0, 60.0, 77.0, 90.0, 100.0])

    folded = fold(pitch)

    assert ((folded >= LOWEST_MIDI) & (folded <= HIGHEST_MIDI)).all()
    np.testing.assert_allclose((folded - pitch) % 12.0, 0.0)


def test_the_sung_pitch_is_the_planned_melody(voice: VoiceAnalysis) -> None:
    melody = Melody(np.full(20, 55.0), np.full(20, 0.5))
    manner = Manner(drift_semitones=0.0, jitter_semitones=0.0)

    plan = plan_singing(voice.f0_hz, 50.0, manner, melody, np.random.default_rng(2), 3.0)

    voiced = plan.midi_pitch[np.isfinite(plan.midi_pitch)]
    assert np.ptp(voiced) < 1e-6
    assert 49.0 <= voiced[0] <= 62.0


def test_vibrato_swings_by_its_extent_after_the_onset(voice: VoiceAnalysis) -> None:
    melody = Melody(np.full(9, 55.0), np.full(9, 1.0))
    manner = Manner(drift_semitones=0.0, jitter_semitones=0.0, vibrato_semitones=0.7)

    plan = plan_singing(voice.f0_hz, 50.0, manner, melody, np.random.default_rng(2), 4.0)

    voiced = plan.midi_pitch[np.isfinite(plan.midi_pitch)]
    assert np.ptp(voiced) == pytest.approx(1.4, abs=0.1)


def test_augmentation_keeps_length_and_level() -> None:
    clip = buzzing_voice(1.0)

    changed = augment(clip, np.random.default_rng(0))

    assert changed.shape == clip.shape
    assert np.sqrt(np.mean(changed**2)) == pytest.approx(LEVEL, rel=1e-3)
    assert not np.allclose(changed, clip, atol=1e-3)


def test_manners_stay_within_what_a_voice_can_do() -> None:
    rng = np.random.default_rng(0)

    manners = [*NAMED.values(), *(varied_manner(rng) for _ in range(50)), *(random_manner(rng) for _ in range(50))]

    assert all(0.3 < m.breathiness < 2.0 and 0.0 <= m.vibrato_semitones <= 1.0 and m.attack_s > 0 for m in manners)


def test_a_tracked_pitch_is_close_to_the_true_one_most_of_the_time() -> None:
    true = np.where(np.arange(600) % 100 < 80, 60.0, np.nan)

    for seed in range(10):
        track = tracked(true, 0.005, np.random.default_rng(seed))
        error = np.abs(track.midi_pitch - 60.0)

        assert track.hop_s * len(track.f0_hz) == pytest.approx(3.0, abs=0.05)
        assert np.nanmedian(error) < 0.2
        assert 0.6 < np.isfinite(track.f0_hz).mean() < 0.85


def test_the_analysis_finds_the_pitch_of_the_voice(voice: VoiceAnalysis) -> None:
    assert voice.centre_midi == pytest.approx(float(hz_to_midi(np.array([150.0]))[0]), abs=0.3)
