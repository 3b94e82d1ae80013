"""The objectives by name, each bound to the network that it trains."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from singalike.embeddings.training.objectives.byol import BYOL_CHANCE, Predictor, byol_loss
from singalike.embeddings.training.objectives.contrast import (
    decoupled_chance,
    decoupled_nt_xent,
    nt_xent,
    nt_xent_chance,
)
from singalike.embeddings.training.objectives.memory_queue import MemoryQueue, queue_chance, queue_contrast
from singalike.embeddings.training.objectives.momentum import MomentumTwin
from singalike.errors import InvalidInputError

ObjectiveName = Literal["nt_xent", "decoupled", "queue", "byol"]
OBJECTIVES: tuple[ObjectiveName, ...] = get_args(ObjectiveName)


@dataclass(frozen=True)
class ObjectivePreset:
    """How views are compared.

    Attributes:
        name: One of `OBJECTIVES`.
        temperature: Of the contrastive ones.
        momentum: Of the slow copy that "queue" and "byol" compare with.
        queue: Vectors that "queue" remembers.
    """

    name: ObjectiveName = "decoupled"
    temperature: float = 0.1
    momentum: float = 0.99
    queue: int = 1024


@dataclass(frozen=True)
class Judged:
    """What an objective says of a batch.

    Attributes:
        loss: Shape (); in nats, but for "byol".
        chance: The same for vectors without information.
    """

    loss: Tensor
    chance: float


class Objective(nn.Module, ABC):
    """A network with all that its objective needs; the state of it is the state of the run.

    Args:
        encoder: `forward(log_mel, mask)`, unit vectors.
    """

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def timbre(self, log_mel: Tensor) -> Tensor:
        """Embed whole crops (batch, frames, mels) to unit vectors (batch, dim)."""
        timbre = self.encoder(log_mel, _everything(log_mel))
        assert isinstance(timbre, Tensor)
        return timbre

    @abstractmethod
    def forward(self, log_mel: Tensor, labels: Tensor) -> Judged:
        """Judge views.

        Args:
            log_mel: float32 (batch, frames, mels).
            labels: Recording of each, int (batch,); a label that stands once is a negative of all others.

        Raises:
            InvalidInputError: NO_PAIRS, NO_NEGATIVES.
        """


class BatchContrast(Objective):
    """The other views of the batch are the negatives.

    Args:
        encoder: See `Objective`.
        loss: `nt_xent` or `decoupled_nt_xent`.
        chance: The loss's chance.
        temperature: Above zero.
    """

    def __init__(
        self,
        encoder: nn.Module,
        loss: Callable[[Tensor, Tensor, float], Tensor],
        chance: Callable[[Tensor], float],
        temperature: float,
    ) -> None:
        super().__init__(encoder)
        self.loss, self.chance, self.temperature = loss, chance, temperature

    def forward(self, log_mel: Tensor, labels: Tensor) -> Judged:
        """Judge views: see `Objective`."""
        return Judged(self.loss(self.timbre(log_mel), labels, self.temperature), self.chance(labels))


class QueueContrast(Objective):
    """Views of past batches are negatives too; the slow copy and the queue move on when the next batch is judged.

    Args:
        encoder: See `Objective`.
        dim: Numbers in a timbre vector.
        preset: Temperature, momentum and length of the queue.
    """

    def __init__(self, encoder: nn.Module, dim: int, preset: ObjectivePreset) -> None:
        super().__init__(encoder)
        self.twin = MomentumTwin(encoder, preset.momentum)
        self.queue = MemoryQueue(preset.queue, dim)
        self.temperature = preset.temperature

    def forward(self, log_mel: Tensor, labels: Tensor) -> Judged:
        """Judge views: see `Objective`; only in training mode are they remembered."""
        if self.training:
            self.twin.follow(self.encoder)
        keys = self.twin(log_mel, _everything(log_mel))
        loss = queue_contrast(self.timbre(log_mel), keys, labels, self.queue, self.temperature)
        judged = Judged(loss, queue_chance(labels, self.queue))
        if self.training:
            self.queue.push(keys, labels)
        return judged


class Bootstrap(Objective):
    """No negatives: views that do not belong to any other are not looked at.

    Args:
        encoder: See `Objective`.
        dim: Numbers in a timbre vector.
        momentum: Of the slow copy.
    """

    def __init__(self, encoder: nn.Module, dim: int, momentum: float) -> None:
        super().__init__(encoder)
        self.twin = MomentumTwin(encoder, momentum)
        self.predictor = Predictor(dim)

    def forward(self, log_mel: Tensor, labels: Tensor) -> Judged:
        """Judge views: see `Objective`."""
        if self.training:
            self.twin.follow(self.encoder)
        paired = (labels[:, None] == labels[None]).sum(dim=1) > 1
        heard = log_mel[paired]
        targets = self.twin(heard, _everything(heard))
        return Judged(byol_loss(self.predictor(self.timbre(heard)), targets, labels[paired]), BYOL_CHANCE)


def make_objective(preset: ObjectivePreset, encoder: nn.Module, dim: int) -> Objective:
    """Bind a network to an objective.

    Args:
        preset: Which one and how.
        encoder: See `Objective`.
        dim: Numbers in a timbre vector.

    Raises:
        InvalidInputError: OBJECTIVE_UNKNOWN.
    """
    if preset.name == "nt_xent":
        return BatchContrast(encoder, nt_xent, nt_xent_chance, preset.temperature)
    if preset.name == "decoupled":
        return BatchContrast(encoder, decoupled_nt_xent, decoupled_chance, preset.temperature)
    if preset.name == "queue":
        return QueueContrast(encoder, dim, preset)
    if preset.name == "byol":
        return Bootstrap(encoder, dim, preset.momentum)
    raise InvalidInputError("OBJECTIVE_UNKNOWN", f"choose one of {', '.join(OBJECTIVES)}, not {preset.name!r}")


def _everything(log_mel: Tensor) -> Tensor:
    return torch.ones(log_mel.shape[:2], dtype=torch.bool, device=log_mel.device)
