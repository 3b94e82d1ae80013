"""Training the timbre encoder on invented singers: the network in a run, the linear part in one fit."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.checkpoint import save_checkpoint
from singalike.embeddings.projection import frame_statistics
from singalike.embeddings.timbre import NAME, LinearTimbre, TimbreEncoder
from singalike.embeddings.training.clips import VariedClips
from singalike.embeddings.training.datasets import TrainingVoice, split_voices
from singalike.embeddings.training.linear import class_numbers, fit_lda, fit_mixture, weigh_by_reliability
from singalike.embeddings.training.loop import RunPlan, Surroundings, train
from singalike.embeddings.training.model_card import ModelCard, write_card
from singalike.embeddings.training.run_folder import RunFolder
from singalike.embeddings.training.schedule import LoopPreset
from singalike.embeddings.training.timbre_clips import TimbreClip, hear_voice
from singalike.embeddings.training.timbre_network import NetworkTrainee, NetworkTraining, embed_clips
from singalike.embeddings.training.verification import IdentityFigures, identity_figures
from singalike.embeddings.training.workshop import Workshop
from singalike.embeddings.trunk import Trunk, TrunkPreset

_MIXTURE_EVERY = 3
"""The mixture reads every third frame: neighbours tell it the same."""


@dataclass(frozen=True)
class LinearPreset:
    """How the linear part is fitted.

    Attributes:
        statistics_dims: Directions kept of the cepstral statistics.
        supervector_dims: Directions kept of the supervectors.
        statistics_to_diagonal: Shrinkage of the within-class covariance of the statistics, in [0, 1].
        supervector_to_diagonal: The same for the supervectors.
        components: Gaussians in the mixture.
        relevance: Frames of evidence that weigh as much as the prior of a component.
        mixture_frames: Frames that the mixture is fitted on.
    """

    statistics_dims: int = 35
    supervector_dims: int = 80
    statistics_to_diagonal: float = 0.1
    supervector_to_diagonal: float = 0.4
    components: int = 32
    relevance: float = 8.0
    mixture_frames: int = 100_000


@dataclass(frozen=True)
class TimbrePreset:
    """How the encoder is trained, saved beside the checkpoint.

    Attributes:
        clips: What is generated of each recorded voice.
        linear: The fit of the linear part.
        shape: Of the network.
        network: What the network learns from.
        loop: How its training is paced.
        trunk_weight: Length of the network's vector beside 1 for the linear one.
        held_out: Recorded voices kept away from all training, as many female as male; even.
    """

    clips: VariedClips = field(default_factory=VariedClips)
    linear: LinearPreset = field(default_factory=LinearPreset)
    shape: TrunkPreset = field(default_factory=TrunkPreset)
    network: NetworkTraining = field(default_factory=NetworkTraining)
    loop: LoopPreset = field(default_factory=LoopPreset)
    trunk_weight: float = 0.7
    held_out: int = 12


def fit(
    workshop: Workshop,
    out: Path,
    preset: TimbrePreset,
    run: Path,
    around: Surroundings,
    device: str = "cpu",
) -> TimbreEncoder | None:
    """Generate the clips, train the network or go on with its run, fit the linear part, and save the checkpoint.

    Args:
        workshop: Data, seed and processes that make clips.
        out: Folder of the checkpoint.
        preset: Settings.
        run: Folder of the run; it also keeps the clips.
        around: Clock, listeners and processes; the first process alone fits the linear part and saves.
        device: Where the network trains.

    Returns:
        The encoder that was saved; None in the other processes, and when the run was asked to stop.
    """
    voices = workshop.voices()
    fitted, held_out = _hear(workshop, preset, run, around)
    trunk = _train_network(fitted, held_out, preset, workshop, run, around, device)
    if trunk is None or around.processes.share.rank > 0:
        return None
    workshop.say("fitting the linear part")
    encoder = TimbreEncoder(fit_linear(fitted, preset.linear, workshop.seed), trunk, preset.trunk_weight)
    save_checkpoint(
        NAME, encoder.tensors(), {"training": asdict(preset), "seed": workshop.seed} | encoder.config(), out
    )
    write_card(_card(voices, len(fitted), preset, judge(encoder, held_out), workshop.seed), out)
    return encoder


def fit_linear(clips: Sequence[TimbreClip], preset: LinearPreset, seed: int) -> LinearTimbre:
    """Fit mixture and both projections.

    Args:
        clips: Generated clips; every singer several times.
        preset: Settings.
        seed: Chooses the frames of the mixture and its start.
    """
    labels = class_numbers([clip.singer for clip in clips])
    frames = np.concatenate([clip.envelope()[::_MIXTURE_EVERY] for clip in clips])
    picked = np.random.default_rng(seed).permutation(len(frames))[: preset.mixture_frames]
    mixture = fit_mixture(frames[picked], preset.components, preset.relevance, seed)
    statistics = np.stack([frame_statistics(clip.cepstra()) for clip in clips])
    supervectors = np.stack([mixture.supervector(clip.envelope()) for clip in clips])
    by_statistics = fit_lda(statistics, labels, preset.statistics_dims, preset.statistics_to_diagonal)
    by_supervector = fit_lda(supervectors, labels, preset.supervector_dims, preset.supervector_to_diagonal)
    return LinearTimbre(
        weigh_by_reliability(by_statistics, statistics, labels),
        mixture,
        weigh_by_reliability(by_supervector, supervectors, labels),
    )


def judge(encoder: TimbreEncoder, clips: Sequence[TimbreClip]) -> dict[str, IdentityFigures]:
    """Tell invented singers apart that nobody trained on, with the whole vector and with each part of it."""
    clean = [clip for clip in clips if not clip.augmented]
    linear = np.stack([encoder.linear.embed(clip.cepstra(), clip.envelope()) for clip in clean])
    network = embed_clips(encoder.trunk, clean)
    parts: dict[str, NDArray[np.float32]] = {
        "joined": encoder.join(linear, network), "linear part alone": linear, "network alone": network
    }  # fmt: skip
    singers = [clip.singer for clip in clean]
    return {name: identity_figures(vectors, singers) for name, vectors in parts.items()}


def _hear(
    workshop: Workshop, preset: TimbrePreset, run: Path, around: Surroundings
) -> tuple[list[TimbreClip], list[TimbreClip]]:
    """Return the clips of the voices that train and of those held out; the first process makes, the others read."""
    work = partial(hear_voice, settings=preset.clips, seed=workshop.seed, folder=run / "clips")
    voices = workshop.voices()
    first = around.processes.share.rank == 0
    heard = workshop.for_each_voice(work, voices) if first else []
    around.processes.agree([0.0])
    heard = heard or workshop.for_each_voice(work, voices)
    kept = {voice.singer for voice in split_voices(voices, preset.held_out, workshop.seed)[1]}
    clips = [clip for clips in heard for clip in clips]
    return [c for c in clips if c.voice not in kept], [c for c in clips if c.voice in kept]


def _train_network(
    fitted: Sequence[TimbreClip],
    held_out: Sequence[TimbreClip],
    preset: TimbrePreset,
    workshop: Workshop,
    run: Path,
    around: Surroundings,
    device: str,
) -> Trunk | None:
    trainee = NetworkTrainee(preset.shape, preset.network, fitted, held_out, workshop.seed, device)
    settings = {name: value for name, value in asdict(preset).items() if name != "loop"}
    standing = train(trainee, RunPlan(NAME, preset.loop, settings, workshop.seed), RunFolder(run), around)
    workshop.say(f"network trained for {standing.step} steps ({standing.ended}), best score {standing.best_score}")
    return None if standing.ended == "stopped" else trainee.trunk.cpu().eval()


def _card(
    voices: Sequence[TrainingVoice],
    clips: int,
    preset: TimbrePreset,
    figures: dict[str, IdentityFigures],
    seed: int,
) -> ModelCard:
    method = (
        "Two parts, joined. The linear one: statistics of 30 cepstral coefficients, and a supervector of a "
        f"{preset.linear.components}-component Gaussian mixture over 20 pitch-robust ones, each projected by linear "
        "discriminant analysis, weighed by reliability and scaled to unit length. The network: gated convolutions over "
        "log-mels and pitch-robust cepstra with attentive statistics pooling, trained by a supervised contrastive and "
        "an angular-margin loss. "
        f"The classes are invented singers: {clips} clips of {preset.clips.duration_s} s that WORLD made of "
        f"{len(voices) - preset.held_out} recorded voices, {len(preset.clips.warps)} vocal tracts of each, which sing "
        "MIDI melodies and speak with more or less effort."
    )
    return ModelCard(
        name=NAME,
        purpose="Turns frames of a voice into a unit vector of its vocal-tract colour, compared by cosine.",
        method=(method,),
        figures=(
            *(f"Invented singers of {preset.held_out} voices held out, {name}: {of}." for name, of in figures.items()),
            "Real singers: docs/models.md, by `singalike evaluate timbre`.",
        ),
        limits=(
            "Clips under 3 s are clearly worse than longer ones.",
            "Vectors of one recording channel lie closer than those of two: compare singers of one catalogue.",
        ),
        voices=voices,
        seed=seed,
        command=NAME,
    )
