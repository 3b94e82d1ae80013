"""What a training run trains, apart from how runs are paced, logged, saved and resumed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, nn


@dataclass(frozen=True)
class Share:
    """Which part of every batch this process computes.

    Attributes:
        rank: Number of the process, from zero.
        world: Processes in all.
    """

    rank: int = 0
    world: int = 1


class Trainee(Protocol):
    """A network with its objective and its data.

    All chance is drawn from the seed and the step, so a run that goes on at step n sees what an unbroken run sees.
    """

    @property
    def network(self) -> nn.Module:
        """All that is trained or saved: the model, and what only the objective needs (class weights, queues)."""
        ...

    def losses(self, step: int, share: Share) -> Mapping[str, Tensor]:
        """Draw the batch of a step and compute its losses by name, in nats where they are; "total" is minimised."""
        ...

    def validate(self) -> Mapping[str, float]:
        """Measure figures on singers held out of training; "score" is the one that early stopping wants to grow."""
        ...
