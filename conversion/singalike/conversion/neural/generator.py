"""NSF-HiFiGAN: from a row every few milliseconds to samples, around a harmonic source that gives the pitch.

Source:
    Kong, Kim and Bae 2020, HiFi-GAN, https://arxiv.org/abs/2010.05646; the source as in Wang et al. 2019,
    https://arxiv.org/abs/1904.12088. Weights are named as RVC names them.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - as torch's own documentation calls it

from singalike.errors import WrongStateError

SLOPE = 0.1
MOST_CHANNELS, MOST_RATE = 8_192, 192_000
"""Beyond these a configuration is a mistake or an attack on the memory."""


@dataclass(frozen=True)
class GeneratorConfig:
    """The shape of a generator.

    Attributes:
        sample_rate: Of what it sings, in Hz.
        input_dim: Numbers in a row.
        upsample_rates: By how much each stage stretches; their product is the samples of a row.
        upsample_kernel_sizes: Of each stage's transposed convolution.
        upsample_initial_channel: Channels before the first stage; each stage halves them.
        resblock_kernel_sizes: Of the residual blocks behind each stage.
        resblock_dilation_sizes: Of each of them.
        harmonics: Sines over the fundamental in the source.
        speaker_dim: Numbers that tell the speaker; 0: nobody does.
    """

    sample_rate: int
    input_dim: int
    upsample_rates: tuple[int, ...]
    upsample_kernel_sizes: tuple[int, ...]
    upsample_initial_channel: int = 512
    resblock_kernel_sizes: tuple[int, ...] = (3, 7, 11)
    resblock_dilation_sizes: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))
    harmonics: int = 0
    speaker_dim: int = 0

    def __post_init__(self) -> None:
        stages, kernels = len(self.upsample_rates), len(self.upsample_kernel_sizes)
        dilations = [size for sizes in self.resblock_dilation_sizes for size in sizes]
        above_zero = (self.sample_rate, self.input_dim, self.upsample_initial_channel, *self.upsample_rates, *dilations)
        fits = (
            all(type(number) is int and number > 0 for number in (*above_zero, *self.upsample_kernel_sizes))
            and all(type(size) is int and size % 2 == 1 for size in self.resblock_kernel_sizes)
            and all(type(number) is int and number >= 0 for number in (self.harmonics, self.speaker_dim))
            and stages == kernels > 0
            and len(self.resblock_kernel_sizes) == len(self.resblock_dilation_sizes) > 0
            and self.upsample_initial_channel % 2**stages == 0
            and max(self.upsample_initial_channel, self.input_dim) <= MOST_CHANNELS
            and self.sample_rate <= MOST_RATE
        )
        pairs = zip(self.upsample_kernel_sizes, self.upsample_rates, strict=False)
        # Otherwise a stage would not stretch by exactly its rate, or the source would not meet it.
        if not fits or any(kernel < rate or (kernel - rate) % 2 for kernel, rate in pairs) or self._is_odd_behind():
            raise ValueError(f"no generator has the shape {self}")

    @property
    def hop(self) -> int:
        """Samples of a row."""
        return math.prod(self.upsample_rates)

    def _is_odd_behind(self) -> bool:
        left = [math.prod(self.upsample_rates[stage + 1 :]) for stage in range(len(self.upsample_rates))]
        return any(rate > 1 and rate % 2 for rate in left)


def _never() -> None:
    """Stand in for a job that nobody cancels."""


def read_generator_config(text: str, file: str) -> GeneratorConfig:
    """Read a configuration: a JSON object with the fields of `GeneratorConfig`.

    Raises:
        WrongStateError: WEIGHTS_DAMAGED.
    """
    try:
        said: Mapping[str, Any] = json.loads(text)
        return GeneratorConfig(**{name: _fixed(value) for name, value in said.items()})
    except (ValueError, TypeError, AttributeError) as error:
        message = f"{file} does not describe a generator ({error}): fetch it again"
        raise WrongStateError("WEIGHTS_DAMAGED", message) from error


class NsfHifiGan(nn.Module):
    """The generator.

    Args:
        config: Its shape.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        channels, rates = config.upsample_initial_channel, config.upsample_rates
        self.conv_pre = nn.Conv1d(config.input_dim, channels, 7, padding=3)
        self.cond = nn.Conv1d(config.speaker_dim, channels, 1) if config.speaker_dim else None
        self.m_source = _Source(config.harmonics + 1)
        self.ups, self.noise_convs, self.resblocks = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for stage, (rate, kernel) in enumerate(zip(rates, config.upsample_kernel_sizes, strict=True)):
            channels //= 2
            self.ups.append(nn.ConvTranspose1d(2 * channels, channels, kernel, rate, padding=(kernel - rate) // 2))
            self.noise_convs.append(_source_convolution(channels, math.prod(rates[stage + 1 :])))
            for size, dilations in zip(config.resblock_kernel_sizes, config.resblock_dilation_sizes, strict=True):
                self.resblocks.append(_ResidualBlock(channels, size, dilations))
        self.conv_post = nn.Conv1d(channels, 1, 7, padding=3, bias=False)
        self.blocks = len(config.resblock_kernel_sizes)

    def forward(
        self, rows: Tensor, source: Tensor, speaker: Tensor | None = None, check: Callable[[], None] = _never
    ) -> Tensor:
        """Sing.

        Args:
            rows: float32 (1, input_dim, rows).
            source: From `harmonic_source`, float32 (1, rows * hop, harmonics + 1).
            speaker: float32 (1, speaker_dim, 1), where the generator wants one.
            check: Called before every residual block, a second or two of work; raises to stop.

        Returns:
            float32 (1, 1, rows * hop), within [-1, 1].
        """
        larynx = self.m_source(source)
        sound = self.conv_pre(rows)
        if self.cond is not None and speaker is not None:
            sound = sound + self.cond(speaker)
        for stage, (stretch, listen) in enumerate(zip(self.ups, self.noise_convs, strict=True)):
            sound = stretch(F.leaky_relu(sound, SLOPE)) + listen(larynx)
            blocks = self.resblocks[stage * self.blocks : (stage + 1) * self.blocks]
            # Added one by one: three at once would be the largest thing in memory.
            together = torch.zeros_like(sound)
            for block in blocks:
                check()
                together += block(sound)
            sound = together.div_(self.blocks)
        # The last step in full precision: what half precision rounds away here is heard as hiss.
        with torch.autocast(sound.device.type, enabled=False):
            return torch.tanh(self.conv_post(F.leaky_relu(sound.float())))


class _Source(nn.Module):
    """Weighs the harmonics."""

    def __init__(self, sines: int) -> None:
        super().__init__()
        self.l_linear = nn.Linear(sines, 1)

    def forward(self, sines: Tensor) -> Tensor:
        return torch.tanh(self.l_linear(sines)).transpose(1, 2)


class _ResidualBlock(nn.Module):
    """Dilated convolutions, each followed by a plain one."""

    def __init__(self, channels: int, kernel: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(
            nn.Conv1d(channels, channels, kernel, dilation=width, padding=width * (kernel // 2)) for width in dilations
        )
        self.convs2 = nn.ModuleList(nn.Conv1d(channels, channels, kernel, padding=kernel // 2) for _width in dilations)

    def forward(self, sound: Tensor) -> Tensor:
        for first, second in zip(self.convs1, self.convs2, strict=True):
            # In place: at 48 kHz every copy of a piece is 76 MiB.
            inside = F.leaky_relu(first(F.leaky_relu(sound, SLOPE)), SLOPE, inplace=True)
            sound = second(inside).add_(sound)
        return sound


def _source_convolution(channels: int, left: int) -> nn.Conv1d:
    """Bring the source from full rate to the rate of a stage, `left` times lower."""
    if left == 1:
        return nn.Conv1d(1, channels, 1)
    return nn.Conv1d(1, channels, 2 * left, stride=left, padding=left // 2)


def _fixed(value: Any) -> Any:
    """Turn lists into tuples, deep."""
    return tuple(_fixed(inner) for inner in value) if isinstance(value, list) else value
