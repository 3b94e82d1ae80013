"""Training in one process, or in several that average their gradients."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Protocol, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from singalike.embeddings.training.trainee import Share

T = TypeVar("T")

PATIENCE = timedelta(hours=2)
"""How long processes wait for each other: validation runs in the first one while the others wait."""


class Processes(Protocol):
    """What the processes of a run do together."""

    @property
    def share(self) -> Share:
        """This process's part of every batch."""
        ...

    def average_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Replace every gradient by its mean over the processes; an absent one counts as zero."""
        ...

    def follow_first(self, tensors: Sequence[Tensor]) -> None:
        """Overwrite tensors by those of the first process."""
        ...

    def agree(self, values: Sequence[float]) -> list[float]:
        """Return the numbers of the first process."""
        ...

    def pass_on(self, value: T | None, owner: int) -> T:
        """Return the value of the process `owner`; what the others give counts for nothing."""
        ...


class OneProcess:
    """A run in this process alone."""

    share = Share()

    def average_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Leave the gradients as they are."""

    def follow_first(self, tensors: Sequence[Tensor]) -> None:
        """Leave the tensors as they are."""

    def agree(self, values: Sequence[float]) -> list[float]:
        """Return the numbers as they are."""
        return list(values)

    def pass_on(self, value: T | None, owner: int) -> T:
        """Return the value as it is."""
        assert value is not None, f"nothing is passed on by {owner}"
        return value


class TorchProcesses:
    """The processes of the default group of torch.distributed, which `joined` opens.

    Args:
        device: Where numbers are exchanged: the GPU of this process for nccl, the CPU for gloo.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.share = Share(dist.get_rank(), dist.get_world_size())

    def average_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Average all gradients in one exchange."""
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.share.world
        parts = torch.split(flat, [gradient.numel() for gradient in gradients])
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.grad = part.view_as(parameter)

    def follow_first(self, tensors: Sequence[Tensor]) -> None:
        """Broadcast tensor by tensor."""
        for tensor in tensors:
            dist.broadcast(tensor, src=0)

    def agree(self, values: Sequence[float]) -> list[float]:
        """Broadcast the numbers in float64."""
        shared = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.broadcast(shared, src=0)
        return [float(value) for value in shared.tolist()]

    def pass_on(self, value: T | None, owner: int) -> T:
        """Send any value that can be pickled; the processes of a run trust each other."""
        passed = [value]
        dist.broadcast_object_list(passed, src=owner, device=self.device)
        assert passed[0] is not None, f"nothing was passed on by {owner}"
        return passed[0]


@contextmanager
def joined(device: torch.device, share: Share, meeting_point: str = "env://") -> Iterator[Processes]:
    """Join the other processes of a run while the block lasts: nccl between GPUs, gloo between CPUs.

    Args:
        device: Of this process.
        share: Its number and how many there are.
        meeting_point: Where they find each other; "env://" is what torchrun has prepared.
    """
    if share.world == 1:
        yield OneProcess()
        return
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, meeting_point, PATIENCE, rank=share.rank, world_size=share.world)
    try:
        yield TorchProcesses(device)
    finally:
        dist.destroy_process_group()
