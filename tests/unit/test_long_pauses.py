"""Pauses left out of what the trunk computes: nothing that counts may notice."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from singalike.embeddings.long_pauses import frames_of, listened_steps, middle_pause, without_long_pauses
from singalike.embeddings.trunk import FRAMES_PER_STEP, Trunk, TrunkPreset

PRESET = TrunkPreset(inputs=12, narrow=6, wide=8, blocks=4, kernel=5, timbre_dim=6, dropout=0.0)
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def trunk() -> Trunk:
    torch.manual_seed(0)
    return Trunk(PRESET).eval()


def singing_with_pauses(frames: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Frames of anything, and which of them count: stretches of up to 1.2 s, and pauses of up to 3 s."""
    rng = np.random.default_rng(seed)
    lengths = np.stack([rng.integers(1, 120, frames), rng.integers(1, 300, frames)], axis=1).ravel()
    listen = np.repeat(np.tile([True, False], frames), lengths)[:frames]
    return rng.normal(size=(frames, 12)).astype(np.float32), listen


def heard(
    trunk: Trunk, sound: NDArray[np.float32], listen: NDArray[np.bool_], steps: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    at = frames_of(steps, FRAMES_PER_STEP, len(listen))
    with torch.inference_mode():
        hidden, counts = trunk.steps(torch.from_numpy(sound[at])[None], torch.from_numpy(listen[at])[None])
    return hidden[0].numpy(), counts[0].numpy()


@pytest.mark.parametrize("frames", [37, 400, 1203, 1998])
def test_steps_that_count_are_the_same_without_long_pauses_and_in_two_parts(trunk: Trunk, frames: int) -> None:
    sound, listen = singing_with_pauses(frames, seed=frames)
    listened = listened_steps(listen, FRAMES_PER_STEP)

    kept = without_long_pauses(listened, trunk.reach)
    parts = np.split(kept, middle_pause(listened[kept], trunk.reach))
    whole, counts = heard(trunk, sound, listen, np.arange(len(listened)))
    steps, told = (np.concatenate(b) for b in zip(*(heard(trunk, sound, listen, p) for p in parts), strict=True))

    np.testing.assert_array_equal(counts, listened)
    np.testing.assert_array_equal(told, counts[kept])
    np.testing.assert_allclose(steps[told], whole[counts], atol=TOLERANCE)


def test_a_pause_shorter_than_the_reach_would_be_noticed(trunk: Trunk) -> None:
    sound, listen = singing_with_pauses(1203, seed=1)
    listened = listened_steps(listen, FRAMES_PER_STEP)
    kept = without_long_pauses(listened, trunk.reach // 4)

    whole, counts = heard(trunk, sound, listen, np.arange(len(listened)))
    steps, told = heard(trunk, sound, listen, kept)

    assert np.abs(steps[told] - whole[counts]).max() > TOLERANCE


def test_pauses_are_as_long_as_the_reach_at_most_and_none_is_first() -> None:
    listened = np.array([False] * 5 + [True] * 2 + [False] * 9 + [True] + [False] * 2 + [True] + [False] * 4)

    kept = without_long_pauses(listened, reach=3)

    assert kept.tolist() == [5, 6, 7, 8, 9, 16, 17, 18, 19, 20, 21, 22]


def test_the_cut_is_behind_the_long_pause_nearest_to_the_middle() -> None:
    listened = np.array([True, False, False, True, True, False, True, False, False, True, True])

    assert middle_pause(listened, reach=2) == [3]
    assert middle_pause(listened, reach=1) == [6]
    assert middle_pause(listened, reach=3) == []


def test_the_last_step_has_the_frames_that_are_left() -> None:
    listened = listened_steps(np.array([False, False, False, True, False, True]), 4)

    assert listened.tolist() == [True, True]
    assert frames_of(np.array([0, 1]), 4, 6).tolist() == [0, 1, 2, 3, 4, 5]
