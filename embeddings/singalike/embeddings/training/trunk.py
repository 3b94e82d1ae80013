"""Training the convolutional trunk on invented singers; its checkpoint is for experiments and does not ship."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from singalike.embeddings.checkpoint import save_checkpoint
from singalike.embeddings.training.clips import pitched_clip, seeded, singer_clips
from singalike.embeddings.training.datasets import TrainingVoice, split_voices
from singalike.embeddings.training.generator import WARPS, VoiceAnalysis, invent_singer
from singalike.embeddings.training.linear import class_numbers
from singalike.embeddings.training.losses import AngularMargin, supervised_contrastive
from singalike.embeddings.training.melodies import Melody
from singalike.embeddings.training.style import StylePreset, manner_table
from singalike.embeddings.training.verification import IdentityFigures, identity_figures
from singalike.embeddings.training.workshop import Say, Workshop
from singalike.embeddings.trunk import Trunk, TrunkPreset
from singalike.embeddings.voice_frames import analyse_frames

NAME = "trunk"


@dataclass(frozen=True)
class TrunkTraining:
    """How the network is trained.

    Attributes:
        shape: Of the network.
        warps: Invented singers of each recorded voice.
        clips: Sung clips of each invented singer.
        manner_clips: Further clips of each recorded voice whose manner is a class of the style head.
        steps: Batches.
        singers: Singers in a batch.
        views: Clips of each singer in a batch.
        crop_frames: Frames cut from each clip, 10 ms each.
        learning_rate: At its peak; warmed up, then lowered to zero along a cosine.
        temperature: Of the contrastive loss.
        margin: Of the angular loss, in radians, reached halfway.
        equaliser: Deviation of the random channel laid over each view, in nats of power.
        held_out: Recorded voices that figures are told on, as many female as male.
    """

    shape: TrunkPreset = field(default_factory=TrunkPreset)
    warps: tuple[float, ...] = WARPS
    clips: int = 6
    manner_clips: int = 24
    steps: int = 3_000
    singers: int = 24
    views: int = 3
    crop_frames: int = 250
    learning_rate: float = 1e-3
    temperature: float = 0.1
    margin: float = 0.2
    equaliser: float = 0.5
    held_out: int = 30


@dataclass(frozen=True, eq=False)
class TrunkClip:
    """A generated clip as the network sees it.

    Attributes:
        voice: The recorded voice behind it.
        singer: The invented singer.
        manner: Number of its manner, -1 when it has none of the classes.
        log_mel: float16 (frames, mels).
    """

    voice: str
    singer: str
    manner: int
    log_mel: NDArray[np.float16]


def fit(workshop: Workshop, out: Path, training: TrunkTraining | None = None) -> Trunk:
    """Train without the voices held out, tell how well they are told apart, and save the checkpoint `trunk`."""
    training = training or TrunkTraining()
    voices = workshop.voices()
    work = partial(hear_voice, training=training, seed=workshop.seed)
    clips = [clip for heard in workshop.for_each_voice(work, voices) for clip in heard]
    known = {voice.singer for voice in split_voices(voices, training.held_out, workshop.seed)[0]}
    trunk = train([clip for clip in clips if clip.voice in known], training, workshop.seed, workshop.say)
    figures = judge(trunk, [clip for clip in clips if clip.voice not in known and clip.manner < 0])
    workshop.say(f"held-out voices: {figures}")
    tensors = {name: tensor.numpy() for name, tensor in trunk.state_dict().items()}
    save_checkpoint(NAME, tensors, asdict(training.shape) | {"seed": workshop.seed, "held_out": str(figures)}, out)
    return trunk


def hear_voice(
    voice: TrainingVoice, analysis: VoiceAnalysis, melodies: Sequence[Melody], training: TrunkTraining, seed: int
) -> list[TrunkClip]:
    """Generate the clips of one recorded voice as log-mel frames."""
    heard = [
        TrunkClip(voice.singer, clip.singer, -1, seen(clip.waveform))
        for clip in singer_clips(analysis, voice.singer, melodies, seed, training.warps, training.clips)
    ]
    manners = manner_table(StylePreset(), seed)
    rng = seeded(seed, "trunk", voice.singer)
    for _ in range(training.manner_clips):
        manner = int(rng.integers(len(manners)))
        singer = invent_singer(float(rng.choice(training.warps)), rng)
        clip = pitched_clip(analysis, singer, manners[manner], melodies, rng)
        heard.append(TrunkClip(voice.singer, "", manner, seen(clip.waveform)))
    return heard


def seen(waveform: NDArray[np.float32]) -> NDArray[np.float16]:
    """Compute what is kept of a clip for the network, float16 (frames, mels)."""
    return analyse_frames(waveform).log_mel.astype(np.float16)


def train(clips: Sequence[TrunkClip], training: TrunkTraining, seed: int, say: Say) -> Trunk:
    """Train both heads; singers by the contrastive and the angular loss, manners by the contrastive one.

    Args:
        clips: Clips with singers, and maybe clips with manners.
        training: Settings.
        seed: Of weights, batches and views.
        say: Told the losses every 100 steps.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    trunk = Trunk(training.shape)
    _fit_normalisation(trunk, clips)
    by_singer = _by_class([c.singer for c in clips if c.manner < 0], [c.log_mel for c in clips if c.manner < 0])
    by_manner = _by_class([str(c.manner) for c in clips if c.manner >= 0], [c.log_mel for c in clips if c.manner >= 0])
    angular = AngularMargin(training.shape.timbre_dim, len(by_singer))
    parameters = [*trunk.parameters(), *angular.parameters()]
    optimizer = torch.optim.AdamW(parameters, training.learning_rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, training.learning_rate, training.steps, pct_start=0.1)
    for step in range(training.steps):
        mels, labels = _batch(by_singer, training, rng)
        timbre, _ = trunk(mels, torch.ones(mels.shape[:2], dtype=torch.bool))
        margin = training.margin * min(2 * step / training.steps, 1.0)
        loss = supervised_contrastive(timbre, labels, training.temperature) + 0.2 * angular(timbre, labels, margin)
        if by_manner and step % 2 == 0:
            mels, manners = _batch(by_manner, training, rng)
            _, style = trunk(mels, torch.ones(mels.shape[:2], dtype=torch.bool))
            loss = loss + supervised_contrastive(style, manners, training.temperature)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        optimizer.step()
        schedule.step()
        if (step + 1) % 100 == 0:
            say(f"step {step + 1} of {training.steps}: loss {loss.item():.3f}")
    return trunk.eval()


def timbre_of(trunk: Trunk, log_mel: NDArray[np.floating]) -> NDArray[np.float32]:
    """Embed one clip (frames, mels) alone; float32 (timbre_dim,)."""
    with torch.inference_mode():
        frames = torch.from_numpy(log_mel.astype(np.float32))[None]
        timbre, _ = trunk(frames, torch.ones(frames.shape[:2], dtype=torch.bool))
    return np.asarray(timbre[0].numpy(), dtype=np.float32)


def judge(trunk: Trunk, clips: Sequence[TrunkClip]) -> IdentityFigures:
    """Tell invented singers apart that nobody trained on."""
    return identity_figures(np.stack([timbre_of(trunk, c.log_mel) for c in clips]), [c.singer for c in clips])


def _fit_normalisation(trunk: Trunk, clips: Sequence[TrunkClip]) -> None:
    frames = np.concatenate([clip.log_mel[::10] for clip in clips]).astype(np.float32)
    trunk.mel_mean.copy_(torch.from_numpy(frames.mean(axis=0)))
    trunk.mel_deviation.copy_(torch.from_numpy(frames.std(axis=0) + 1e-3))


def _by_class(names: Sequence[str], mels: Sequence[NDArray[np.float16]]) -> list[list[NDArray[np.float16]]]:
    grouped: list[list[NDArray[np.float16]]] = [[] for _ in set(names)]
    for label, mel in zip(class_numbers(names).tolist() if names else [], mels, strict=True):
        grouped[label].append(mel)
    return grouped


def _batch(
    classes: Sequence[Sequence[NDArray[np.float16]]], training: TrunkTraining, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Draw as many views of each of some classes, every class as likely: (batch, frames, mels) and labels (batch,)."""
    chosen = rng.choice(len(classes), min(training.singers, len(classes)), replace=False)
    views: list[NDArray[np.float32]] = []
    for label in chosen.tolist():
        picked = rng.choice(len(classes[label]), training.views, replace=len(classes[label]) < training.views)
        views.extend(_view(classes[label][index], training, rng) for index in picked.tolist())
    labels = np.repeat(chosen, training.views)
    return torch.from_numpy(np.stack(views)), torch.from_numpy(labels)


def _view(mel: NDArray[np.float16], training: TrunkTraining, rng: np.random.Generator) -> NDArray[np.float32]:
    """Crop a clip and send it through a random channel, noise floor and time mask, all of continuous strength."""
    start = int(rng.integers(0, max(len(mel) - training.crop_frames, 0) + 1))
    crop = mel[start : start + training.crop_frames].astype(np.float32)
    crop = np.pad(crop, ((0, training.crop_frames - len(crop)), (0, 0)), mode="wrap")
    knots = rng.normal(0.0, rng.uniform(0.0, 2 * training.equaliser), 6)
    crop = crop + np.interp(np.linspace(0, 5, crop.shape[1]), np.arange(6), knots).astype(np.float32)
    noise = float(crop.mean()) - rng.uniform(1.0, 8.0)
    crop = np.logaddexp(crop, np.float32(noise))
    masked = int(rng.integers(0, len(crop) // 6))
    at = int(rng.integers(0, len(crop) - masked))
    crop[at : at + masked] = crop.mean(axis=0)
    return np.asarray(crop, dtype=np.float32)
