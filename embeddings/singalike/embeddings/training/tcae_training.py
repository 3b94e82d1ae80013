"""Training the TCAE: rebuild the mel, name the pitch, tell voiced from unvoiced, name the pitch class."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from singalike.embeddings.tcae import CHROMA, Tcae, TcaePreset, level_mel
from singalike.embeddings.training.melody_clips import Shard
from singalike.embeddings.training.trainee import Share

HELD_OUT = 2**31
"""Number of the first shard that is only measured; training never counts so far."""


@dataclass(frozen=True)
class TcaeTraining:
    """What a TCAE is trained on, and for what.

    Attributes:
        steps_per_shard: Updates after each fresh shard.
        batch: Clips an update sees.
        pool: Shards that are remembered.
        held_out: Shards that validation measures.
        pitch_weight, voicing_weight, chroma_weight: Beside 1 for the rebuilt mel.
        softness: Standard deviation of the soft pitch target, in semitones.
    """

    steps_per_shard: int = 3
    batch: int = 24
    pool: int = 60
    held_out: int = 2
    pitch_weight: float = 0.5
    voicing_weight: float = 0.5
    chroma_weight: float = 0.3
    softness: float = 0.35


def soft_bins(midi_pitch: Tensor, preset: TcaePreset, softness: float) -> Tensor:
    """Spread each pitch (frames,) over the pitch bins by a Gaussian, (frames, pitch_bins), rows sum to 1."""
    centres = preset.lowest_midi + torch.arange(preset.pitch_bins, device=midi_pitch.device) / preset.bins_per_semitone
    return torch.softmax(-0.5 * ((midi_pitch[:, None] - centres) / softness) ** 2, dim=1)


def tcae_loss(tcae: Tcae, mel: Tensor, midi_pitch: Tensor, settings: TcaeTraining) -> dict[str, Tensor]:
    """Weigh the four losses of a batch of equally long clips.

    Args:
        tcae: The network.
        mel: Levelled log-mels (batch, mels, frames).
        midi_pitch: (batch, frames), NaN where unvoiced.
        settings: Weights.

    Returns:
        Tensors of shape (): "total", which is minimised, its unweighed parts, and shares of frames that are right.
    """
    rebuilt, logits = tcae(mel, torch.full((len(mel),), mel.shape[-1], device=mel.device))
    voiced = torch.isfinite(midi_pitch)
    target = midi_pitch[voiced]
    bins = soft_bins(target, tcae.preset, settings.softness)
    rebuild = functional.mse_loss(rebuilt, tcae.normalise(mel))
    pitch = functional.cross_entropy(logits.pitch[voiced], bins)
    voicing = functional.binary_cross_entropy_with_logits(logits.voicing, voiced.float())
    chroma = functional.cross_entropy(logits.chroma[voiced], target.round().long() % CHROMA)
    total = rebuild + settings.pitch_weight * pitch
    total = total + settings.voicing_weight * voicing + settings.chroma_weight * chroma
    named = tcae.preset.lowest_midi + logits.pitch[voiced].argmax(1) / tcae.preset.bins_per_semitone
    right = ((named - target).abs() < 0.51).float().mean()
    heard = ((logits.voicing > 0) == voiced).float().mean()
    parts = {"rebuild": rebuild, "pitch": pitch, "voicing": voicing, "chroma": chroma}
    return {"total": total, **parts, "within_half": right, "voicing_right": heard}


class TcaeTrainee:
    """Trains a TCAE on a growing number of rendered shards: every few steps a fresh one joins those remembered.

    Args:
        tcae: New, or trained before: its normalisation is fitted on shard 0 if it is still the identity.
        settings: How.
        shards: Returns the shard of a number, the same one every time.
        seed: Of the batches.
        device: Where it trains.
    """

    def __init__(
        self, tcae: Tcae, settings: TcaeTraining, shards: Callable[[int], Shard], seed: int, device: str = "cpu"
    ) -> None:
        self.network = tcae.to(device)
        self.clips = settings.batch
        self._settings = settings
        self._shards = shards
        self._seed = seed
        self._device = device

    def losses(self, step: int, share: Share) -> Mapping[str, Tensor]:
        """Draw clips from the remembered shards, the newest twice as often, with a level that is a little wrong."""
        if not self.network.mel_mean.any():
            self._fit_normalisation()
        rng = np.random.default_rng([self._seed, step])
        newest = step // self._settings.steps_per_shard
        remembered = min(newest + 1, self._settings.pool)
        ages = rng.integers(0, remembered + 1, self.clips) % remembered
        # Every shard is asked for in turn, so that the source sees which ones are still needed.
        pool = {age: self._shards(newest - age) for age in range(remembered - 1, -1, -1)}
        drawn = [(pool[age], int(rng.integers(0, len(pool[age].mel)))) for age in ages.tolist()]
        # A recording with long silences has a lower mean power than a clip full of singing.
        offset = torch.from_numpy(rng.normal(0.3, 0.5, (self.clips, 1, 1)).astype(np.float32))
        mel = self._levelled(np.stack([shard.mel[clip] for shard, clip in drawn]))
        mel = mel + offset * (mel > mel.amin())
        midi_pitch = torch.from_numpy(np.stack([shard.midi_pitch[clip] for shard, clip in drawn]))
        part = share.of(self.clips)
        return tcae_loss(self.network, mel[part].to(self._device), midi_pitch[part].to(self._device), self._settings)

    def validate(self) -> Mapping[str, float]:
        """Measure clips that are never trained on; the score is the share of frames named within half a semitone."""
        figures: dict[str, list[float]] = {}
        for number in range(HELD_OUT, HELD_OUT + self._settings.held_out):
            shard = self._shards(number)
            mel, midi_pitch = self._levelled(shard.mel), torch.from_numpy(shard.midi_pitch)
            losses = tcae_loss(self.network, mel.to(self._device), midi_pitch.to(self._device), self._settings)
            for name, value in losses.items():
                figures.setdefault(name, []).append(float(value))
        means = {name: float(np.mean(values)) for name, values in figures.items()}
        return {**means, "score": means["within_half"]}

    def _levelled(self, mel: NDArray[np.float32]) -> Tensor:
        clips = torch.from_numpy(mel)
        return level_mel(clips, torch.full((len(mel),), mel.shape[-1]), self.network.preset.silence)

    def _fit_normalisation(self) -> None:
        mel = self._levelled(self._shards(0).mel)
        self.network.mel_mean.copy_(mel.mean(dim=(0, 2))[:, None])
        self.network.mel_scale.copy_(mel.std(dim=(0, 2))[:, None].clamp(min=0.1))
