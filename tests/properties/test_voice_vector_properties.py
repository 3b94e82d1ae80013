"""What holds for every voice, on synthetic voices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singalike.embeddings.projection import frame_statistics, unit
from singalike.embeddings.style import StyleEncoder
from singalike.embeddings.timbre import TimbreEncoder
from singalike.embeddings.voice_gender import VoiceGenderClassifier
from tests.support.buzzing import buzzing_voice, steady_pitch


@settings(max_examples=15)
@given(
    f0_hz=st.floats(90.0, 500.0),
    tract=st.floats(0.8, 1.3),
    breath=st.floats(0.0, 0.5),
    gain=st.floats(1e-3, 3.0),
    duration_s=st.floats(0.3, 1.5),
)
def test_every_voice_has_unit_vectors_and_a_probability(
    f0_hz: float, tract: float, breath: float, gain: float, duration_s: float
) -> None:
    timbre, style, voice_gender = TimbreEncoder.load(), StyleEncoder.load(), VoiceGenderClassifier.load()
    waveform = buzzing_voice(duration_s, f0_hz, tract, breath=breath) * np.float32(gain)

    frames, pitch = timbre.analyse(waveform), steady_pitch(duration_s, f0_hz)

    assert np.linalg.norm(timbre.embed(frames)) == pytest.approx(1.0, abs=1e-5)
    assert np.linalg.norm(style.embed(frames, pitch)) == pytest.approx(1.0, abs=1e-5)
    assert 0.0 <= voice_gender.female_probability(frames, pitch) <= 1.0


@settings(max_examples=30)
@given(order=st.permutations(range(40)))
def test_the_order_of_frames_moves_only_the_statistics_of_change(order: list[int]) -> None:
    frames = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)

    here, there = (frame_statistics(f).reshape(7, 3) for f in (frames, frames[order]))

    np.testing.assert_allclose(np.delete(here, 2, 0), np.delete(there, 2, 0), atol=1e-5)


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=8).filter(lambda v: np.linalg.norm(v) > 1e-3))
def test_unit_vectors_have_length_one(values: list[float]) -> None:
    assert np.linalg.norm(unit(np.array(values))) == pytest.approx(1.0, abs=1e-5)


@settings(max_examples=10)
@given(gain=st.floats(1e-3, 3.0), f0_hz=st.floats(100.0, 400.0))
def test_no_gain_moves_style(gain: float, f0_hz: float) -> None:
    timbre, style = TimbreEncoder.load(), StyleEncoder.load()
    waveform, pitch = buzzing_voice(1.0, f0_hz), steady_pitch(1.0, f0_hz)

    plain, louder = (style.embed(timbre.analyse(sound), pitch) for sound in (waveform, waveform * np.float32(gain)))

    np.testing.assert_allclose(plain, louder, atol=2e-3)
