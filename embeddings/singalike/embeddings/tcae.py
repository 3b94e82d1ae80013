"""The time causal autoencoder (TCAE): a log-mel becomes one melody latent every 64 ms, and a pitch posterior.

Encoder and decoder are stacks of dilated causal convolutions with gated residual blocks, as in WaveNet: with kernel k
and dilations d_1..d_n a stack sees 1 + (k - 1) * sum(d) steps, never one of the future, and keeps the length. The
encoder's first convolution has a stride, so that its latent i is complete when mel frame i * stride has been heard:

    mel (48, L) -> conv k8 s4 -> 6 gated blocks -> 1x1 -> latent (32, ceil(L / 4))
    latent -> 1x1 -> gated blocks -> 1x1 -> mel (48, L)
    latent one step later -> pitch (97 half semitones), voicing and chroma of the `stride` frames of this step

A mel filterbank of 48 is four semitones wide at A3: rebuilding the mel alone teaches loudness and timbre. The pitch
head's targets make the latent carry the melody; it looks one step (64 ms) ahead, because onsets are ambiguous.

Source:
    van den Oord et al. 2016, WaveNet, https://arxiv.org/abs/1609.03499.
"""

from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from singalike.errors import InvalidInputError

CHROMA = 12

QUIETEST_LEVEL = -11.0
"""Mean mel power, in nats, of noise at -60 dB of full scale: what is quieter is not brought up to a voice's level."""


@dataclass(frozen=True)
class TcaePreset:
    """The shape of a TCAE.

    Attributes:
        mels: Rows of the input.
        channels: Width of every hidden layer.
        latent_dim: Numbers per latent.
        stem_kernel: Mel frames that the first convolution sees.
        stride: Mel frames per latent.
        kernel: Steps that a gated block sees, before dilation.
        encoder_dilations: One gated block each.
        decoder_dilations: One gated block each.
        pitch_bins: Classes of the pitch head.
        bins_per_semitone: Its resolution.
        lowest_midi: MIDI pitch of its first bin.
        silence: Level below the recording's mean power that counts as silence, in nats, below zero.
    """

    mels: int = 48
    channels: int = 96
    latent_dim: int = 32
    stem_kernel: int = 8
    stride: int = 4
    kernel: int = 3
    encoder_dilations: tuple[int, ...] = (1, 2, 4, 1, 2, 4)
    decoder_dilations: tuple[int, ...] = (1, 2)
    pitch_bins: int = 97
    bins_per_semitone: int = 2
    lowest_midi: float = 36.0
    silence: float = -12.0

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "TcaePreset":
        """Rebuild a preset from JSON values."""
        fields: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
        return cls(**fields)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values that `from_dict` takes back."""
        return asdict(self)

    @property
    def latent_receptive_field(self) -> int:
        """Mel frames that one latent sees, its own last one included."""
        return (self.kernel - 1) * sum(self.encoder_dilations) * self.stride + self.stem_kernel

    @property
    def mel_receptive_field(self) -> int:
        """Mel frames that the last rebuilt frame of a step sees, that frame included."""
        return self.latent_receptive_field + (self.kernel - 1) * sum(self.decoder_dilations) * self.stride

    def steps(self, frames: int) -> int:
        """Return the number of latents of `frames` mel frames."""
        return -(-frames // self.stride)


@dataclass(frozen=True, eq=False)
class PitchLogits:
    """What the pitch head says about every mel frame; zero past a recording's own length.

    Attributes:
        pitch: Logits over the pitch bins, (batch, frames, pitch_bins).
        voicing: Logit of being voiced, (batch, frames).
        chroma: Logits over the pitch classes, C first, (batch, frames, 12).
    """

    pitch: Tensor
    voicing: Tensor
    chroma: Tensor


class CausalConv(nn.Module):
    """A convolution over time that sees no step later than its own, (batch, in, steps) -> (batch, out, steps)."""

    def __init__(self, inputs: int, outputs: int, kernel: int, dilation: int = 1) -> None:
        super().__init__()
        self.past = (kernel - 1) * dilation
        self.conv = nn.Conv1d(inputs, outputs, kernel, dilation=dilation)

    def forward(self, steps: Tensor) -> Tensor:
        """Pad the past with zeros, so that the length is kept."""
        output: Tensor = self.conv(functional.pad(steps, (self.past, 0)))
        return output


class GatedBlock(nn.Module):
    """tanh(W * x) sigmoid(V * x), mixed and added to its input (WaveNet, eq. 2), shape kept."""

    def __init__(self, channels: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.gates = CausalConv(channels, 2 * channels, kernel, dilation)
        self.mix = nn.Conv1d(channels, channels, 1)

    def forward(self, steps: Tensor) -> Tensor:
        """Add the gated past to every step."""
        signal, gate = self.gates(steps).chunk(2, dim=1)
        output: Tensor = steps + self.mix(torch.tanh(signal) * torch.sigmoid(gate))
        return output


def gated_stack(channels: int, kernel: int, dilations: tuple[int, ...]) -> nn.Sequential:
    """Stack gated blocks; it sees 1 + (kernel - 1) * sum(dilations) steps."""
    return nn.Sequential(*(GatedBlock(channels, kernel, dilation) for dilation in dilations))


def valid_frames(lengths: Tensor, frames: int) -> Tensor:
    """Mark each recording's own frames: lengths (batch,) -> bool (batch, frames)."""
    return torch.arange(frames, device=lengths.device) < lengths[:, None]


def level_mel(mel: Tensor, lengths: Tensor, silence: float) -> Tensor:
    """Measure a log-mel from its recording's own mean power, so that a gain changes nothing.

    Args:
        mel: Natural log of mel power, (batch, mels, frames).
        lengths: Frames that belong to each recording, (batch,).
        silence: Floor below the mean power, in nats; frames past the length get it too.

    Returns:
        The levelled log-mel, same shape: 0 is the mean power of the recording.
    """
    own = valid_frames(lengths, mel.shape[-1])[:, None]
    logs = mel.masked_fill(~own, -torch.inf).flatten(1)
    numbers = (lengths.clamp(min=1) * mel.shape[1]).to(mel.dtype)
    level = (torch.logsumexp(logs, dim=1) - torch.log(numbers)).clamp(min=QUIETEST_LEVEL)
    return (mel - level[:, None, None]).clamp(min=silence).masked_fill(~own, silence)


class Tcae(nn.Module):
    """The autoencoder with its pitch head.

    Padding of a batch goes to the right. Encoder and decoder are causal, so it cannot reach a recording's own steps;
    the pitch head looks one step ahead, where every recording, alone or in a batch, meets the same silence.

    Args:
        preset: The shape.
    """

    mel_mean: Tensor
    mel_scale: Tensor

    def __init__(self, preset: TcaePreset) -> None:
        super().__init__()
        self.preset = preset
        width, latent, stride = preset.channels, preset.latent_dim, preset.stride
        self.register_buffer("mel_mean", torch.zeros(preset.mels, 1))
        self.register_buffer("mel_scale", torch.ones(preset.mels, 1))
        self.stem = nn.Conv1d(preset.mels, width, preset.stem_kernel, stride=stride)
        self.encoder = gated_stack(width, preset.kernel, preset.encoder_dilations)
        self.to_latent = nn.Conv1d(width, latent, 1)
        self.from_latent = nn.Conv1d(latent, width, 1)
        self.decoder = gated_stack(width, preset.kernel, preset.decoder_dilations)
        self.to_mel = nn.Conv1d(width, preset.mels * stride, 1)
        self.pitch_hidden = nn.Conv1d(latent, 2 * width, 1)
        self.to_pitch = nn.Conv1d(2 * width, (preset.pitch_bins + 1 + CHROMA) * stride, 1)

    def normalise(self, mel: Tensor) -> Tensor:
        """Apply the training set's mean and scale to a levelled log-mel (batch, mels, frames)."""
        return (mel - self.mel_mean) / self.mel_scale

    def encode(self, mel: Tensor) -> Tensor:
        """Turn levelled log-mels (batch, mels, frames) into latents (batch, latent_dim, ceil(frames / stride)).

        Latent i depends on mel frames i * stride - latent_receptive_field + 1 .. i * stride only.
        """
        if mel.dim() != 3 or mel.shape[1] != self.preset.mels or mel.shape[2] == 0:
            raise InvalidInputError("MEL_SHAPE", f"pass (batch, {self.preset.mels}, frames), not {tuple(mel.shape)}")
        past = functional.pad(mel, (self.preset.stem_kernel - 1, 0), value=self.preset.silence)
        latent: Tensor = self.to_latent(self.encoder(self.stem(self.normalise(past))))
        return latent

    def decode(self, latent: Tensor, frames: int) -> Tensor:
        """Rebuild normalised mels (batch, mels, frames) from latents; frame t needs latents up to ceil(t / stride)."""
        blocks = self.to_mel(self.decoder(self.from_latent(latent)))
        # Latent i closes frames i * stride - stride + 1 .. i * stride, so the first stride - 1 frames precede time 0.
        return _unfold_steps(blocks, self.preset.stride)[:, :, self.preset.stride - 1 :][:, :, :frames]

    def pitch_logits(self, latent: Tensor, frames: int) -> PitchLogits:
        """Read pitch, voicing and chroma of frames i * stride .. i * stride + stride - 1 from latent i + 1."""
        hidden = functional.silu(self.pitch_hidden(latent[:, :, 1:]))
        logits = _unfold_steps(self.to_pitch(hidden), self.preset.stride)[:, :, :frames].transpose(1, 2)
        pitch, voicing, chroma = torch.split(logits, [self.preset.pitch_bins, 1, CHROMA], dim=2)
        return PitchLogits(pitch, voicing[:, :, 0], chroma)

    def analyse(self, mel: Tensor, lengths: Tensor) -> tuple[Tensor, PitchLogits]:
        """Give latents and pitch of a padded batch.

        Args:
            mel: Levelled log-mels, (batch, mels, frames).
            lengths: Frames that belong to each recording, int64 (batch,).

        Returns:
            Latents (batch, latent_dim, steps) and pitch logits, zero past each recording's own steps and frames.
        """
        latent = self.encode(self._with_future(mel, lengths))
        logits = self.pitch_logits(latent, mel.shape[-1])
        own = valid_frames(lengths, mel.shape[-1])
        own_steps = own[:, :: self.preset.stride]
        return latent[:, :, :-1] * own_steps[:, None], PitchLogits(
            logits.pitch * own[:, :, None], logits.voicing * own, logits.chroma * own[:, :, None]
        )

    def forward(self, mel: Tensor, lengths: Tensor) -> tuple[Tensor, PitchLogits]:
        """Rebuild the normalised mel (batch, mels, frames) and read the pitch, for training."""
        latent = self.encode(self._with_future(mel, lengths))
        return self.decode(latent, mel.shape[-1]), self.pitch_logits(latent, mel.shape[-1])

    def _with_future(self, mel: Tensor, lengths: Tensor) -> Tensor:
        """Silence what is no recording's own, and append the step that the pitch head looks ahead."""
        own = valid_frames(lengths, mel.shape[-1])[:, None]
        whole = self.preset.steps(mel.shape[-1]) * self.preset.stride + 1
        silenced = mel.masked_fill(~own, self.preset.silence)
        return functional.pad(silenced, (0, whole - mel.shape[-1]), value=self.preset.silence)


def _unfold_steps(blocks: Tensor, stride: int) -> Tensor:
    """Lay the `stride` frames of every step out in time: (batch, n * stride, steps) -> (batch, n, steps * stride)."""
    batch, rows, steps = blocks.shape
    frames = blocks.reshape(batch, stride, rows // stride, steps).permute(0, 2, 3, 1)
    return frames.reshape(batch, rows // stride, steps * stride)
