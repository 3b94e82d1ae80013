"""Fitting the linear timbre encoder on invented singers."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.checkpoint import save_checkpoint
from singalike.embeddings.projection import frame_statistics, unit
from singalike.embeddings.timbre import NAME, TimbreEncoder
from singalike.embeddings.training.clips import CLIPS_PER_SINGER, singer_clips
from singalike.embeddings.training.datasets import TrainingVoice, split_voices
from singalike.embeddings.training.generator import WARPS, VoiceAnalysis
from singalike.embeddings.training.linear import class_numbers, fit_lda, fit_mixture, weigh_by_reliability
from singalike.embeddings.training.melodies import Melody
from singalike.embeddings.training.model_card import ModelCard, write_card
from singalike.embeddings.training.verification import IdentityFigures, identity_figures
from singalike.embeddings.training.workshop import Workshop
from singalike.embeddings.voice_frames import analyse_frames


@dataclass(frozen=True)
class TimbrePreset:
    """Settings of the fit, saved beside the checkpoint.

    Attributes:
        warps: Invented singers of each recorded voice.
        clips: Clean clips of each invented singer.
        statistics_dims: Directions kept of the cepstral statistics.
        supervector_dims: Directions kept of the supervectors.
        statistics_to_diagonal: Shrinkage of the within-class covariance of the statistics, in [0, 1].
        supervector_to_diagonal: The same for the supervectors.
        components: Gaussians in the mixture.
        relevance: Frames of evidence that weigh as much as the prior of a component.
        mixture_frames: Frames that the mixture is fitted on.
        held_out: Recorded voices that figures are told on, as many female as male.
    """

    warps: tuple[float, ...] = WARPS
    clips: int = CLIPS_PER_SINGER
    statistics_dims: int = 35
    supervector_dims: int = 80
    statistics_to_diagonal: float = 0.1
    supervector_to_diagonal: float = 0.4
    components: int = 32
    relevance: float = 8.0
    mixture_frames: int = 100_000
    held_out: int = 30


@dataclass(frozen=True, eq=False)
class TimbreClip:
    """What is kept of one generated clip.

    Attributes:
        voice: The recorded voice behind it.
        singer: The invented singer, the class of the discriminant analysis.
        statistics: float32, of the detailed cepstra.
        envelope: float32 (frames, dims), pitch-robust cepstra of the frames that count.
    """

    voice: str
    singer: str
    statistics: NDArray[np.float32]
    envelope: NDArray[np.float32]


def fit(workshop: Workshop, out: Path, preset: TimbrePreset | None = None) -> TimbreEncoder:
    """Fit the encoder and save checkpoint and model card.

    The settings are judged on voices held out; what is saved is then fitted on all of them.

    Args:
        workshop: Data, seed and processes.
        out: Folder of the checkpoint.
        preset: Settings.

    Returns:
        The encoder that was saved.
    """
    preset = preset or TimbrePreset()
    voices = workshop.voices()
    work = partial(hear_voice, preset=preset, seed=workshop.seed)
    clips = [clip for heard in workshop.for_each_voice(work, voices) for clip in heard]
    fitted, held_out = split_voices(voices, preset.held_out, workshop.seed)
    known = {voice.singer for voice in fitted}
    workshop.say("fitting without the voices held out")
    judged = fit_encoder([clip for clip in clips if clip.voice in known], preset, workshop.seed)
    figures = judge(judged, [clip for clip in clips if clip.voice not in known])
    workshop.say(f"held-out voices: {figures}; fitting on all")
    encoder = fit_encoder(clips, preset, workshop.seed)
    save_checkpoint(NAME, encoder.tensors(), asdict(preset) | {"seed": workshop.seed}, out)
    write_card(_card(voices, len(held_out), len(clips), figures, workshop.seed), out)
    return encoder


def hear_voice(
    voice: TrainingVoice, analysis: VoiceAnalysis, melodies: Sequence[Melody], preset: TimbrePreset, seed: int
) -> list[TimbreClip]:
    """Generate the clips of one recorded voice and keep what the fit needs of them."""
    heard = []
    for clip in singer_clips(analysis, voice.singer, melodies, seed, preset.warps, preset.clips):
        frames = analyse_frames(clip.waveform)
        chosen = frames.chosen()
        statistics = frame_statistics(frames.cepstra[chosen])
        heard.append(TimbreClip(voice.singer, clip.singer, statistics, frames.envelope[chosen]))
    return heard


def fit_encoder(clips: Sequence[TimbreClip], preset: TimbrePreset, seed: int) -> TimbreEncoder:
    """Fit mixture and both projections.

    Args:
        clips: Generated clips; every singer several times.
        preset: Settings.
        seed: Chooses the frames of the mixture and its start.
    """
    labels = class_numbers([clip.singer for clip in clips])
    frames = np.concatenate([clip.envelope for clip in clips])
    picked = np.random.default_rng(seed).permutation(len(frames))[: preset.mixture_frames]
    mixture = fit_mixture(frames[picked], preset.components, preset.relevance, seed)
    statistics = np.stack([clip.statistics for clip in clips])
    supervectors = np.stack([mixture.supervector(clip.envelope) for clip in clips])
    by_statistics = fit_lda(statistics, labels, preset.statistics_dims, preset.statistics_to_diagonal)
    by_supervector = fit_lda(supervectors, labels, preset.supervector_dims, preset.supervector_to_diagonal)
    return TimbreEncoder(
        weigh_by_reliability(by_statistics, statistics, labels),
        mixture,
        weigh_by_reliability(by_supervector, supervectors, labels),
    )


def judge(encoder: TimbreEncoder, clips: Sequence[TimbreClip]) -> IdentityFigures:
    """Tell invented singers apart that nobody trained on."""
    detail = unit(encoder.statistics(np.stack([clip.statistics for clip in clips])))
    supervectors = np.stack([encoder.mixture.supervector(clip.envelope) for clip in clips])
    vectors = unit(np.concatenate([detail, unit(encoder.supervector(supervectors))], axis=1))
    return identity_figures(vectors, [clip.singer for clip in clips])


def _card(voices: Sequence[TrainingVoice], held_out: int, clips: int, figures: IdentityFigures, seed: int) -> ModelCard:
    method = (
        "Statistics of 30 cepstral coefficients and a supervector of a 32-component Gaussian mixture over 20 "
        "pitch-robust ones, each projected by linear discriminant analysis, weighed by reliability and scaled to unit "
        "length, joined. The classes "
        f"are invented singers: {clips} clips of 3.6 s that WORLD made of {len(voices)} recorded voices, six vocal "
        "tracts of each, sung to MIDI melodies; one clip in seven has a room, an equaliser and noise on it."
    )
    return ModelCard(
        name=NAME,
        purpose="Turns frames of a voice into a unit vector of its vocal-tract colour, compared by cosine.",
        method=(method,),
        figures=(
            f"Invented singers of {held_out} recorded voices held out of a fit with the same settings: {figures}.",
            "Real singers are measured by `benchmarks/identity_baselines.py`.",
        ),
        limits=(
            "Clips under 3 s are clearly worse than longer ones.",
            "Vectors of one recording channel lie closer than those of two: compare singers of one catalogue.",
        ),
        voices=voices,
        seed=seed,
        command=NAME,
    )
