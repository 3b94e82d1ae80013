"""A network that says how much of every cell of a spectrogram is sung: a small U-Net with dense layers over frequency.

Bins that lie side by side become channels first, so the finest maps have a quarter of the bins and lose nothing; the
way down halves frames and bins, the way up doubles them and adds what was there before. In every block one layer sees
all bins at once, for the harmonics of a voice are spread over all of them:

    (2, frames, bins) -> folded (8, frames, bins / 4) -> blocks, down, blocks, ..., up, blocks -> unfolded logits

Everything is convolution: a frame depends on the frames within `reach` of it and on nothing else.

Source:
    Choi, Kim, Chung, Lee and Jung 2020, "Investigating U-Nets with various intermediate blocks for spectrogram-based
    singing voice separation", Proc. ISMIR, https://arxiv.org/abs/1912.02591.
"""

import math
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

INPUTS = 2
"""Middle and side of the stereo picture."""


@dataclass(frozen=True)
class MaskPreset:
    """The shape of the network.

    Attributes:
        bins: Of the spectra, without the last one.
        fold: Neighbouring bins that become channels.
        channels: Of each level, the finest first.
        dense: Hidden numbers of the layers over all bins.
        dilations: Of the blocks at the bottom, over frames.
    """

    bins: int = 1024
    fold: int = 4
    channels: tuple[int, ...] = (32, 64, 96, 128)
    dense: int = 32
    dilations: tuple[int, ...] = (1, 2)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "MaskPreset":
        """Rebuild a preset from JSON values."""
        fields: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
        return cls(**fields)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values that `from_dict` takes back."""
        return asdict(self)

    @property
    def step(self) -> int:
        """Frames come in multiples of this."""
        return 1 << len(self.channels) - 1

    @property
    def reach(self) -> int:
        """Frames to either side that a frame can depend on, a multiple of `step`."""
        beside = 1 + sum(5 << level for level in range(len(self.channels) - 1))
        beside += self.step * 2 * sum(self.dilations)
        return -(-beside // self.step) * self.step


class Dense(nn.Module):
    """Two layers over all bins, shared by channels and frames, shape kept."""

    def __init__(self, channels: int, bins: int, hidden: int) -> None:
        super().__init__()
        self.squeeze, self.squeezed = nn.Parameter(_drawn(hidden, bins)), nn.BatchNorm2d(channels)
        self.spread, self.spreaded = nn.Parameter(_drawn(bins, hidden)), nn.BatchNorm2d(channels)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (batch, channels, frames, bins)."""
        hidden = functional.relu(self.squeezed(_over_bins(self.squeeze, maps)))
        return functional.relu(self.spreaded(_over_bins(self.spread, hidden)))


class Block(nn.Module):
    """Two convolutions with a dense layer between them, added to the input, shape kept."""

    def __init__(self, channels: int, bins: int, hidden: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = _convolution(channels, dilation)
        self.dense = Dense(channels, bins, hidden)
        self.second = _convolution(channels, dilation)

    def forward(self, maps: Tensor) -> Tensor:
        """Map (batch, channels, frames, bins)."""
        inner = self.first(maps)
        output: Tensor = maps + self.second(inner + self.dense(inner))
        return output


class MaskNetwork(nn.Module):
    """Log magnitudes in, logits of masks out.

    Args:
        preset: The shape.
    """

    def __init__(self, preset: MaskPreset) -> None:
        super().__init__()
        self.preset = preset
        bins, finest, folded = preset.bins // preset.fold, preset.channels[0], INPUTS * preset.fold
        self.standardise = nn.BatchNorm2d(INPUTS)
        self.stem = nn.Conv2d(folded, finest, 3, padding=1)
        self.place = nn.Parameter(torch.zeros(1, finest, 1, bins))
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        self.before, self.after = nn.ModuleList(), nn.ModuleList()
        for fine, coarse in pairwise(preset.channels):
            self.before.append(Block(fine, bins, preset.dense))
            self.down.append(_activated(nn.Conv2d(fine, coarse, 2, stride=2, bias=False), coarse))
            self.up.append(_activated(nn.ConvTranspose2d(coarse, fine, 2, stride=2, bias=False), fine))
            self.after.append(Block(fine, bins, preset.dense))
            bins //= 2
        self.bottom = nn.Sequential(*(Block(preset.channels[-1], bins, preset.dense, d) for d in preset.dilations))
        self.mix = nn.Conv2d(finest + folded, finest, 1)
        self.masks = nn.Conv2d(finest, folded, 1)

    def forward(self, logs: Tensor) -> Tensor:
        """Return logits of the share of every cell that is sung.

        Args:
            logs: Logarithms of levelled magnitudes of middle and side, (batch, 2, frames, bins), frames a multiple of
                `MaskPreset.step`.

        Returns:
            Of the same shape.
        """
        fold = self.preset.fold
        folded = _folded(self.standardise(logs), fold).contiguous(memory_format=torch.channels_last)
        maps = functional.relu(self.stem(folded) + self.place)
        kept = []
        for block, down in zip(self.before, self.down, strict=True):
            maps = block(maps)
            kept.append(maps)
            maps = down(maps)
        maps = self.bottom(maps)
        for up, block in zip(reversed(self.up), reversed(self.after), strict=True):
            maps = block(up(maps) + kept.pop())
        logits: Tensor = self.masks(functional.relu(self.mix(torch.cat([maps, folded], dim=1))))
        return _unfolded(logits, fold)


def _drawn(outputs: int, inputs: int) -> Tensor:
    return torch.randn(outputs, inputs) / math.sqrt(inputs)


def _over_bins(weights: Tensor, maps: Tensor) -> Tensor:
    """Multiply the last axis of (batch, channels, frames, bins) without leaving the order that convolutions want."""
    apart = maps.permute(0, 2, 3, 1)
    batch, frames, bins, channels = apart.shape
    each = weights.expand(batch * frames, -1, -1)
    multiplied: Tensor = torch.bmm(each, apart.reshape(batch * frames, bins, channels))
    spread: Tensor = multiplied.view(batch, frames, -1, channels).permute(0, 3, 1, 2)
    return spread


def _convolution(channels: int, dilation: int) -> nn.Sequential:
    return _activated(
        nn.Conv2d(channels, channels, 3, padding=(dilation, 1), dilation=(dilation, 1), bias=False), channels
    )


def _activated(convolution: nn.Module, channels: int) -> nn.Sequential:
    return nn.Sequential(convolution, nn.BatchNorm2d(channels), nn.ReLU(inplace=True))


def _folded(maps: Tensor, fold: int) -> Tensor:
    """Lay neighbouring bins into channels: (batch, n, frames, bins) -> (batch, n * fold, frames, bins / fold)."""
    batch, channels, frames, bins = maps.shape
    apart = maps.reshape(batch, channels, frames, bins // fold, fold)
    return apart.permute(0, 1, 4, 2, 3).reshape(batch, channels * fold, frames, bins // fold)


def _unfolded(maps: Tensor, fold: int) -> Tensor:
    """Undo `_folded`."""
    batch, channels, frames, bins = maps.shape
    apart = maps.reshape(batch, channels // fold, fold, frames, bins)
    return apart.permute(0, 1, 3, 4, 2).reshape(batch, channels // fold, frames, bins * fold)
