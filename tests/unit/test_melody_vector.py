"""The melody vector's arithmetic: invariant to key and, nearly, to tempo; different for different melodies."""

import numpy as np
import pytest

from singalike.audio.pitch import PitchTrack, midi_to_hz
from singalike.embeddings.melody_vector import CosineFeatures, ShinglePreset, cut_shingles, kernel_mean, melody_vector
from singalike.embeddings.projection import Projection

HOP_S = 0.016
PRESET = ShinglePreset()
FEATURES = CosineFeatures.draw(PRESET)
PLAIN = Projection(np.zeros(1024, np.float32), np.eye(1024, 512, dtype=np.float32))
TUNE = np.array([60, 62, 64, 60, 67, 65, 64, 62, 60, 72, 71, 69, 67, 64, 65, 62], dtype=np.float64)
OTHER = np.array([60, 60, 55, 57, 57, 62, 62, 53, 64, 52, 60, 58, 57, 55, 53, 60], dtype=np.float64)


def sing(tune: np.ndarray, note_s: float = 0.5, transposed: float = 0.0) -> PitchTrack:
    midi_pitch = np.repeat(tune + transposed, round(note_s / HOP_S))
    return PitchTrack(midi_to_hz(midi_pitch).astype(np.float32), np.ones(len(midi_pitch), np.float32), HOP_S)


def similarity(a: PitchTrack, b: PitchTrack) -> float:
    means = [kernel_mean(track, PRESET, FEATURES) for track in (a, b)]
    assert means[0] is not None
    assert means[1] is not None
    return float(np.dot(means[0], means[1]) / np.linalg.norm(means[0]) / np.linalg.norm(means[1]))


def test_a_shingle_has_its_median_at_zero_and_no_wide_value() -> None:
    shingles = cut_shingles(sing(TUNE), PRESET)

    assert shingles.shape[1] == PRESET.points
    assert np.abs(shingles).max() <= PRESET.widest
    assert len(shingles) > 5 * 60


@pytest.mark.parametrize("semitones", [-7.0, -0.5, 3.0, 12.0])
def test_a_transposition_changes_nothing(semitones: float) -> None:
    vectors = [melody_vector(sing(TUNE, transposed=t), PRESET, FEATURES, PLAIN) for t in (0.0, semitones)]

    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-4)


def test_a_melody_is_nearer_to_itself_at_another_tempo_than_to_another_melody() -> None:
    assert similarity(sing(TUNE), sing(TUNE, note_s=0.55)) > similarity(sing(TUNE), sing(OTHER)) + 0.1


def test_a_vector_is_unit_length() -> None:
    assert np.linalg.norm(melody_vector(sing(TUNE), PRESET, FEATURES, PLAIN)) == pytest.approx(1.0, abs=1e-5)


def test_too_little_singing_has_the_zero_vector() -> None:
    short = sing(TUNE[:2])
    silent = PitchTrack(np.full(500, np.nan, np.float32), np.zeros(500, np.float32), HOP_S)

    for track in (short, silent, PitchTrack(np.zeros(0, np.float32), np.zeros(0, np.float32), HOP_S)):
        assert not melody_vector(track, PRESET, FEATURES, PLAIN).any()


def test_features_approximate_the_gaussian_kernel() -> None:
    a, b = np.zeros((1, PRESET.points), np.float32), np.full((1, PRESET.points), 0.4, np.float32)
    many = CosineFeatures.draw(ShinglePreset(features=65_536))

    estimate = 2 * float(np.mean(many.mean(a) * many.mean(b)))

    assert estimate == pytest.approx(np.exp(-(0.4**2) / (2 * PRESET.kernel_width**2)), abs=0.02)


def test_a_consonant_and_an_octave_slip_change_next_to_nothing() -> None:
    clean = sing(TUNE)
    heard = clean.f0_hz.copy()
    heard[100:110], heard[160:175] = np.nan, 2.0 * heard[160:175]

    slipped = PitchTrack(heard, clean.voicing, HOP_S)

    assert similarity(slipped, clean) > 0.995


def test_a_preset_saved_before_there_were_bridges_takes_the_track_as_it_is() -> None:
    saved = {name: value for name, value in PRESET.to_dict().items() if name != "bridged_s"}
    heard = sing(TUNE)
    heard.f0_hz[100:110] = np.nan

    missing = [np.sum(cut_shingles(heard, preset) == 0.0) for preset in (ShinglePreset.from_dict(saved), PRESET)]

    assert missing[0] > missing[1]


def test_a_preset_survives_json_values() -> None:
    assert ShinglePreset.from_dict({**PRESET.to_dict(), "tempos": list(PRESET.tempos)}) == PRESET
