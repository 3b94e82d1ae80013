"""Training the convolutional timbre network on invented singers, by a contrastive and a classifying loss."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor, nn

from singalike.embeddings.mel import MelSettings
from singalike.embeddings.projection import unit
from singalike.embeddings.training.losses import AngularMargin, supervised_contrastive
from singalike.embeddings.training.timbre_clips import KINDS, TimbreClip
from singalike.embeddings.training.timbre_teacher import Teacher, embed_clips
from singalike.embeddings.training.trainee import Share
from singalike.embeddings.training.verification import identity_figures
from singalike.embeddings.trunk import Trunk, TrunkPreset
from singalike.embeddings.voice_frames import DETAIL_MEL, ENVELOPE_CEPSTRA, ENVELOPE_MEL, cosine_basis
from singalike.errors import InvalidInputError

_KNOTS = 6


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
        natural: Share of the singers in a batch who are natural recordings, where there are any.
        pull: Weight of the mean squared difference from the teacher's cosines between clips, where there is one.
    """

    singers: int = 32
    views: int = 2
    crop_frames: int = 240
    temperature: float = 0.1
    classifying: float = 0.2
    margin: float = 0.2
    margin_from: int = 2_000
    equaliser: float = 0.5
    natural: float = 0.5
    pull: float = 0.0


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
        teacher: Whose network goes on training, and whose vectors teach how alike clips are; None starts afresh.

    Raises:
        InvalidInputError: SHAPE_DIFFERS, the network to start from has another shape.
    """

    def __init__(
        self,
        shape: TrunkPreset,
        settings: NetworkTraining,
        clips: Sequence[TimbreClip],
        held_out: Sequence[TimbreClip],
        seed: int,
        device: str = "cpu",
        teacher: Teacher | None = None,
    ) -> None:
        torch.manual_seed(seed)
        self._all = clips
        self._classes = _by_singer(clips)
        self._natural = np.array([clips[mine[0]].kind == "natural" for mine in self._classes])
        trunk = _normalised_trunk(shape, clips) if teacher is None else _trunk_of(teacher, shape)
        learner = _Learner(trunk, len(self._classes))
        if teacher is not None:
            self._place_centres(learner.angular, teacher.own)
        self.network = learner.to(device)
        self._taught = None if teacher is None else torch.from_numpy(teacher.taught)
        self.clips = min(settings.singers, len(self._classes)) * settings.views
        self._settings = settings
        self._held_out = [clip for clip in held_out if clip.kind == "natural" or not clip.augmented]
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
        labels, drawn = self._draw(rng)
        frames, masks = self._crop(drawn, rng)
        views = self._through_channels(frames, rng)
        part = share.of(self.clips)
        vectors = self.network.trunk(views[part].to(self._device), masks[part].to(self._device))
        singers = labels[part].to(self._device)
        contrastive = supervised_contrastive(vectors, singers, self._settings.temperature)
        margin = self._settings.margin * min(step / max(self._settings.margin_from, 1), 1.0)
        angular = self.network.angular(vectors, singers, margin)
        total = contrastive + self._settings.classifying * angular
        losses = {"contrastive": contrastive, "angular": angular}
        if self._taught is not None:
            losses["pull"] = distance_of_cosines(vectors, self._taught[drawn[part]].to(self._device))
            total = total + self._settings.pull * losses["pull"]
        return {"total": total, **losses}

    def validate(self) -> Mapping[str, float]:
        """Find the other clips of singers held out; the score is the mean average precision.

        The score is the mean over the kinds of clips that there are, natural recordings with their channels; the
        precision of each stands under its name. The equal error rate is that of the first kind.
        """
        kinds = {kind: [clip for clip in self._held_out if clip.kind == kind] for kind in KINDS}
        figures = {
            kind: identity_figures(embed_clips(self.network.trunk, mine, self._device), [clip.singer for clip in mine])
            for kind, mine in kinds.items()
            if mine
        }
        precisions: dict[str, float] = {kind: each.mean_average_precision for kind, each in figures.items()}
        error_rate = next(iter(figures.values())).equal_error_rate
        return {"score": float(np.mean(list(precisions.values()))), **precisions, "equal_error_rate": error_rate}

    def _place_centres(self, angular: AngularMargin, own: NDArray[np.float32]) -> None:
        """Put the centres of the classes where the network that goes on has their clips."""
        centres = np.stack([unit(own[mine].mean(axis=0)) for mine in self._classes])
        with torch.no_grad():
            angular.centres.copy_(torch.from_numpy(centres))

    def _choose(self, rng: Generator) -> NDArray[np.int64]:
        """Numbers of the singers in a batch, in order: invented and natural ones by their share."""
        singers = min(self._settings.singers, len(self._classes))
        if not self._natural.any():
            return np.sort(rng.choice(len(self._classes), singers, replace=False))
        kinds = np.flatnonzero(self._natural), np.flatnonzero(~self._natural)
        natural = int(np.clip(round(singers * self._settings.natural), singers - len(kinds[1]), len(kinds[0])))
        drawn = [
            rng.choice(kind, n, replace=False) for kind, n in zip(kinds, (natural, singers - natural), strict=True)
        ]
        return np.sort(np.concatenate(drawn))

    def _draw(self, rng: Generator) -> tuple[Tensor, NDArray[np.int64]]:
        """Labels (views,), and numbers of the clips, int64 (views,)."""
        chosen = self._choose(rng)
        views = self._settings.views
        drawn = [
            rng.choice(mine, views, replace=len(mine) < views) for mine in (self._classes[label] for label in chosen)
        ]
        return torch.from_numpy(np.repeat(chosen, views)), np.concatenate(drawn)

    def _crop(self, drawn: NDArray[np.int64], rng: Generator) -> tuple[Tensor, Tensor]:
        """Crops of clips, float32 (views, frames, inputs), and masks bool (views, frames)."""
        clips = [self._all[index] for index in drawn]
        frames = self._settings.crop_frames
        starts = [int(rng.integers(max(len(clip.frames) - frames, 0) + 1)) for clip in clips]
        crops = [clip.frames[start : start + frames] for clip, start in zip(clips, starts, strict=True)]
        masks = [clip.active[start : start + frames] for clip, start in zip(clips, starts, strict=True)]
        heard = np.stack(masks)
        heard[~heard.any(axis=1)] = True
        return torch.from_numpy(np.stack(crops).astype(np.float32)), torch.from_numpy(heard)

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


def distance_of_cosines(vectors: Tensor, taught: Tensor) -> Tensor:
    """Mean squared difference of two sets of cosines over pairs of different clips, shape ().

    Args:
        vectors: Unit vectors that learn, float (clips, dim).
        taught: Unit vectors of a teacher, float (clips, another dim).
    """
    differ = ~torch.eye(len(vectors), dtype=torch.bool, device=vectors.device)
    return (vectors @ vectors.T - taught @ taught.T)[differ].square().mean()


def _trunk_of(teacher: Teacher, shape: TrunkPreset) -> Trunk:
    """Copy the network of a teacher, so that it can be trained and the teacher stays as it is."""
    if teacher.trunk.preset != shape:
        raise InvalidInputError(
            "SHAPE_DIFFERS", f"the network to start from is {teacher.trunk.preset}: give the preset its shape"
        )
    return copy.deepcopy(teacher.trunk).requires_grad_(requires_grad=True)


def _normalised_trunk(shape: TrunkPreset, clips: Sequence[TimbreClip]) -> Trunk:
    trunk = Trunk(shape)
    frames = np.concatenate([clip.frames[::20] for clip in clips]).astype(np.float32)
    trunk.input_mean.copy_(torch.from_numpy(frames.mean(axis=0)))
    trunk.input_deviation.copy_(torch.from_numpy(frames.std(axis=0) + 1e-3))
    return trunk


def _by_singer(clips: Sequence[TimbreClip]) -> list[NDArray[np.int64]]:
    """Numbers of each singer's clips."""
    grouped: dict[str, list[int]] = {}
    for index, clip in enumerate(clips):
        grouped.setdefault(clip.singer, []).append(index)
    return [np.array(mine) for mine in grouped.values()]


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
