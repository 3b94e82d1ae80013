"""The convolutional trunk and its losses."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from singalike.embeddings.training.losses import AngularMargin, supervised_contrastive
from singalike.embeddings.trunk import Trunk, TrunkPreset
from singalike.errors import InvalidInputError

SMALL = TrunkPreset(inputs=12, narrow=6, wide=8, blocks=2, kernel=3, timbre_dim=6)


@pytest.fixture
def trunk() -> Trunk:
    torch.manual_seed(0)
    return Trunk(SMALL).eval()


def everything(frames: torch.Tensor) -> torch.Tensor:
    return torch.ones(frames.shape[:2], dtype=torch.bool)


@pytest.mark.parametrize("length", [1, 2, 7, 20, 33])
def test_a_recording_has_one_vector_alone_and_in_a_batch(trunk: Trunk, length: int) -> None:
    alone = torch.randn(1, length, 12)
    batch = torch.full((3, 40, 12), 7.0)
    mask = torch.zeros(3, 40, dtype=torch.bool)
    batch[1, :length], mask[1, :length] = alone[0], True
    mask[0, :40], mask[2, :5] = True, True

    with torch.inference_mode():
        together, single = trunk(batch, mask), trunk(alone, everything(alone))

    torch.testing.assert_close(together[1], single[0], atol=1e-5, rtol=0)


@pytest.mark.parametrize("kernel", [1, 3, 5, 7])
@pytest.mark.parametrize("length", [1, 8, 21])
def test_products_in_place_of_a_convolution_give_the_same_steps(kernel: int, length: int) -> None:
    trunk = Trunk(replace(SMALL, kernel=kernel, dropout=0.0))
    frames = torch.randn(3, length, 12)

    with torch.inference_mode():
        convolved, _ = trunk.train().steps(frames, everything(frames))
        multiplied, _ = trunk.eval().steps(frames, everything(frames))

    torch.testing.assert_close(multiplied, convolved, atol=1e-5, rtol=0)


def test_frames_that_are_not_the_voice_say_nothing(trunk: Trunk) -> None:
    frames, mask = torch.randn(1, 40, 12), torch.rand(1, 40) < 0.6

    changed = torch.where(mask[:, :, None], frames, torch.randn(1, 40, 12))

    torch.testing.assert_close(trunk(changed, mask), trunk(frames, mask), atol=1e-6, rtol=0)


def test_vectors_are_of_length_one(trunk: Trunk) -> None:
    frames = torch.randn(2, 30, 12)

    vectors = trunk(frames, everything(frames))

    assert vectors.shape == (2, 6)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(2))


def test_the_trunk_answers_the_same_twice(trunk: Trunk) -> None:
    frames = torch.randn(2, 30, 12)

    torch.testing.assert_close(trunk(frames, everything(frames)), trunk(frames, everything(frames)), atol=0, rtol=0)


def test_a_preset_comes_back_from_its_configuration() -> None:
    config = {**SMALL.__dict__, "seed": 3}

    assert TrunkPreset.from_config(config) == SMALL


def test_the_contrastive_loss_prefers_clips_of_one_singer_together() -> None:
    labels = torch.tensor([0, 0, 1, 1])
    sorted_out = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    mixed_up = sorted_out[[0, 2, 1, 3]]

    assert supervised_contrastive(sorted_out, labels) < supervised_contrastive(mixed_up, labels)


def test_equal_vectors_are_at_the_chance_of_the_contrastive_loss() -> None:
    vectors = torch.nn.functional.normalize(torch.ones(6, 3), dim=1)

    loss = supervised_contrastive(vectors, torch.tensor([0, 0, 1, 1, 2, 2]))

    assert loss.item() == pytest.approx(np.log(4.0), abs=1e-5)


def test_a_batch_without_a_pair_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="two clips"):
        supervised_contrastive(torch.eye(3), torch.tensor([0, 1, 2]))


def test_the_margin_makes_the_angular_loss_harder() -> None:
    torch.manual_seed(0)
    loss = AngularMargin(4, 3)
    vectors, labels = torch.nn.functional.normalize(torch.randn(5, 4), dim=1), torch.tensor([0, 1, 2, 0, 1])

    assert loss(vectors, labels, 0.2) > loss(vectors, labels, 0.0)
