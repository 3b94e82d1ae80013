"""A small convolutional trunk with a timbre and a style head, to stand beside the linear parts.

Padding never leaks: every layer zeroes what lies behind the end of a recording, and statistics are weighted by the
same mask, so a recording has one vector alone and in any batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class TrunkPreset:
    """Shape of the network, saved beside its weights.

    Attributes:
        mels: Bands of the log-mel input.
        width: Channels of the trunk.
        blocks: Dilated blocks after the first layer; dilations run 1, 2, 4, 1, ...
        kernel: Frames that a convolution sees.
        timbre_dim: Numbers of the timbre head.
        style_dim: Numbers of the style head.
    """

    mels: int = 80
    width: int = 96
    blocks: int = 4
    kernel: int = 5
    timbre_dim: int = 96
    style_dim: int = 32

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "TrunkPreset":
        """Read the preset from a saved configuration, other keys ignored."""
        return cls(**{name: int(config[name]) for name in cls.__dataclass_fields__})


class Trunk(nn.Module):
    """Log-mel frames in, two unit vectors out.

    Args:
        preset: Shape of the network.

    Source:
        Attentive statistics pooling: Okabe et al. 2018, https://arxiv.org/abs/1803.10963.
    """

    mel_mean: Tensor
    mel_deviation: Tensor

    def __init__(self, preset: TrunkPreset) -> None:
        super().__init__()
        self.preset = preset
        # The normalisation belongs to the training set: one recording alone must not change it.
        self.register_buffer("mel_mean", torch.zeros(preset.mels))
        self.register_buffer("mel_deviation", torch.ones(preset.mels))
        self.first = nn.Conv1d(preset.mels, preset.width, preset.kernel, stride=2, padding=preset.kernel // 2)
        self.blocks = nn.ModuleList(_Block(preset.width, preset.kernel, 2 ** (i % 3)) for i in range(preset.blocks))
        self.pooling = AttentivePooling(preset.width)
        self.timbre = nn.Linear(2 * preset.width, preset.timbre_dim)
        self.style = nn.Linear(2 * preset.width, preset.style_dim)

    def forward(self, log_mel: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Embed a batch.

        Args:
            log_mel: float32 (batch, frames, mels), anything behind the end of a recording.
            mask: bool (batch, frames), frames to listen to, at least one each.

        Returns:
            Unit timbre vectors (batch, timbre_dim) and unit style vectors (batch, style_dim).
        """
        hidden = ((log_mel - self.mel_mean) / self.mel_deviation).masked_fill(~mask[:, :, None], 0.0).transpose(1, 2)
        inside = nn.functional.max_pool1d(mask[:, None].to(log_mel.dtype), 2, ceil_mode=True)
        hidden = torch.relu(self.first(hidden)) * inside
        for block in self.blocks:
            hidden = block(hidden, inside)
        pooled = self.pooling(hidden, inside > 0)
        return nn.functional.normalize(self.timbre(pooled), dim=-1), nn.functional.normalize(self.style(pooled), dim=-1)


class _Block(nn.Module):
    """A gated residual pair: a dilated depthwise-separable convolution, normalised frame by frame."""

    def __init__(self, width: int, kernel: int, dilation: int) -> None:
        super().__init__()
        padding = dilation * (kernel // 2)
        self.norm = nn.LayerNorm(width)
        self.depthwise = nn.Conv1d(width, width, kernel, padding=padding, dilation=dilation, groups=width)
        self.expand = nn.Conv1d(width, 2 * width, 1)
        self.contract = nn.Conv1d(width, width, 1)

    def forward(self, hidden: Tensor, inside: Tensor) -> Tensor:
        normal = self.norm(hidden.transpose(1, 2)).transpose(1, 2) * inside
        gated = nn.functional.glu(self.expand(self.depthwise(normal)), dim=1)
        refined: Tensor = (hidden + self.contract(gated)) * inside
        return refined


class AttentivePooling(nn.Module):
    """Mean and deviation over time, weighted by a learned attention for each channel.

    Args:
        width: Channels.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Sequential(nn.Conv1d(width, width // 2, 1), nn.Tanh(), nn.Conv1d(width // 2, width, 1))

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Pool (batch, width, frames) under a mask (batch, 1, frames) to (batch, 2 * width)."""
        weights = torch.softmax(self.score(hidden).masked_fill(~mask, float("-inf")), dim=-1)
        mean = (weights * hidden).sum(-1)
        variance = (weights * hidden.square()).sum(-1) - mean.square()
        return torch.cat([mean, variance.clamp(min=1e-6).sqrt()], dim=-1)
