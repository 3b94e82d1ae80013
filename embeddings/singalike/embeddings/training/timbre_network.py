"""Training the convolutional timbre network on invented singers, by a contrastive and a classifying loss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn

from singalike.embeddings.mel import MelSettings
from singalike.embeddings.training.losses import AngularMargin, supervised_contrastive
from singalike.embeddings.training.timbre_clips import TimbreClip
from singalike.embeddings.training.trainee import Share
from singalike.embeddings.training.verification import identity_figures
from singalike.embeddings.trunk import Trunk, TrunkPreset
from singalike.embeddings.voice_frames import DETAIL_MEL, ENVELOPE_CEPSTRA, ENVELOPE_MEL, cosine_basis

_KNOTS = 6
_JUDGED_AT_ONCE = 64


@dataclass(frozen=True)
class NetworkTraining:
    """What the network learns from.

    Attributes:
        singers: Singers in a batch.
        views: Clips of each of them.
        crop_frames: Frames cut from each clip, 10 ms each.
        temperature: Of the contrastive loss.
        classifying: Weight of the angular-margin loss beside 1 for the contrastive one.
        margin: Of the angular loss, in radians.
        margin_from: Updates until the margin is reached, from zero.
        equaliser: Largest deviation of the random channel of a view, in nats of power.
    """

    singers: int = 32
    views: int = 2
    crop_frames: int = 240
    temperature: float = 0.1
    classifying: float = 0.2
    margin: float = 0.2
    margin_from: int = 2_000
    equaliser: float = 0.5


class _Learner(nn.Module):
    """The network, and the centres of the singers that only the objective needs."""

    def __init__(self, trunk: Trunk, classes: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.angular = AngularMargin(trunk.preset.timbre_dim, classes)


class NetworkTrainee:
    """Trains the network: every singer is as likely in a batch, every clip of a singer too.

    Args:
        shape: Of the network.
        settings: What it learns from.
        clips: Clips of the singers that train, each singer at least twice.
        held_out: Clips of other voices, to validate on.
        seed: Of weights, batches and views.
        device: Where it trains.
    """

    def __init__(
        self,
        shape: TrunkPreset,
        settings: NetworkTraining,
        clips: Sequence[TimbreClip],
        held_out: Sequence[TimbreClip],
        seed: int,
        device: str = "cpu",
    ) -> None:
        torch.manual_seed(seed)
        self._classes = _by_singer(clips)
        self.network = _Learner(_normalised_trunk(shape, clips), len(self._classes)).to(device)
        self.clips = min(settings.singers, len(self._classes)) * settings.views
        self._settings = settings
        self._held_out = [clip for clip in held_out if not clip.augmented]
        self._seed = seed
        self._device = device
        self._channel = _channel_basis()

    @property
    def trunk(self) -> Trunk:
        """The network without what only the objective needs."""
        return self.network.trunk

    def losses(self, step: int, share: Share) -> Mapping[str, Tensor]:
        """Draw views of some singers, each through a channel of its own, and compare them."""
        rng = np.random.default_rng([self._seed, step])
        labels, frames, masks = self._draw(rng)
        views = self._through_channels(frames, rng)
        part = share.of(self.clips)
        vectors = self.network.trunk(views[part].to(self._device), masks[part].to(self._device))
        singers = labels[part].to(self._device)
        contrastive = supervised_contrastive(vectors, singers, self._settings.temperature)
        margin = self._settings.margin * min(step / max(self._settings.margin_from, 1), 1.0)
        angular = self.network.angular(vectors, singers, margin)
        total = contrastive + self._settings.classifying * angular
        return {"total": total, "contrastive": contrastive, "angular": angular}

    def validate(self) -> Mapping[str, float]:
        """Find the other clips of invented singers of voices held out; the score is the mean average precision."""
        vectors = embed_clips(self.network.trunk, self._held_out, self._device)
        figures = identity_figures(vectors, [clip.singer for clip in self._held_out])
        return {"score": figures.mean_average_precision, "equal_error_rate": figures.equal_error_rate}

    def _draw(self, rng: Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Labels (views,), crops float32 (views, frames, inputs) and masks bool (views, frames)."""
        chosen = np.sort(rng.choice(len(self._classes), min(self._settings.singers, len(self._classes)), replace=False))
        drawn: list[TimbreClip] = []
        for label in chosen.tolist():
            mine = self._classes[label]
            picked = rng.choice(len(mine), self._settings.views, replace=len(mine) < self._settings.views)
            drawn.extend(mine[index] for index in picked.tolist())
        frames = self._settings.crop_frames
        starts = [int(rng.integers(max(len(clip.frames) - frames, 0) + 1)) for clip in drawn]
        crops = [clip.frames[start : start + frames] for clip, start in zip(drawn, starts, strict=True)]
        masks = [clip.active[start : start + frames] for clip, start in zip(drawn, starts, strict=True)]
        labels = torch.from_numpy(np.repeat(chosen, self._settings.views))
        heard = np.stack(masks)
        heard[~heard.any(axis=1)] = True
        return labels, torch.from_numpy(np.stack(crops).astype(np.float32)), torch.from_numpy(heard)

    def _through_channels(self, frames: Tensor, rng: Generator) -> Tensor:
        """Colour every view, lay noise under half of them, and hide a stretch of time and a band, all of any size."""
        views, mels = len(frames), DETAIL_MEL.mels
        strength = rng.uniform(0.0, self._settings.equaliser, (views, 1))
        knots = torch.from_numpy((rng.normal(size=(views, _KNOTS)) * strength).astype(np.float32))
        coloured = frames + (knots @ self._channel)[:, None]
        mel = coloured[:, :, :mels]
        level = mel.mean(dim=(1, 2), keepdim=True) - torch.from_numpy(
            np.where(rng.random(views) < 0.5, rng.uniform(1.0, 8.0, views), 30.0).astype(np.float32)[:, None, None]
        )
        coloured[:, :, :mels] = torch.logaddexp(mel, level)
        usual = self.network.trunk.input_mean.cpu()
        hidden = _stretches(views, frames.shape[1], frames.shape[1] // 6, rng)
        coloured = torch.where(hidden[:, :, None], usual, coloured)
        band = _stretches(views, mels, np.where(rng.random(views) < 0.5, mels // 8, 1), rng)
        coloured[:, :, :mels] = torch.where(band[:, None], usual[:mels], coloured[:, :, :mels])
        return coloured


def embed_clips(trunk: Trunk, clips: Sequence[TimbreClip], device: str = "cpu") -> NDArray[np.float32]:
    """Embed equally long clips whole, float32 (clips, timbre_dim), unit rows."""
    rows = []
    with torch.inference_mode():
        for first in range(0, len(clips), _JUDGED_AT_ONCE):
            batch = clips[first : first + _JUDGED_AT_ONCE]
            frames = torch.from_numpy(np.stack([clip.frames for clip in batch]).astype(np.float32))
            masks = torch.from_numpy(np.stack([clip.active for clip in batch]))
            rows.append(trunk(frames.to(device), masks.to(device)).cpu().numpy())
    return np.concatenate(rows)


def _normalised_trunk(shape: TrunkPreset, clips: Sequence[TimbreClip]) -> Trunk:
    trunk = Trunk(shape)
    frames = np.concatenate([clip.frames[::20] for clip in clips]).astype(np.float32)
    trunk.input_mean.copy_(torch.from_numpy(frames.mean(axis=0)))
    trunk.input_deviation.copy_(torch.from_numpy(frames.std(axis=0) + 1e-3))
    return trunk


def _by_singer(clips: Sequence[TimbreClip]) -> list[list[TimbreClip]]:
    grouped: dict[str, list[TimbreClip]] = {}
    for clip in clips:
        grouped.setdefault(clip.singer, []).append(clip)
    return list(grouped.values())


def _channel_basis() -> Tensor:
    """What a channel with gains at six knots adds to a frame, float32 (knots, inputs): mels, and cepstra of mels."""
    detail, envelope = (_between_knots(settings) for settings in (DETAIL_MEL, ENVELOPE_MEL))
    cepstra = envelope @ cosine_basis(ENVELOPE_MEL.mels, ENVELOPE_CEPSTRA, torch.device("cpu"))
    return torch.cat([detail, cepstra], dim=1)


def _between_knots(settings: MelSettings) -> Tensor:
    """Weights of the knots at each band, (knots, mels)."""
    at = np.linspace(0.0, _KNOTS - 1.0, settings.mels)
    weights = [np.interp(at, np.arange(_KNOTS), np.eye(_KNOTS)[knot]) for knot in range(_KNOTS)]
    return torch.from_numpy(np.stack(weights).astype(np.float32))


def _stretches(rows: int, length: int, longest: int | NDArray[np.int64], rng: Generator) -> Tensor:
    """Mark one stretch of random place and length in each row, bool (rows, length); `longest` itself is not reached."""
    width = rng.integers(0, longest, rows)
    first = rng.integers(0, length - width)
    places = np.arange(length)
    return torch.from_numpy((places >= first[:, None]) & (places < (first + width)[:, None]))
