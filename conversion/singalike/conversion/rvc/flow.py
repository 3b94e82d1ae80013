"""From latents as content expects them to latents as the voice has them: couplings that can be run backwards.

Source:
    Kim, Kong and Son 2021, VITS, https://arxiv.org/abs/2106.06103, section 2.2.2; Dinh, Sohl-Dickstein and Bengio 2017,
    Real NVP, https://arxiv.org/abs/1605.08803; van den Oord et al. 2016, WaveNet, https://arxiv.org/abs/1609.03499.
"""

import torch
from torch import Tensor, nn

COUPLINGS, LAYERS, KERNEL = 4, 3, 5


class CouplingFlow(nn.Module):
    """Four couplings with the halves of the latents swapped between them.

    Args:
        latents: Numbers of a latent, even.
        hidden: Channels inside.
        speaker_dim: Numbers that tell the speaker.
    """

    def __init__(self, latents: int, hidden: int, speaker_dim: int) -> None:
        super().__init__()
        self.flows = nn.ModuleList()
        for _coupling in range(COUPLINGS):
            self.flows.extend([_Coupling(latents // 2, hidden, speaker_dim), _Swap()])

    def forward(self, latents: Tensor, speaker: Tensor) -> Tensor:
        """Run it backwards, as singing does.

        Args:
            latents: float32 (1, latents, rows).
            speaker: float32 (1, speaker_dim, 1).

        Returns:
            float32 (1, latents, rows).
        """
        for step in reversed(self.flows):
            latents = step(latents, speaker)
        return latents


class _Swap(nn.Module):
    """Reverses the order of the channels, so that the other half is moved next."""

    def forward(self, latents: Tensor, _speaker: Tensor) -> Tensor:
        return latents.flip(1)


class _Coupling(nn.Module):
    """Moves one half of the channels by what the other half says; backwards takes it away."""

    def __init__(self, half: int, hidden: int, speaker_dim: int) -> None:
        super().__init__()
        self.pre = nn.Conv1d(half, hidden, 1)
        self.enc = _GatedConvolutions(hidden, speaker_dim)
        self.post = nn.Conv1d(hidden, half, 1)

    def forward(self, latents: Tensor, speaker: Tensor) -> Tensor:
        stays, moves = latents.chunk(2, dim=1)
        return torch.cat([stays, moves - self.post(self.enc(self.pre(stays), speaker))], dim=1)


class _GatedConvolutions(nn.Module):
    """A WaveNet without dilation, told who speaks."""

    def __init__(self, hidden: int, speaker_dim: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.cond_layer = nn.Conv1d(speaker_dim, 2 * hidden * LAYERS, 1)
        self.in_layers = nn.ModuleList(
            nn.Conv1d(hidden, 2 * hidden, KERNEL, padding=KERNEL // 2) for _layer in range(LAYERS)
        )
        # The last layer has no further layer to hand anything on to.
        self.res_skip_layers = nn.ModuleList(
            nn.Conv1d(hidden, hidden if layer == LAYERS - 1 else 2 * hidden, 1) for layer in range(LAYERS)
        )

    def forward(self, rows: Tensor, speaker: Tensor) -> Tensor:
        told = self.cond_layer(speaker).chunk(LAYERS, dim=1)
        out = torch.zeros_like(rows)
        for hear, hand_on, who in zip(self.in_layers, self.res_skip_layers, told, strict=True):
            value, gate = (hear(rows) + who).chunk(2, dim=1)
            passed = hand_on(torch.tanh(value) * torch.sigmoid(gate))
            if passed.shape[1] > self.hidden:
                rows = rows + passed[:, : self.hidden]
            out = out + passed[:, -self.hidden :]
        return out
