"""A slow copy of a network: the target that the network itself is compared with."""

import copy

import torch
from torch import Tensor, nn

from singalike.errors import InvalidInputError


class MomentumTwin(nn.Module):
    """Follow another network by an exponential moving average of its weights.

    Its weights take no gradient and are saved with the state, so a run resumes exactly.

    Args:
        network: The network to follow; the twin starts equal to it.
        momentum: Share of the old weights that stays at every update, in [0, 1).

    Raises:
        InvalidInputError: MOMENTUM_RANGE.

    Source:
        He et al. 2020, MoCo, eq. 2, https://arxiv.org/abs/1911.05722.
    """

    def __init__(self, network: nn.Module, momentum: float = 0.99) -> None:
        super().__init__()
        if not 0.0 <= momentum < 1.0:
            raise InvalidInputError("MOMENTUM_RANGE", f"a momentum lies in [0, 1), not at {momentum}")
        self.momentum = momentum
        self.network = copy.deepcopy(network).requires_grad_(False)

    @torch.no_grad()
    def follow(self, network: nn.Module) -> None:
        """Move the weights towards those of `network`, and take over its buffers."""
        for mine, theirs in zip(self.network.parameters(), network.parameters(), strict=True):
            mine.lerp_(theirs, 1.0 - self.momentum)
        for kept, given in zip(self.network.buffers(), network.buffers(), strict=True):
            kept.copy_(given)

    @torch.no_grad()
    def forward(self, log_mel: Tensor, mask: Tensor) -> Tensor:
        """Embed as the network does, without a gradient."""
        timbre: Tensor = self.network(log_mel, mask)
        return timbre
