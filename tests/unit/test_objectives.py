"""What each objective is worth on vectors whose answer is known."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from singalike.embeddings.training.losses import AngularMargin, supervised_chance, supervised_contrastive
from singalike.embeddings.training.objectives.byol import BYOL_CHANCE, Predictor, byol_loss
from singalike.embeddings.training.objectives.contrast import (
    decoupled_chance,
    decoupled_nt_xent,
    nt_xent,
    nt_xent_chance,
)
from singalike.embeddings.training.objectives.memory_queue import MemoryQueue, queue_chance, queue_contrast
from singalike.embeddings.training.objectives.momentum import MomentumTwin
from singalike.embeddings.trunk import Trunk, TrunkPreset
from singalike.errors import InvalidInputError

DIM = 128
PAIRS = torch.arange(24).repeat(2)
WITH_BYSTANDERS = torch.cat([PAIRS, torch.arange(-1, -9, -1)])

Loss = Callable[[Tensor, Tensor], Tensor]
Chance = Callable[[Tensor], float]
CONTRASTS: list[tuple[Loss, Chance]] = [
    (nt_xent, nt_xent_chance),
    (decoupled_nt_xent, decoupled_chance),
    (supervised_contrastive, supervised_chance),
]


def unit(vectors: Tensor) -> Tensor:
    return nn.functional.normalize(vectors, dim=-1)


def random_vectors(count: int, seed: int = 0) -> Tensor:
    return unit(torch.randn(count, DIM, generator=torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize(("loss", "chance"), CONTRASTS)
@pytest.mark.parametrize("labels", [PAIRS, WITH_BYSTANDERS, torch.tensor([0, 0, 0, 1, 1, 2])])
def test_equal_vectors_are_exactly_at_chance(loss: Loss, chance: Chance, labels: Tensor) -> None:
    equal = unit(torch.ones(len(labels), DIM))

    assert loss(equal, labels).item() == pytest.approx(chance(labels), abs=1e-5)


@pytest.mark.parametrize(("loss", "chance"), CONTRASTS)
def test_random_vectors_lie_above_chance_by_the_spread_of_random_cosines(loss: Loss, chance: Chance) -> None:
    losses = [loss(random_vectors(len(PAIRS), seed), PAIRS, 0.3).item() for seed in range(20)]  # type: ignore[call-arg]

    expected = chance(PAIRS) + 1 / (2 * DIM * 0.3**2)
    assert sum(losses) / len(losses) == pytest.approx(expected, abs=0.02)


def test_perfect_pairs_come_down_to_the_lower_bound() -> None:
    sorted_out = torch.eye(DIM)[PAIRS]

    negatives = len(PAIRS) - 2
    assert nt_xent(sorted_out, PAIRS).item() == pytest.approx(math.log1p(negatives * math.exp(-10)), abs=1e-5)
    assert decoupled_nt_xent(sorted_out, PAIRS).item() == pytest.approx(math.log(negatives) - 10, abs=1e-5)


@pytest.mark.parametrize(("loss", "chance"), CONTRASTS)
def test_the_order_of_the_batch_does_not_matter(loss: Loss, chance: Chance) -> None:
    vectors, order = random_vectors(len(WITH_BYSTANDERS)), torch.randperm(len(WITH_BYSTANDERS))

    assert loss(vectors[order], WITH_BYSTANDERS[order]).item() == pytest.approx(
        loss(vectors, WITH_BYSTANDERS).item(), abs=1e-5
    )
    assert chance(WITH_BYSTANDERS[order]) == pytest.approx(chance(WITH_BYSTANDERS))


@pytest.mark.parametrize("loss", [nt_xent, decoupled_nt_xent])
def test_a_bystander_pushes_all_others_and_is_pulled_by_none(loss: Loss) -> None:
    labels = torch.tensor([0, 0, 1, 1, -1])
    near = torch.eye(DIM)[[0, 0, 1, 1, 0]]
    far = torch.eye(DIM)[[0, 0, 1, 1, 2]]

    assert loss(near, labels) > loss(far, labels)
    assert decoupled_chance(labels) == pytest.approx(math.log(3))


@pytest.mark.parametrize("loss", [nt_xent, decoupled_nt_xent])
def test_one_recording_alone_has_no_negatives(loss: Loss) -> None:
    with pytest.raises(InvalidInputError, match="two classes"):
        loss(random_vectors(2), torch.tensor([0, 0]))


def test_a_loss_with_bystanders_has_a_finite_gradient() -> None:
    vectors = random_vectors(len(WITH_BYSTANDERS)).requires_grad_()

    decoupled_nt_xent(vectors, WITH_BYSTANDERS).backward()

    assert vectors.grad is not None
    assert torch.isfinite(vectors.grad).all()
    assert (vectors.grad.abs().sum(dim=1) > 0).all()


def test_the_queue_forgets_the_oldest_first() -> None:
    queue = MemoryQueue(size=5, dim=DIM)
    vectors = random_vectors(7)

    queue.push(vectors[:3], torch.arange(3))
    queue.push(vectors[3:], torch.arange(3, 7))

    held, labels = queue.held()
    assert sorted(labels.tolist()) == [2, 3, 4, 5, 6]
    torch.testing.assert_close(held, vectors[labels])


def test_more_than_the_queue_holds_leaves_the_newest() -> None:
    queue = MemoryQueue(size=3, dim=DIM)

    queue.push(random_vectors(8), torch.arange(8))

    assert sorted(queue.held()[1].tolist()) == [5, 6, 7]


def test_a_queue_comes_back_whole_from_its_state() -> None:
    queue, resumed = MemoryQueue(4, DIM), MemoryQueue(4, DIM)
    queue.push(random_vectors(6), torch.arange(6))

    resumed.load_state_dict(queue.state_dict())
    for each in (queue, resumed):
        each.push(random_vectors(1, seed=1), torch.tensor([9]))

    torch.testing.assert_close(resumed.held(), queue.held())


def test_the_queue_adds_negatives_but_never_the_recording_itself() -> None:
    labels = torch.tensor([0, 0, 1, 1])
    queue = MemoryQueue(8, DIM)
    alone = queue_chance(labels, queue)

    queue.push(random_vectors(3), torch.tensor([0, 0, 5]))

    assert alone == pytest.approx(math.log(1 + 2))
    assert queue_chance(labels, queue) == pytest.approx((math.log(1 + 3) + math.log(1 + 5)) / 2)


def test_equal_vectors_in_a_full_queue_are_exactly_at_chance() -> None:
    queue = MemoryQueue(16, DIM)
    equal = unit(torch.ones(len(PAIRS), DIM))
    queue.push(equal[:16], torch.arange(100, 116))

    assert queue_contrast(equal, equal, PAIRS, queue).item() == pytest.approx(queue_chance(PAIRS, queue), abs=1e-5)


def test_no_gradient_flows_into_keys_and_targets() -> None:
    vectors = random_vectors(len(PAIRS)).requires_grad_()
    keys = random_vectors(len(PAIRS), seed=1).requires_grad_()

    (queue_contrast(vectors, keys, PAIRS, MemoryQueue(4, DIM)) + byol_loss(vectors, keys, PAIRS)).backward()

    assert vectors.grad is not None
    assert keys.grad is None


def test_byol_is_at_chance_for_strangers_and_at_zero_for_equals() -> None:
    strangers = byol_loss(torch.eye(DIM)[:2], torch.eye(DIM)[2:4], torch.tensor([0, 0]))
    equals = byol_loss(unit(torch.ones(2, DIM)), unit(torch.ones(2, DIM)), torch.tensor([0, 0]))

    assert strangers.item() == pytest.approx(BYOL_CHANCE)
    assert equals.item() == pytest.approx(0.0, abs=1e-6)


def test_byol_without_a_second_view_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="two clips"):
        byol_loss(random_vectors(2), random_vectors(2), torch.tensor([0, 1]))


def test_the_predictor_gives_unit_vectors_that_do_not_depend_on_the_batch() -> None:
    torch.manual_seed(0)
    predictor, vectors = Predictor(DIM), random_vectors(5)

    together = predictor(vectors)

    torch.testing.assert_close(together.norm(dim=1), torch.ones(5))
    torch.testing.assert_close(predictor(vectors[:1]), together[:1], atol=1e-6, rtol=0)


def test_a_twin_follows_slowly_and_takes_no_gradient() -> None:
    torch.manual_seed(0)
    network = Trunk(TrunkPreset(inputs=12, narrow=6, wide=8, blocks=1, kernel=3, timbre_dim=6))
    twin = MomentumTwin(network, momentum=0.75)
    before = twin.network.head.weight.clone()
    with torch.no_grad():
        network.head.weight += 1.0
        network.input_mean += 2.0

    twin.follow(network)

    torch.testing.assert_close(twin.network.head.weight - before, torch.full_like(before, 0.25))
    torch.testing.assert_close(twin.network.input_mean, network.input_mean)
    assert not any(parameter.requires_grad for parameter in twin.parameters())


def test_a_momentum_of_one_would_never_move_and_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="momentum"):
        MomentumTwin(nn.Linear(2, 2), momentum=1.0)


def test_the_nearest_of_two_centres_counts() -> None:
    loss = AngularMargin(3, classes=2, scale=10.0, sub_centres=2)
    with torch.no_grad():
        loss.centres.copy_(torch.tensor([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0], [0, 0, -1.0]]))

    both_of_the_first = loss(torch.eye(3)[:2], torch.tensor([0, 0]), 0.0)

    assert both_of_the_first.item() == pytest.approx(math.log1p(math.exp(-10)), abs=1e-6)


def test_vectors_at_one_angle_to_all_centres_are_at_the_chance_of_the_angular_loss() -> None:
    loss = AngularMargin(DIM, classes=5, sub_centres=2)
    with torch.no_grad():
        loss.centres.copy_(torch.eye(DIM)[:10])

    assert loss(torch.eye(DIM)[20:23], torch.tensor([0, 1, 4]), 0.0).item() == pytest.approx(loss.chance, abs=1e-5)
