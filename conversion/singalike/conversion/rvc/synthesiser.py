"""A trained voice: what is sung and how high becomes latents, the flow makes them its own, the generator sings them.

Source:
    Kim, Kong and Son 2021, VITS, https://arxiv.org/abs/2106.06103, with the harmonic source of Wang et al. 2019,
    https://arxiv.org/abs/1904.12088. RVC, https://github.com/RVC-Project (MIT), put them together; its names and its
    constants are kept, so that its files load.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from singalike.conversion.neural.generator import GeneratorConfig, NsfHifiGan
from singalike.conversion.rvc.flow import CouplingFlow
from singalike.conversion.rvc.text_encoder import ContentPrior

NOISE = 0.66666
"""Of the deviation that latents are drawn with; RVC sings with this much."""

LOWEST_HZ, HIGHEST_HZ, STEPS = 50.0, 1_100.0, 254


@dataclass(frozen=True)
class VoiceShape:
    """The shape of a trained voice.

    Attributes:
        content_dim: Numbers that say what is sung; 768 in RVC v2.
        latents: Numbers of a latent.
        hidden: Channels of the transformer and the flow.
        filters: Channels inside the transformer's feed-forward parts.
        heads, layers, kernel: Of the transformer.
        speakers: How many voices share the weights.
        generator: What sings.
    """

    content_dim: int
    latents: int
    hidden: int
    filters: int
    heads: int
    layers: int
    kernel: int
    speakers: int
    generator: GeneratorConfig

    def __post_init__(self) -> None:
        numbers = (self.content_dim, self.latents, self.hidden, self.filters, self.heads, self.layers, self.kernel)
        if not all(type(number) is int and 0 < number <= 8_192 for number in (*numbers, self.speakers)):
            raise ValueError(f"no voice has the shape {self}")
        if self.hidden % self.heads or self.latents % 2 or self.latents != self.generator.input_dim:
            raise ValueError(f"the parts of a voice of the shape {self} would not fit together")


class TrainedVoice(nn.Module):
    """The synthesiser.

    Args:
        shape: Its shape.
    """

    def __init__(self, shape: VoiceShape) -> None:
        super().__init__()
        speaker_dim = shape.generator.speaker_dim
        self.enc_p = ContentPrior(
            shape.content_dim, shape.latents, shape.hidden, shape.filters, shape.heads, shape.layers, shape.kernel
        )
        self.dec = NsfHifiGan(shape.generator)
        self.flow = CouplingFlow(shape.latents, shape.hidden, speaker_dim)
        self.emb_g = nn.Embedding(shape.speakers, speaker_dim)

    def forward(
        self,
        content: Tensor,
        pitch: Tensor,
        source: Tensor,
        noise: Tensor,
        speaker: Tensor,
        check: Callable[[], None],
    ) -> Tensor:
        """Sing.

        Args:
            content: float32 (1, rows, content_dim), a row every 10 ms.
            pitch: int64 (1, rows), from `coarse_pitch`.
            source: float32 (1, rows * hop, harmonics + 1), from `harmonic_source`.
            noise: Normal, float32 (1, latents, rows).
            speaker: int64 (1,), which of the voices.
            check: Called every second or two; raises to stop.

        Returns:
            float32 (1, 1, rows * hop).
        """
        who = self.emb_g(speaker)[:, :, None]
        mean, log_deviation = self.enc_p(content, pitch)
        latents = self.flow(mean + NOISE * torch.exp(log_deviation) * noise, who)
        sung: Tensor = self.dec(latents, source, who, check)
        return sung


def coarse_pitch(f0_hz: NDArray[np.float32]) -> NDArray[np.int64]:
    """Number pitches from 1 to 255, evenly on the mel scale from 50 to 1100 Hz; unvoiced rows are 1.

    Args:
        f0_hz: float32 (rows,), zero where unvoiced.

    Returns:
        int64 (rows,).
    """
    lowest, highest = _mel(np.array([LOWEST_HZ, HIGHEST_HZ]))
    steps = (_mel(f0_hz.astype(np.float64)) - lowest) * STEPS / (highest - lowest) + 1.0
    return np.asarray(np.clip(np.rint(steps), 1, STEPS + 1), dtype=np.int64)


def _mel(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """O'Shaughnessy's mel scale."""
    return np.asarray(1127.0 * np.log1p(hz / 700.0))
