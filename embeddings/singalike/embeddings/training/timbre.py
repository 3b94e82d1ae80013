"""Training the timbre encoder on invented singers: the network in a run, the linear part in one fit."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.checkpoint import load_checkpoint, save_checkpoint
from singalike.embeddings.log_covariance import LogCovariance, usual_deviations
from singalike.embeddings.timbre import NAME, LinearTimbre, TimbreEncoder, describe_cepstra
from singalike.embeddings.training.clips import VariedClips
from singalike.embeddings.training.datasets import TrainingVoice, split_voices
from singalike.embeddings.training.expressive_singers import hear_expressively
from singalike.embeddings.training.generator import VoiceAnalysis
from singalike.embeddings.training.linear import class_numbers, fit_mixture
from singalike.embeddings.training.loop import RunPlan, Surroundings, train
from singalike.embeddings.training.melodies import Melody
from singalike.embeddings.training.model_card import ModelCard, write_card
from singalike.embeddings.training.natural_clips import NaturalClips, hear_naturally, through_channel, through_unknown
from singalike.embeddings.training.pooled_linear import ClassSet, fit_pooled
from singalike.embeddings.training.presets import DEFAULT, preset_names, read_preset
from singalike.embeddings.training.run_folder import RunFolder
from singalike.embeddings.training.schedule import LoopPreset
from singalike.embeddings.training.timbre_clips import KINDS, Kind, TimbreClip, hear_voice
from singalike.embeddings.training.timbre_network import NetworkTrainee, NetworkTraining
from singalike.embeddings.training.timbre_teacher import build_teacher, embed_clips
from singalike.embeddings.training.verification import IdentityFigures, identity_figures
from singalike.embeddings.training.workshop import Workshop
from singalike.embeddings.trunk import Trunk, TrunkPreset
from singalike.errors import InvalidInputError

_MIXTURE_EVERY = 3
"""The mixture reads every third frame: neighbours tell it the same."""


@dataclass(frozen=True)
class LinearPreset:
    """How the linear part is fitted.

    Attributes:
        statistics_dims: Directions kept of cepstral statistics and covariances.
        supervector_dims: Directions kept of the supervectors.
        statistics_to_diagonal: Shrinkage of the within-class covariance of the former, in [0, 1].
        supervector_to_diagonal: The same for the supervectors.
        components: Gaussians in the mixture.
        relevance: Frames of evidence that weigh as much as the prior of a component.
        mixture_frames: Frames that the mixture is fitted on.
    """

    statistics_dims: int = 80
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
        expressive: Clips that each invented singer performs with expressions, besides; none, or at least two.
        natural: What is cut from each recording.
        linear: The fit of the linear part.
        shape: Of the network.
        network: What the network learns from.
        loop: How its training is paced.
        trunk_weight: Length of the network's vector beside 1 for the linear one.
        held_out: Recorded voices kept away from all training, as many female as male; even.
    """

    clips: VariedClips = field(default_factory=VariedClips)
    expressive: int = 0
    natural: NaturalClips = field(default_factory=NaturalClips)
    linear: LinearPreset = field(default_factory=LinearPreset)
    shape: TrunkPreset = field(default_factory=TrunkPreset)
    network: NetworkTraining = field(default_factory=NetworkTraining)
    loop: LoopPreset = field(default_factory=LoopPreset)
    trunk_weight: float = 0.7
    held_out: int = 12

    def __post_init__(self) -> None:
        """Refuse settings that the linear part cannot be fitted with.

        Raises:
            InvalidInputError: BAD_PRESET.
        """
        if self.expressive < 0 or self.expressive == 1:
            message = f"expressive must be 0 or at least 2, not {self.expressive}: one clip differs from no other"
            raise InvalidInputError("BAD_PRESET", message)


@dataclass(frozen=True, eq=False)
class Start:
    """A checkpoint that training goes on from.

    Attributes:
        encoder: Its network goes on, its parts teach.
        sha256: Of its weights.
        origin: How it was made, in words.
    """

    encoder: TimbreEncoder
    sha256: str
    origin: str

    @classmethod
    def load(cls, folder: Path) -> "Start":
        """Load the checkpoint `timbre` of a folder; errors as `TimbreEncoder.load`."""
        checkpoint = load_checkpoint(NAME, folder)
        known = "seed" in checkpoint.config
        origin = (
            f"made by `singalike train timbre` with seed {checkpoint.config['seed']}" if known else "of unknown origin"
        )
        return cls(TimbreEncoder.from_checkpoint(checkpoint), checkpoint.sha256, origin)


def fit(
    workshop: Workshop,
    out: Path,
    preset: TimbrePreset,
    run: Path,
    around: Surroundings,
    device: str = "cpu",
    start: Start | None = None,
) -> TimbreEncoder | None:
    """Generate the clips, fit the linear part, train the network or go on with its run, and save the checkpoint.

    Args:
        workshop: Data, seed and processes that make clips.
        out: Folder of the checkpoint.
        preset: Settings.
        run: Folder of the run; it also keeps the clips.
        around: Clock, listeners and processes; every process fits the linear part, which teaches, the first one saves.
        device: Where the network trains.
        start: What its training goes on from, and what teaches it; None starts afresh.

    Returns:
        The encoder that was saved; None in the other processes, and when the run was asked to stop.
    """
    voices = workshop.voices()
    fitted, held_out = _hear(workshop, preset, run, around)
    workshop.say("fitting the linear part")
    linear = fit_linear(fitted, preset.linear, workshop.seed)
    trunk = _train_network(fitted, held_out, preset, workshop, run, around, device, start, linear)
    if trunk is None or around.processes.share.rank > 0:
        return None
    encoder = TimbreEncoder(linear, trunk, preset.trunk_weight)
    save_checkpoint(
        NAME,
        encoder.tensors(),
        {"training": asdict(preset), "seed": workshop.seed} | _told(start) | encoder.config(),
        out,
    )
    write_card(_card(voices, fitted, preset, judge(encoder, held_out), workshop.seed, start), out)
    return encoder


def fit_linear(clips: Sequence[TimbreClip], preset: LinearPreset, seed: int) -> LinearTimbre:
    """Fit mixture and both projections; every kind of clips counts the same in the covariances.

    Args:
        clips: Of any kinds; every singer of a kind several times in it. Mixture and scales are those of the first kind.
        preset: Settings.
        seed: Chooses the frames of the mixture and its start.
    """
    kinds = [mine for kind in KINDS if (mine := [clip for clip in clips if clip.kind == kind])]
    covariance = LogCovariance(usual_deviations(clip.cepstra() for clip in kinds[0]))
    frames = np.concatenate([clip.envelope()[::_MIXTURE_EVERY] for clip in kinds[0]])
    picked = np.random.default_rng(seed).permutation(len(frames))[: preset.mixture_frames]
    mixture = fit_mixture(frames[picked], preset.components, preset.relevance, seed)
    statistics, supervectors = [], []
    for mine in kinds:
        labels, share = class_numbers([clip.singer for clip in mine]), 1.0 / len(kinds)
        described = np.stack([describe_cepstra(clip.cepstra(), covariance) for clip in mine])
        statistics.append(ClassSet(described, labels, share))
        moved = np.stack([mixture.supervector(clip.envelope()) for clip in mine])
        supervectors.append(ClassSet(moved, labels, share))
    return LinearTimbre(
        covariance,
        fit_pooled(statistics, preset.statistics_dims, preset.statistics_to_diagonal),
        mixture,
        fit_pooled(supervectors, preset.supervector_dims, preset.supervector_to_diagonal),
    )


def judge(encoder: TimbreEncoder, clips: Sequence[TimbreClip]) -> dict[str, IdentityFigures]:
    """Tell invented singers apart that nobody trained on, with the whole vector and with each part of it."""
    clean = [clip for clip in clips if not clip.augmented and clip.kind == "invented"]
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
    voices = workshop.voices()
    kept = frozenset(voice.singer for voice in split_voices(voices, preset.held_out, workshop.seed)[1])
    work = partial(_hear_voice, preset=preset, kept=kept, seed=workshop.seed, folder=run / "clips")
    first = around.processes.share.rank == 0
    heard = workshop.for_each_voice(work, voices) if first else []
    around.processes.agree([0.0])
    heard = heard or workshop.for_each_voice(work, voices)
    clips = [clip for clips in heard for clip in clips]
    return [c for c in clips if c.voice not in kept], [c for c in clips if c.voice in kept]


def _hear_voice(
    voice: TrainingVoice,
    analysis: VoiceAnalysis,
    melodies: Sequence[Melody],
    preset: TimbrePreset,
    kept: frozenset[str],
    seed: int,
    folder: Path,
) -> list[TimbreClip]:
    invented = hear_voice(voice, analysis, melodies, preset.clips, seed, folder)
    channel = through_unknown if voice.singer in kept else through_channel
    expressive = hear_expressively(voice, analysis, melodies, preset.clips, preset.expressive, seed, folder)
    return invented + expressive + hear_naturally(voice, analysis, melodies, preset.natural, seed, folder, channel)


def _told(start: Start | None) -> dict[str, str]:
    """What a run and a checkpoint keep of where they started."""
    return {} if start is None else {"start": start.sha256}


def _train_network(
    fitted: Sequence[TimbreClip],
    held_out: Sequence[TimbreClip],
    preset: TimbrePreset,
    workshop: Workshop,
    run: Path,
    around: Surroundings,
    device: str,
    start: Start | None,
    linear: LinearTimbre,
) -> Trunk | None:
    teacher = None if start is None else build_teacher(start.encoder, linear, fitted)
    trainee = NetworkTrainee(preset.shape, preset.network, fitted, held_out, workshop.seed, device, teacher)
    settings = {name: value for name, value in asdict(preset).items() if name != "loop"} | _told(start)
    standing = train(trainee, RunPlan(NAME, preset.loop, settings, workshop.seed), RunFolder(run), around)
    workshop.say(f"network trained for {standing.step} steps ({standing.ended}), best score {standing.best_score}")
    return None if standing.ended == "stopped" else trainee.trunk.cpu().eval()


def _card(
    voices: Sequence[TrainingVoice],
    clips: Sequence[TimbreClip],
    preset: TimbrePreset,
    figures: dict[str, IdentityFigures],
    seed: int,
    start: Start | None,
) -> ModelCard:
    count = {kind: sum(clip.kind == kind for clip in clips) for kind in KINDS}
    method = (
        "Two parts, joined. The linear one: statistics of 30 cepstral coefficients and the matrix logarithm of their "
        f"covariance, and a supervector of a {preset.linear.components}-component Gaussian mixture over 20 "
        "pitch-robust ones, each projected by linear discriminant analysis, weighed by reliability and scaled to unit "
        "length. The network: gated convolutions over log-mels and pitch-robust cepstra with attentive statistics "
        "pooling, trained by a supervised contrastive and an angular-margin loss. The classes are invented singers: "
        f"{count['invented']} clips of {preset.clips.duration_s} s that WORLD made of "
        f"{len(voices) - preset.held_out} recorded voices, {len(preset.clips.warps)} vocal tracts of each, which sing "
        "MIDI melodies and speak with more or less effort."
    )
    return ModelCard(
        name=NAME,
        purpose="Turns frames of a voice into a unit vector of its vocal-tract colour, compared by cosine.",
        method=(method, *_further(count, preset, start)),
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
        command=_command(preset, start),
    )


def _command(preset: TimbrePreset, start: Start | None) -> str:
    """What makes this checkpoint, behind `singalike train`."""
    name = _name_of(preset)
    chosen = "" if name == DEFAULT else f" --preset {name}"
    base = "" if start is None else " --weights BASE"
    return f"{NAME}{chosen}{base} --workers 1"


def _name_of(preset: TimbrePreset) -> str:
    """Name of the shipped preset that this is; PRESET for one of one's own, whose settings the checkpoint holds."""
    return next((name for name in preset_names(NAME) if read_preset(NAME, name, TimbrePreset) == preset), "PRESET")


def _further(count: dict[Kind, int], preset: TimbrePreset, start: Start | None) -> list[str]:
    """What else a card tells of the method: expressions, natural recordings, and where training started."""
    told = []
    if count["expressive"]:
        told.append(
            f"The same singers perform {count['expressive']} clips with expressions: effort, register, pace, tension, "
            "creak, lips spread or rounded."
        )
    if count["natural"]:
        told.append(
            f"Beside them are {count['natural']} clips of recordings played at {len(preset.natural.factors)} speeds, "
            "one person each: as recorded, sung by WORLD with this tract, and a copy of each of these through a room, "
            "a phone, a codec, a leaking accompaniment or a separator (of voices held out through others). They make "
            f"{preset.network.natural:.0%} of the network's batches; in the linear part's covariances every kind of "
            "clips counts the same."
        )
    if start is not None:
        told.append(
            f"The network goes on from the checkpoint of SHA-256 {start.sha256} (BASE below, {start.origin}). It is "
            f"pulled, with weight {preset.network.pull:g}, towards the mean cosines between clips of three parts: the "
            "new linear part and both of BASE, which hear the clean clip of every changed one."
        )
    return told
