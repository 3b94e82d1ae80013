"""Invented singers who sing and speak with an expression, on a voice made of nothing but code."""

from dataclasses import replace

import numpy as np
import pytest

from singalike.embeddings.style_features import FEATURES, style_features
from singalike.embeddings.training.clips import PitchedClip
from singalike.embeddings.training.expressions import Expression, draw_expression, expression_table
from singalike.embeddings.training.expressive_clips import expressive_clip
from singalike.embeddings.training.generator import PseudoSinger, VoiceAnalysis, analyse_voice
from singalike.embeddings.training.manners import NAMED, Manner
from singalike.embeddings.training.melodies import scale_melody
from singalike.embeddings.voice_frames import analyse_frames
from tests.support.buzzing import buzzing_voice


@pytest.fixture(scope="module")
def voice() -> VoiceAnalysis:
    syllables = buzzing_voice(2.0, f0_hz=150.0) * (np.sin(np.arange(32_000) / 16_000 * 2 * np.pi * 2.0) > -0.6)
    return analyse_voice(syllables)


def perform(voice: VoiceAnalysis, expression: Expression, seed: int = 0, warp: float = 1.0) -> PitchedClip:
    rng = np.random.default_rng(seed)
    return expressive_clip(voice, PseudoSinger(warp), expression, [scale_melody(rng)], rng, 3.0)


def figures(clip: PitchedClip) -> dict[str, float]:
    values = style_features(analyse_frames(clip.waveform), clip.pitch)
    return dict(zip(FEATURES, values.tolist(), strict=True))


def test_a_clip_is_the_same_for_the_same_seed(voice: VoiceAnalysis) -> None:
    expression = draw_expression(np.random.default_rng(3))

    first, again = perform(voice, expression), perform(voice, expression)

    np.testing.assert_array_equal(first.waveform, again.waveform)
    np.testing.assert_array_equal(first.pitch.f0_hz, again.pitch.f0_hz)


def test_effort_flattens_the_spectrum_and_lifts_what_is_measured_of_it(voice: VoiceAnalysis) -> None:
    soft, loud = (figures(perform(voice, Expression(Manner(), effort=effort))) for effort in (-1.0, 1.0))

    assert loud["slope_db_mean"] > soft["slope_db_mean"] + 2.0
    assert loud["second_over_fourth_harmonic_db"] < soft["second_over_fourth_harmonic_db"]


@pytest.mark.parametrize("spoken", [True, False])
def test_the_register_moves_the_middle_of_the_pitch_by_semitones(voice: VoiceAnalysis, spoken: bool) -> None:
    low = Expression(Manner(), spoken=spoken, register_semitones=1.0)

    lower, higher = (perform(voice, one).pitch for one in (low, replace(low, register_semitones=8.0)))

    moved = np.nanmedian(higher.midi_pitch) - np.nanmedian(lower.midi_pitch)
    assert moved == pytest.approx(7.0, abs=1.0)


def test_the_end_of_a_phrase_falls_as_far_as_the_expression_says(voice: VoiceAnalysis) -> None:
    level, falling = (figures(perform(voice, Expression(Manner(), fall_semitones=fall))) for fall in (0.0, 5.0))

    assert falling["phrase_end_slope"] < level["phrase_end_slope"] - 1.0


def test_the_named_manners_are_sung_and_come_first_among_many_expressions() -> None:
    table = expression_table(60, np.random.default_rng(0))

    assert [one.manner for one in table[:4]] == list(NAMED.values())
    assert not any(one.spoken for one in table[:4])
    assert 10 <= sum(one.spoken for one in table) <= 40


def test_with_effort_goes_a_higher_register() -> None:
    rng = np.random.default_rng(0)
    table = [draw_expression(rng) for _ in range(400)]

    efforts, registers = np.array([[one.effort, one.register_semitones] for one in table if not one.spoken]).T

    assert np.corrcoef(efforts, registers)[0, 1] > 0.5
