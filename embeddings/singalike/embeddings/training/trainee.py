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

    def of(self, clips: int) -> slice:
        """Return this process's part of a batch; parts are equally long, so the mean of their means is the batch's."""
        part = clips // self.world
        return slice(self.rank * part, (self.rank + 1) * part)


class Trainee(Protocol):
    """A network with its objective and its data.

    All chance is drawn from the seed and the step, so a run that goes on at step n sees what an unbroken run sees.
    Torch's own generator is seeded from them before every step (dropout is safe); a generator kept between steps is
    not. Everything that carries over from step to step lives in `network`, as parameters or buffers. What has to follow
    an update, such as a momentum network, is done when the next losses are asked for.
    """

    @property
    def network(self) -> nn.Module:
        """All that is trained or saved: the model, and what only the objective needs (class weights, queues).

        Parameters that ask for no gradient are saved and not trained.
        """
        ...

    @property
    def clips(self) -> int:
        """Clips that all processes together hear in one step, for the rate that is told."""
        ...

    def losses(self, step: int, share: Share) -> Mapping[str, Tensor]:
        """Draw the batch of a step and compute its losses by name, in nats where they are; "total" is minimised.

        Called with the network in training mode, under autocast when the run has another precision than float32. Steps
        count from zero and begin anywhere when a run is resumed.
        """
        ...

    def validate(self) -> Mapping[str, float]:
        """Measure figures on singers held out of training; "score" is the one that early stopping wants to grow.

        Called in evaluation mode, without gradients, in the first process alone.
        """
        ...
