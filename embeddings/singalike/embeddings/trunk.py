"""The convolutional timbre network: frames of a voice in, one unit vector out.

Padding never leaks: every layer zeroes what lies behind the end of a recording and what is not the voice, and
statistics are weighted by the same mask, so a recording has one vector alone and in any batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

DILATIONS = (1, 2, 4)
"""Of the blocks at 40 ms, in turn."""

FRAMES_PER_STEP = 4
"""Input frames behind one step of the pooled sequence."""


@dataclass(frozen=True)
class TrunkPreset:
    """Shape of the network, saved beside its weights.

    Attributes:
        inputs: Numbers of a frame.
        narrow: Channels of the layers at 20 ms.
        wide: Channels of the layers at 40 ms, where most of the work is done.
        blocks: Blocks at 40 ms.
        kernel: Steps that a convolution sees, odd.
        timbre_dim: Numbers of the vector.
        dropout: Share of numbers dropped in training.
    """

    inputs: int = 100
    narrow: int = 192
    wide: int = 256
    blocks: int = 4
    kernel: int = 5
    timbre_dim: int = 128
    dropout: float = 0.1

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "TrunkPreset":
        """Read the preset from a saved configuration, other keys ignored."""
        return cls(**{name: config[name] for name in cls.__dataclass_fields__})


class Trunk(nn.Module):
    """Frames every 10 ms in, a unit vector out.

    Args:
        preset: Shape of the network.

    Source:
        Gated convolutions: Dauphin et al. 2017, https://arxiv.org/abs/1612.08083. Attentive statistics pooling: Okabe
        et al. 2018, https://arxiv.org/abs/1803.10963.
    """

    input_mean: Tensor
    input_deviation: Tensor

    def __init__(self, preset: TrunkPreset) -> None:
        super().__init__()
        self.preset = preset
        # The normalisation belongs to the training set: one recording alone must not change it.
        self.register_buffer("input_mean", torch.zeros(preset.inputs))
        self.register_buffer("input_deviation", torch.ones(preset.inputs))
        self.first = _Convolution(preset.inputs, preset.narrow, preset.kernel, stride=2)
        self.block = _Block(preset.narrow, preset.kernel, 1, preset.dropout)
        self.norm = nn.LayerNorm(preset.narrow)
        self.second = _Convolution(preset.narrow, preset.wide, 3, stride=2)
        self.blocks = nn.ModuleList(
            _Block(preset.wide, preset.kernel, DILATIONS[i % len(DILATIONS)], preset.dropout)
            for i in range(preset.blocks)
        )
        self.last_norm = nn.LayerNorm(preset.wide)
        self.pooling = AttentivePooling(preset.wide)
        self.pooled_norm = nn.BatchNorm1d(2 * preset.wide)
        self.head = nn.Linear(2 * preset.wide, preset.timbre_dim)

    @property
    def reach(self) -> int:
        """Steps that the widest layer sees to either side; nothing that counts hears farther over a pause."""
        return self.preset.kernel // 2 * max(DILATIONS[: self.preset.blocks])

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Embed a batch.

        Args:
            frames: float32 (batch, frames, inputs), anything where the mask is False.
            mask: bool (batch, frames), frames to listen to, at least one each.

        Returns:
            Unit timbre vectors (batch, timbre_dim).
        """
        return self.describe(*self.steps(frames, mask))

    def steps(self, frames: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Compute what is pooled, for parts of a recording that share the work; arguments as in `forward`.

        Returns:
            float32 (batch, steps, wide), one step every four frames, and bool (batch, steps), the steps to pool.
        """
        inside = mask[:, :, None].to(frames.dtype)
        scale = 1.0 / self.input_deviation
        hidden = torch.addcmul(-self.input_mean * scale, frames, scale).masked_fill_(~mask[:, :, None], 0.0)
        hidden, inside = torch.relu_(self.first(hidden)), _halved(inside)
        hidden = self.norm(self.block(hidden, inside)).mul_(inside)
        hidden, inside = self.second(hidden), _halved(inside)
        for block in self.blocks:
            hidden = block(hidden, inside)
        return self.last_norm(hidden), inside[:, :, 0] > 0

    def describe(self, steps: Tensor, mask: Tensor) -> Tensor:
        """Pool steps (batch, steps, wide) under a mask (batch, steps) to unit vectors (batch, timbre_dim)."""
        return self.conclude(self.pooling(steps, mask))

    def conclude(self, pooled: Tensor) -> Tensor:
        """Turn what was pooled (batch, 2 * wide) into unit vectors (batch, timbre_dim)."""
        return functional.normalize(self.head(self.pooled_norm(pooled)), dim=-1)


class _Convolution(nn.Module):
    """A convolution over (batch, steps, channels), centred, with zeros outside.

    Two-dimensional for its channels-last form: the one-dimensional one takes up to ten times as long on a CPU.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, dilation: int = 1, groups: int = 1
    ) -> None:
        super().__init__()
        padding = dilation * (kernel // 2)
        self.convolution = nn.Conv2d(inputs, outputs, (kernel, 1), (stride, 1), (padding, 0), (dilation, 1), groups).to(
            memory_format=torch.channels_last
        )  # type: ignore[call-overload]

    def forward(self, hidden: Tensor) -> Tensor:
        if self.convolution.stride[0] == 2 and not (self.training or _becomes_a_graph()):
            return self._halving(hidden)
        output: Tensor = self.convolution(hidden.transpose(1, 2)[..., None])[..., 0].transpose(1, 2)
        return output

    def _halving(self, hidden: Tensor) -> Tensor:
        """The same as a few matrix products: a third to a half of the time where a recording is long.

        Frames lie in memory as pairs already, so the taps of a window are halves of rows that follow each other.
        """
        layer, kernel = self.convolution, self.convolution.kernel_size[0]
        batch, frames, channels = hidden.shape
        lead = kernel // 2 + kernel // 2 % 2
        pairs, more = (lead + frames + kernel + 1) // 2, (kernel + 1) // 2
        rows = hidden.new_zeros(batch * pairs + more, 2 * channels)
        rows[: batch * pairs].view(batch, 2 * pairs, channels)[:, lead : lead + frames] = hidden
        first = lead - kernel // 2
        weight = layer.weight[..., 0].permute(2, 1, 0).reshape(-1, layer.out_channels)
        output: Tensor = hidden.new_zeros(0)
        for row in range((first + kernel + 1) // 2):
            taps = range(max(2 * row, first), min(2 * row + 2, first + kernel))
            part = rows[row : row + batch * pairs, (taps[0] - 2 * row) * channels : (taps[-1] + 1 - 2 * row) * channels]
            product = weight[(taps[0] - first) * channels : (taps[-1] + 1 - first) * channels]
            output = torch.addmm(layer.bias, part, product) if row == 0 else output.addmm_(part, product)
        return output.view(batch, pairs, -1)[:, : (frames + 1) // 2]


def _becomes_a_graph() -> bool:
    """Whether torch only looks at what would be computed, with a length that is to stay free."""
    tracing = bool(torch.jit.is_tracing())  # type: ignore[attr-defined, no-untyped-call]
    return torch.compiler.is_compiling() or tracing


def _halved(inside: Tensor) -> Tensor:
    """A step counts when one of its two frames does, (batch, frames, 1) to (batch, steps, 1)."""
    # A mean and not a maximum, whose length an exporter takes for a constant.
    share = functional.avg_pool1d(functional.pad(inside.transpose(1, 2), (0, 1)), 2).transpose(1, 2)
    return (share > 0).to(inside.dtype)


class _Block(nn.Module):
    """A gated residual pair: a dilated depthwise-separable convolution, normalised step by step."""

    def __init__(self, width: int, kernel: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.depthwise = _Convolution(width, width, kernel, dilation=dilation, groups=width)
        self.expand = nn.Linear(width, 2 * width)
        self.contract = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor, inside: Tensor) -> Tensor:
        normal = self.norm(hidden).mul_(inside)
        gated = functional.glu(self.expand(self.depthwise(normal)), dim=-1)
        refined: Tensor = self.dropout(self.contract(gated)).add_(hidden)
        return refined


class AttentivePooling(nn.Module):
    """Mean and deviation over time, weighted by a learned attention for each channel.

    Args:
        width: Channels.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Sequential(nn.Linear(width, width // 2), nn.Tanh(), nn.Linear(width // 2, width))

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Pool (batch, steps, width) under a mask (batch, steps) to (batch, 2 * width)."""
        return self.pool(hidden, self.score(hidden), mask)

    def pool(self, hidden: Tensor, scores: Tensor, mask: Tensor) -> Tensor:
        """The same with scores known, (batch, steps, width): parts of a recording share them."""
        weights = torch.softmax(scores.masked_fill(~mask[:, :, None], float("-inf")), dim=1)
        mean = (weights * hidden).sum(1)
        variance = (weights * hidden.square()).sum(1) - mean.square()
        return torch.cat([mean, variance.clamp(min=1e-6).sqrt()], dim=-1)
