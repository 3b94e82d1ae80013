"""What a trained voice expects of latents, given what is sung and how high: a transformer that hears ten rows around.

Source:
    Kim, Kong and Son 2021, VITS, https://arxiv.org/abs/2106.06103; positions as in Shaw, Uszkoreit and Vaswani 2018,
    https://arxiv.org/abs/1803.02155. Weights are named as RVC names them.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - as torch's own documentation calls it

WINDOW = 10
PITCHES = 256


class ContentPrior(nn.Module):
    """Mean and log deviation of the latents.

    Args:
        content_dim: Numbers that say what is sung.
        latents: Numbers of a latent.
        hidden: Channels of the transformer.
        filters: Channels inside its feed-forward parts.
        heads: Of its attention.
        layers: Of the transformer.
        kernel: Of the convolutions of the feed-forward parts.
    """

    def __init__(
        self, content_dim: int, latents: int, hidden: int, filters: int, heads: int, layers: int, kernel: int
    ) -> None:
        super().__init__()
        self.emb_phone = nn.Linear(content_dim, hidden)
        self.emb_pitch = nn.Embedding(PITCHES, hidden)
        self.encoder = _Transformer(hidden, filters, heads, layers, kernel)
        self.proj = nn.Conv1d(hidden, 2 * latents, 1)
        self.scale = math.sqrt(hidden)

    def forward(self, content: Tensor, pitch: Tensor) -> tuple[Tensor, Tensor]:
        """Expect latents.

        Args:
            content: float32 (1, rows, content_dim).
            pitch: int64 (1, rows), from 1 to 255; see `coarse_pitch`.

        Returns:
            Mean and log deviation, float32 (1, latents, rows) each.
        """
        rows = (self.emb_phone(content) + self.emb_pitch(pitch)) * self.scale
        expected: Tensor = self.proj(self.encoder(F.leaky_relu(rows, 0.1).transpose(1, 2)))
        mean, log_deviation = expected.chunk(2, dim=1)
        return mean, log_deviation


class _Transformer(nn.Module):
    """Attention and convolutions, each followed by a norm."""

    def __init__(self, hidden: int, filters: int, heads: int, layers: int, kernel: int) -> None:
        super().__init__()
        self.attn_layers = nn.ModuleList(_Attention(hidden, heads) for _layer in range(layers))
        self.norm_layers_1 = nn.ModuleList(_ChannelNorm(hidden) for _layer in range(layers))
        self.ffn_layers = nn.ModuleList(_FeedForward(hidden, filters, kernel) for _layer in range(layers))
        self.norm_layers_2 = nn.ModuleList(_ChannelNorm(hidden) for _layer in range(layers))

    def forward(self, rows: Tensor) -> Tensor:
        layers = zip(self.attn_layers, self.norm_layers_1, self.ffn_layers, self.norm_layers_2, strict=True)
        for attention, first_norm, feed_forward, second_norm in layers:
            rows = first_norm(rows + attention(rows))
            rows = second_norm(rows + feed_forward(rows))
        return rows


class _Attention(nn.Module):
    """Attention with a learnt vector for each distance of up to ten rows; beyond, only content counts."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads, self.dim = heads, hidden // heads
        self.conv_q, self.conv_k = nn.Conv1d(hidden, hidden, 1), nn.Conv1d(hidden, hidden, 1)
        self.conv_v, self.conv_o = nn.Conv1d(hidden, hidden, 1), nn.Conv1d(hidden, hidden, 1)
        self.emb_rel_k = nn.Parameter(torch.zeros(1, 2 * WINDOW + 1, self.dim))
        self.emb_rel_v = nn.Parameter(torch.zeros(1, 2 * WINDOW + 1, self.dim))

    def forward(self, rows: Tensor) -> Tensor:
        query, key, value = (self._split(ask(rows)) for ask in (self.conv_q, self.conv_k, self.conv_v))
        query = query / math.sqrt(self.dim)
        place = torch.arange(rows.shape[-1], device=rows.device)
        distance = place[None, :] - place[:, None]
        by_distance = query @ self.emb_rel_k[0].T
        known = (distance.clamp(-WINDOW, WINDOW) + WINDOW).expand(1, self.heads, -1, -1)
        nearness = torch.where(distance.abs() <= WINDOW, by_distance.gather(3, known), 0.0)
        attention = torch.softmax(query @ key.transpose(2, 3) + nearness, dim=-1)
        # What each row gives to the rows ten before to ten behind it; beyond the ends there is nothing to give to.
        around = place[:, None] + torch.arange(-WINDOW, WINDOW + 1, device=rows.device)
        exists = (around >= 0) & (around < len(place))
        at = around.clamp(0, len(place) - 1).expand(1, self.heads, -1, -1)
        given = torch.where(exists, attention.gather(3, at), 0.0)
        heard = attention @ value + given @ self.emb_rel_v[0]
        joined: Tensor = self.conv_o(heard.transpose(2, 3).reshape(rows.shape))
        return joined

    def _split(self, rows: Tensor) -> Tensor:
        """Part the heads: (1, hidden, rows) to (1, heads, rows, dim)."""
        return rows.reshape(1, self.heads, self.dim, -1).transpose(2, 3)


class _FeedForward(nn.Module):
    """Two convolutions; an even kernel looks one row further ahead."""

    def __init__(self, hidden: int, filters: int, kernel: int) -> None:
        super().__init__()
        self.conv_1, self.conv_2 = nn.Conv1d(hidden, filters, kernel), nn.Conv1d(filters, hidden, kernel)
        self.around = ((kernel - 1) // 2, kernel // 2)

    def forward(self, rows: Tensor) -> Tensor:
        inside = torch.relu(self.conv_1(F.pad(rows, self.around)))
        passed: Tensor = self.conv_2(F.pad(inside, self.around))
        return passed


class _ChannelNorm(nn.Module):
    """Norm over the channels of each row."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, rows: Tensor) -> Tensor:
        return F.layer_norm(rows.transpose(1, 2), self.gamma.shape, self.gamma, self.beta).transpose(1, 2)
