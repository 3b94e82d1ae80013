"""From pitch posteriors to pitch tracks: fractions, leaps, pauses and octave errors."""

import numpy as np
import pytest

from singalike.embeddings.pitch_decoding import decode_pitch, viterbi_path, viterbi_paths
from singalike.embeddings.tcae import TcaePreset

PRESET = TcaePreset()
HOP_S = 0.016
CENTRES = PRESET.lowest_midi + np.arange(PRESET.pitch_bins) / PRESET.bins_per_semitone
TOLERANCE_CENTS = 5.0


def posterior(midi_pitch: np.ndarray, sharpness: float = 1.0) -> np.ndarray:
    return (-0.5 * sharpness * ((midi_pitch[:, None] - CENTRES) / 0.35) ** 2).astype(np.float32)


def voiced(frames: int) -> np.ndarray:
    return np.full(frames, 4.0, dtype=np.float32)


def test_pitches_between_the_bins_are_read_from_the_posterior() -> None:
    truth = np.linspace(50.0, 55.0, 300)

    heard = decode_pitch(posterior(truth), voiced(300), PRESET, HOP_S).midi_pitch

    np.testing.assert_allclose(100 * heard, 100 * truth, atol=TOLERANCE_CENTS)


@pytest.mark.parametrize("error", [-12.0, 12.0, 19.0])
def test_a_short_error_onto_a_harmonic_is_overruled_by_its_neighbours(error: float) -> None:
    truth = np.full(120, 60.0)
    # The wrong peak is higher, the right one still visible.
    logits = np.logaddexp(posterior(truth) - 1.0, -20.0)
    logits[50:56] = np.logaddexp(logits[50:56], posterior(truth[50:56] + error))

    heard = decode_pitch(logits.astype(np.float32), voiced(120), PRESET, HOP_S).midi_pitch

    np.testing.assert_allclose(heard, truth, atol=0.1)


def test_a_real_leap_is_followed() -> None:
    truth = np.concatenate([np.full(60, 55.0), np.full(60, 67.0)])

    heard = decode_pitch(posterior(truth), voiced(120), PRESET, HOP_S).midi_pitch

    np.testing.assert_allclose(heard, truth, atol=0.1)


def test_unvoiced_frames_are_nan_and_do_not_pull_the_path() -> None:
    truth = np.full(100, 60.0)
    logits = posterior(truth)
    logits[40:60] = posterior(np.full(20, 80.0), sharpness=3.0)
    voicing = voiced(100)
    voicing[38:62] = -6.0

    track = decode_pitch(logits, voicing, PRESET, HOP_S)

    assert np.isnan(track.f0_hz[40:60]).all()
    np.testing.assert_allclose(track.midi_pitch[:37], 60.0, atol=0.05)
    np.testing.assert_allclose(track.midi_pitch[64:], 60.0, atol=0.05)
    assert track.voicing[50] < 0.01
    assert track.hop_s == HOP_S


@pytest.mark.parametrize("frames", [1, 2, 3, 17])
def test_every_frame_gets_a_value(frames: int) -> None:
    track = decode_pitch(posterior(np.full(frames, 48.0)), voiced(frames), PRESET, HOP_S)

    assert track.f0_hz.shape == track.voicing.shape == (frames,)


def test_the_viterbi_path_is_the_best_of_all_paths() -> None:
    rng = np.random.default_rng(3)
    scores = rng.normal(size=(5, 4)).astype(np.float32)
    paths = np.stack(np.meshgrid(*[np.arange(4)] * 5, indexing="ij"), axis=-1).reshape(-1, 5)
    moves = np.minimum(np.abs(np.diff(paths, axis=1)) * 0.4, 0.9).sum(axis=1)
    totals = scores[np.arange(5), paths].sum(axis=1) - moves

    path = viterbi_path(scores, 0.4, 0.9)

    assert path.tolist() == paths[totals.argmax()].tolist()


def test_a_long_recording_is_decoded_in_parts_as_in_one() -> None:
    rng = np.random.default_rng(3)
    truth = np.repeat(rng.uniform(48.0, 72.0, 75), 12)
    scores = posterior(truth + rng.choice([0.0, 0.0, 0.0, 12.0, -12.0], len(truth)), sharpness=0.2)
    scores[rng.random(len(scores)) < 0.2] = 0.0

    in_parts = viterbi_path(scores, 0.3, 5.0)

    in_one = viterbi_paths(scores[None], 0.3, 5.0)[0]
    clear = scores.any(axis=1)
    assert len(in_parts) == 900
    np.testing.assert_array_equal(in_parts[clear], in_one[clear])


def test_paths_found_side_by_side_are_those_found_alone() -> None:
    scores = np.random.default_rng(4).normal(size=(3, 40, 20)).astype(np.float32)

    together = viterbi_paths(scores, 0.3, 2.0)

    for path, one in zip(together, scores, strict=True):
        np.testing.assert_array_equal(path, viterbi_paths(one[None], 0.3, 2.0)[0])
