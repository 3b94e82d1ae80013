"""Training the TCAE: rebuild the mel, name the pitch, tell voiced from unvoiced, name the pitch class."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from singalike.embeddings.tcae import CHROMA, Tcae, TcaePreset, level_mel
from singalike.embeddings.training.melody_clips import Shard

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class TcaeTraining:
    """How a TCAE is trained.

    Attributes:
        shards: Fresh shards in all.
        steps_per_shard: Updates after each fresh shard.
        batch: Clips an update sees.
        pool: Shards that are remembered.
        learning_rate: Of AdamW, at its peak; falls along a cosine.
        warm_up: Updates until the peak.
        pitch_weight, voicing_weight, chroma_weight: Beside 1 for the rebuilt mel.
        softness: Standard deviation of the soft pitch target, in semitones.
    """

    shards: int = 700
    steps_per_shard: int = 3
    batch: int = 24
    pool: int = 60
    learning_rate: float = 2e-3
    warm_up: int = 50
    pitch_weight: float = 0.5
    voicing_weight: float = 0.5
    chroma_weight: float = 0.3
    softness: float = 0.35


def soft_bins(midi_pitch: Tensor, preset: TcaePreset, softness: float) -> Tensor:
    """Spread each pitch (frames,) over the pitch bins by a Gaussian, (frames, pitch_bins), rows sum to 1."""
    centres = preset.lowest_midi + torch.arange(preset.pitch_bins) / preset.bins_per_semitone
    return torch.softmax(-0.5 * ((midi_pitch[:, None] - centres) / softness) ** 2, dim=1)


def tcae_loss(tcae: Tcae, mel: Tensor, midi_pitch: Tensor, settings: TcaeTraining) -> tuple[Tensor, dict[str, float]]:
    """Weigh the four losses of a batch of equally long clips.

    Args:
        tcae: The network.
        mel: Levelled log-mels (batch, mels, frames).
        midi_pitch: (batch, frames), NaN where unvoiced.
        settings: Weights.

    Returns:
        The loss, shape (), and figures to log.
    """
    rebuilt, logits = tcae(mel, torch.full((len(mel),), mel.shape[-1]))
    voiced = torch.isfinite(midi_pitch)
    target = midi_pitch[voiced]
    bins = soft_bins(target, tcae.preset, settings.softness)
    rebuild = functional.mse_loss(rebuilt, tcae.normalise(mel))
    pitch = functional.cross_entropy(logits.pitch[voiced], bins)
    voicing = functional.binary_cross_entropy_with_logits(logits.voicing, voiced.float())
    chroma = functional.cross_entropy(logits.chroma[voiced], target.round().long() % CHROMA)
    loss = rebuild + settings.pitch_weight * pitch
    loss = loss + settings.voicing_weight * voicing + settings.chroma_weight * chroma
    with torch.no_grad():
        named = tcae.preset.lowest_midi + logits.pitch[voiced].argmax(1) / tcae.preset.bins_per_semitone
        right = ((named - target).abs() < 0.51).float().mean()
        heard = ((logits.voicing > 0) == voiced).float().mean()
    figures = {"rebuild": rebuild, "pitch": pitch, "voicing": voicing, "within_half": right, "voicing_right": heard}
    return loss, {name: float(value.detach()) for name, value in figures.items()}


def train_tcae(
    tcae: Tcae, settings: TcaeTraining, shards: Iterator[Shard], seed: int, minutes: float | None = None
) -> tuple[Tcae, int]:
    """Train a TCAE on a stream of shards.

    Args:
        tcae: New, or trained before: its normalisation is fitted on the first shard if it is still the identity.
        settings: How.
        shards: Fresh clips.
        seed: Of the batches.
        minutes: Stop early when this much time has passed; the learning rate falls accordingly.

    Returns:
        The network in evaluation mode and the number of shards that it has seen.
    """
    rng = np.random.default_rng(seed)
    tcae.train()
    optimiser = torch.optim.AdamW(tcae.parameters(), lr=settings.learning_rate, weight_decay=0.01)
    pool: list[tuple[Tensor, Tensor]] = []
    begun_s, seen, updates = time.monotonic(), 0, 0
    while (progress := _progress(seen, settings.shards, begun_s, minutes)) < 1.0:
        shard = next(shards)
        _remember(pool, shard, tcae.preset, settings.pool, seen)
        if not tcae.mel_mean.any():
            _fit_normalisation(tcae, pool[0][0])
        for _ in range(settings.steps_per_shard):
            warm = min((updates + 1) / settings.warm_up, 1.0)
            for group in optimiser.param_groups:
                group["lr"] = settings.learning_rate * warm * (0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * progress)))
            mel, midi_pitch = _draw(pool, settings.batch, rng)
            loss, figures = tcae_loss(tcae, mel, midi_pitch, settings)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(tcae.parameters(), 1.0)
            optimiser.step()
            updates += 1
        seen += 1
        if seen % 10 == 0:
            _LOG.info("%.0f s, shard %d: %s", time.monotonic() - begun_s, seen,
                      ", ".join(f"{name} {value:.3f}" for name, value in figures.items()))  # fmt: skip
    return tcae.eval(), seen


def _progress(seen: int, shards: int, begun_s: float, minutes: float | None) -> float:
    elapsed = 0.0 if minutes is None else (time.monotonic() - begun_s) / (60.0 * minutes)
    return max(seen / shards, elapsed)


def _remember(pool: list[tuple[Tensor, Tensor]], shard: Shard, preset: TcaePreset, most: int, seen: int) -> None:
    """Put a fresh shard where the oldest was."""
    mel = torch.from_numpy(shard.mel)
    levelled = level_mel(mel, torch.full((len(mel),), mel.shape[-1]), preset.silence)
    entry = (levelled, torch.from_numpy(shard.midi_pitch))
    if len(pool) < most:
        pool.append(entry)
    else:
        pool[seen % most] = entry


def _fit_normalisation(tcae: Tcae, mel: Tensor) -> None:
    tcae.mel_mean.copy_(mel.mean(dim=(0, 2))[:, None])
    tcae.mel_scale.copy_(mel.std(dim=(0, 2))[:, None].clamp(min=0.1))


def _draw(pool: list[tuple[Tensor, Tensor]], batch: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Draw clips from the whole pool, the newest shard twice as often, with a level that is a little wrong."""
    shards = rng.integers(0, len(pool) + 1, batch) % len(pool)
    clips = [int(rng.integers(0, len(pool[shard][0]))) for shard in shards]
    mel = torch.stack([pool[shard][0][clip] for shard, clip in zip(shards, clips, strict=True)])
    midi_pitch = torch.stack([pool[shard][1][clip] for shard, clip in zip(shards, clips, strict=True)])
    # A recording with long silences has a lower mean power than a clip full of singing.
    offset = torch.from_numpy(rng.normal(0.3, 0.5, (batch, 1, 1)).astype(np.float32))
    return mel + offset * (mel > mel.amin()), midi_pitch
