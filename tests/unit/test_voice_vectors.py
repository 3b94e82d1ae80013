"""Frames, timbre, style and voice gender with the shipped checkpoints."""

from dataclasses import replace

import numpy as np
import pytest

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.style import StyleEncoder
from singalike.embeddings.style_features import FEATURES, span_features, style_features
from singalike.embeddings.style_pitch import pitch_on_frames
from singalike.embeddings.timbre import TimbreEncoder
from singalike.embeddings.voice_frames import analyse_frames
from singalike.embeddings.voice_gender import VoiceGenderClassifier, voice_gender_features
from singalike.errors import InvalidInputError
from tests.support.buzzing import SAMPLE_RATE, buzzing_voice, steady_pitch


@pytest.fixture(scope="module")
def timbre() -> TimbreEncoder:
    return TimbreEncoder.load()


@pytest.fixture(scope="module")
def style() -> StyleEncoder:
    return StyleEncoder.load()


def test_there_is_one_frame_every_ten_milliseconds() -> None:
    frames = analyse_frames(buzzing_voice(1.0))

    assert len(frames) == 101
    assert {len(part) for part in (frames.log_mel, frames.envelope, frames.level_db, frames.harmonicity)} == {101}


def test_a_timbre_vector_is_unit_float32_of_the_promised_length(timbre: TimbreEncoder) -> None:
    vector = timbre.embed(timbre.analyse(buzzing_voice()))

    assert vector.dtype == np.float32
    assert vector.shape == (timbre.dim,)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


def test_the_same_samples_give_the_same_bits(timbre: TimbreEncoder) -> None:
    voice = buzzing_voice()

    np.testing.assert_array_equal(timbre.embed(timbre.analyse(voice)), timbre.embed(timbre.analyse(voice.copy())))


@pytest.mark.parametrize("gain", [0.01, 0.5, 3.0])
def test_gain_does_not_move_timbre(timbre: TimbreEncoder, gain: float) -> None:
    voice = buzzing_voice()

    quiet = timbre.embed(timbre.analyse(voice * np.float32(gain)))

    np.testing.assert_allclose(quiet, timbre.embed(timbre.analyse(voice)), atol=1e-4)


def test_frames_cut_from_a_recording_are_its_own(timbre: TimbreEncoder) -> None:
    whole = timbre.analyse(buzzing_voice(3.0))

    part = whole.cut(1.0, 2.5)

    assert len(part) == 150
    np.testing.assert_array_equal(part.cepstra, whole.cepstra[100:250])
    np.testing.assert_array_equal(whole.cut(0.0, 99.0).envelope, whole.envelope)


def test_a_segment_has_nearly_the_timbre_of_the_same_stretch_analysed_alone(timbre: TimbreEncoder) -> None:
    voice = buzzing_voice(4.0)

    cut = timbre.embed(timbre.analyse(voice).cut(1.0, 3.0))

    alone = timbre.embed(timbre.analyse(voice[SAMPLE_RATE : 3 * SAMPLE_RATE]))
    assert cut @ alone > 0.9


def test_another_vocal_tract_is_farther_than_another_note(timbre: TimbreEncoder) -> None:
    here = timbre.embed(timbre.analyse(buzzing_voice(f0_hz=180.0)))

    higher = timbre.embed(timbre.analyse(buzzing_voice(f0_hz=202.0)))
    other = timbre.embed(timbre.analyse(buzzing_voice(f0_hz=180.0, tract=1.2)))

    assert here @ higher > here @ other


def test_silence_at_the_ends_hardly_moves_timbre(timbre: TimbreEncoder) -> None:
    voice = buzzing_voice(3.0)

    padded = timbre.embed(timbre.analyse(np.pad(voice, SAMPLE_RATE)))

    assert padded @ timbre.embed(timbre.analyse(voice)) > 0.98


def test_digital_silence_still_gives_a_finite_unit_vector(timbre: TimbreEncoder) -> None:
    vector = timbre.embed(timbre.analyse(np.zeros(SAMPLE_RATE, np.float32)))

    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


def test_too_short_a_sound_is_refused_in_words(timbre: TimbreEncoder) -> None:
    with pytest.raises(InvalidInputError) as short:
        timbre.analyse(np.zeros(100, np.float32))
    with pytest.raises(InvalidInputError) as cut:
        timbre.embed(timbre.analyse(buzzing_voice(1.0)).cut(0.5, 0.55))

    assert short.value.reason == cut.value.reason == "TOO_SHORT"


def test_a_stereo_waveform_is_refused(timbre: TimbreEncoder) -> None:
    with pytest.raises(InvalidInputError) as refused:
        timbre.analyse(np.zeros((2, SAMPLE_RATE), np.float32))

    assert refused.value.reason == "WAVEFORM_SHAPE"


def test_harmonicity_of_a_moment_does_not_depend_on_what_comes_long_after() -> None:
    long = buzzing_voice(6.0)

    whole, begun = (analyse_frames(sound).harmonicity for sound in (long, long[: 2 * 16_000]))

    np.testing.assert_allclose(whole[:190], begun[:190], atol=1e-5)


def test_breath_lowers_harmonicity() -> None:
    clear, breathy = (analyse_frames(buzzing_voice(breath=breath)).harmonicity for breath in (0.001, 2.0))

    assert np.median(clear[:, 0]) > 0.9
    assert np.median(breathy[:, 0]) < np.median(clear[:, 0]) - 0.1
    assert np.median(breathy[:, 1]) < np.median(clear[:, 1]) - 0.1


def test_vibrato_is_measured_in_semitones_and_hertz() -> None:
    frames = analyse_frames(buzzing_voice(vibrato_semitones=0.5))
    pitch = steady_pitch(vibrato_semitones=0.5)

    figures = dict(zip(FEATURES, style_features(frames, pitch).tolist(), strict=True))

    assert np.exp(figures["vibrato_log_extent"]) == pytest.approx(0.5, abs=0.06)
    assert figures["vibrato_rate_hz"] == pytest.approx(5.5, abs=0.3)
    still = dict(zip(FEATURES, style_features(frames, steady_pitch()).tolist(), strict=True))
    assert np.exp(still["vibrato_log_extent"]) < 0.05


def test_parts_measured_together_give_what_each_gives_cut_out() -> None:
    frames = analyse_frames(buzzing_voice(5.0, vibrato_semitones=0.5))
    pitch = steady_pitch(5.0, vibrato_semitones=0.5)
    pitch.f0_hz[120:150] = pitch.f0_hz[310:] = np.nan
    spans = [(0.0, 2.0), (1.0, 3.0), (3.5, 4.5), (2.95, 3.08), (4.0, 5.0)]

    together = span_features(frames, pitch, spans)

    alone = [style_features(frames.cut(*span), pitch.cut(*span)) for span in spans]
    np.testing.assert_allclose(together, np.stack(alone), atol=1e-5, rtol=1e-5)


def test_a_timbre_vector_needs_no_harmonicity(timbre: TimbreEncoder) -> None:
    voice = buzzing_voice()

    np.testing.assert_array_equal(timbre.embed_waveform(voice), timbre.embed(timbre.analyse(voice)))


def test_style_is_unit_and_finite_even_without_a_voiced_frame(style: StyleEncoder) -> None:
    frames = analyse_frames(buzzing_voice())
    unvoiced = PitchTrack(np.full(200, np.nan, np.float32), np.zeros(200, np.float32), 0.01)

    vector = style.embed(frames, unvoiced)

    assert vector.shape == (style.dim,)
    assert np.isfinite(vector).all()
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-5)


def test_style_follows_the_manner_and_not_the_vocal_tract(style: StyleEncoder) -> None:
    def embed(tract: float, vibrato: float) -> np.ndarray:
        frames = analyse_frames(buzzing_voice(4.0, tract=tract, vibrato_semitones=vibrato))
        return style.embed(frames, steady_pitch(4.0, vibrato_semitones=vibrato))

    plain, other_singer, other_manner = embed(1.0, 0.0), embed(1.1, 0.0), embed(1.0, 0.8)

    assert plain @ other_singer > plain @ other_manner


def test_the_hop_of_a_pitch_track_does_not_matter_to_style(style: StyleEncoder) -> None:
    frames = analyse_frames(buzzing_voice(4.0, vibrato_semitones=0.5))
    fine = steady_pitch(4.0, vibrato_semitones=0.5)
    coarse = replace(fine, f0_hz=fine.f0_hz[::2], voicing=fine.voicing[::2], hop_s=0.02)

    assert style.embed(frames, fine) @ style.embed(frames, coarse) > 0.9


def test_a_pitch_track_is_read_where_the_frames_are() -> None:
    pitch = PitchTrack(np.array([np.nan, 220.0, 440.0], np.float32), np.ones(3, np.float32), 0.02)

    midi_pitch = pitch_on_frames(pitch, 5, 0.01)

    np.testing.assert_allclose(midi_pitch, [np.nan, np.nan, 57.0, 63.0, 69.0], atol=1e-4)


def test_a_long_vocal_tract_sounds_more_male_at_the_same_pitch() -> None:
    classifier = VoiceGenderClassifier.load()

    long, short = (
        classifier.female_probability(analyse_frames(buzzing_voice(tract=tract)), steady_pitch())
        for tract in (0.88, 1.15)
    )

    assert 0.0 < long < short < 1.0


def test_voice_gender_is_told_without_pitch_too() -> None:
    classifier = VoiceGenderClassifier.load()
    frames = analyse_frames(buzzing_voice())
    unvoiced = PitchTrack(np.full(200, np.nan, np.float32), np.zeros(200, np.float32), 0.01)

    assert 0.0 < classifier.female_probability(frames, unvoiced) < 1.0
    assert np.isnan(voice_gender_features(frames, unvoiced)[-3:]).all()
