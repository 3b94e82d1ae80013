"""Fitting the style vector: invented manners, sung by invented singers."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.checkpoint import save_checkpoint
from singalike.embeddings.projection import Projection, standardised, unit
from singalike.embeddings.style import NAME, StyleEncoder
from singalike.embeddings.style_features import FEATURES, style_features
from singalike.embeddings.training.clips import pitched_clip, seeded
from singalike.embeddings.training.datasets import TrainingVoice, split_voices
from singalike.embeddings.training.generator import VoiceAnalysis, invent_singer
from singalike.embeddings.training.linear import class_numbers, fit_lda, weigh_by_reliability
from singalike.embeddings.training.manners import NAMED, Manner, varied_manner
from singalike.embeddings.training.melodies import Melody
from singalike.embeddings.training.model_card import ModelCard, write_card
from singalike.embeddings.training.verification import identity_figures
from singalike.embeddings.training.workshop import Workshop
from singalike.embeddings.voice_frames import analyse_frames


@dataclass(frozen=True)
class StylePreset:
    """Settings of the fit, saved beside the checkpoint.

    Attributes:
        warps: Invented singers of each recorded voice.
        manners: Classes: the named manners and varied ones.
        clips: Clips of each invented singer, each in a manner of its own.
        identity_dims: Directions projected out, along which one manner differs from singer to singer.
        dims: Numbers in a vector.
        to_diagonal: Shrinkage of the within-class covariance, in [0, 1].
        held_out: Recorded voices that figures are told on, as many female as male.
    """

    warps: tuple[float, ...] = (0.88, 1.0, 1.14)
    manners: int = 64
    clips: int = 8
    identity_dims: int = 4
    dims: int = 16
    to_diagonal: float = 0.1
    held_out: int = 30


@dataclass(frozen=True, eq=False)
class StyleClip:
    """What is kept of one generated clip.

    Attributes:
        voice: The recorded voice behind it.
        singer: The invented singer.
        manner: Number of the manner.
        features: float32 (features,), see `style_features`.
    """

    voice: str
    singer: str
    manner: int
    features: NDArray[np.float32]


def fit(workshop: Workshop, out: Path, preset: StylePreset | None = None) -> StyleEncoder:
    """Fit the encoder and save checkpoint and model card; arguments as for timbre."""
    preset = preset or StylePreset()
    voices = workshop.voices()
    work = partial(hear_voice, preset=preset, seed=workshop.seed)
    clips = [clip for heard in workshop.for_each_voice(work, voices) for clip in heard]
    fitted, held_out = split_voices(voices, preset.held_out, workshop.seed)
    known = {voice.singer for voice in fitted}
    judged = fit_encoder([clip for clip in clips if clip.voice in known], preset)
    figures = judge(judged, [clip for clip in clips if clip.voice not in known])
    workshop.say("; ".join(figures))
    encoder = fit_encoder(clips, preset)
    save_checkpoint(NAME, encoder.tensors(), asdict(preset) | {"seed": workshop.seed, "features": FEATURES}, out)
    write_card(_card(voices, len(held_out), preset, figures, workshop.seed), out)
    return encoder


def manner_table(preset: StylePreset, seed: int) -> tuple[Manner, ...]:
    """List the manners that are the classes: the named ones first."""
    rng = seeded(seed, "manners")
    varied = (varied_manner(rng) for _ in range(preset.manners - len(NAMED)))
    return (*NAMED.values(), *varied)


def hear_voice(
    voice: TrainingVoice, analysis: VoiceAnalysis, melodies: Sequence[Melody], preset: StylePreset, seed: int
) -> list[StyleClip]:
    """Generate the clips of one recorded voice and measure how they are sung."""
    manners = manner_table(preset, seed)
    heard = []
    for warp in preset.warps:
        name = f"{voice.singer}x{warp:.2f}"
        rng = seeded(seed, "style", name)
        singer = invent_singer(warp, rng)
        for manner in rng.choice(len(manners), preset.clips, replace=False).tolist():
            clip = pitched_clip(analysis, singer, manners[manner], melodies, rng)
            features = style_features(analyse_frames(clip.waveform), clip.pitch)
            heard.append(StyleClip(voice.singer, name, manner, features))
    return heard


def fit_encoder(clips: Sequence[StyleClip], preset: StylePreset) -> StyleEncoder:
    """Scale the figures, project identity out, and find where manners differ most.

    Args:
        clips: Generated clips of many singers and manners.
        preset: Settings.
    """
    features = np.stack([clip.features for clip in clips])
    centre = np.nanmedian(features, axis=0).astype(np.float32)
    scale = (np.nanstd(features, axis=0) + 1e-6).astype(np.float32)
    values = standardised(features, centre, scale)
    manners = class_numbers([f"{clip.manner:04d}" for clip in clips])
    kept = identity_removed(values, manners, class_numbers([clip.singer for clip in clips]), preset.identity_dims)
    discriminant = fit_lda(values @ kept, manners, preset.dims, preset.to_diagonal)
    discriminant = weigh_by_reliability(discriminant, values @ kept, manners)
    matrix = (kept @ discriminant.matrix).astype(np.float32)
    return StyleEncoder(centre, scale, Projection(values.mean(axis=0), matrix))


def identity_removed(
    values: NDArray[np.float32], manners: NDArray[np.int64], singers: NDArray[np.int64], dims: int
) -> NDArray[np.float32]:
    """Find the projection that is blind to how singers differ when their manner is the same.

    Args:
        values: (items, features).
        manners: Class of each item.
        singers: Singer of each item.
        dims: Directions to take out: the main ones of the singers' means, manners subtracted.

    Returns:
        float32 (features, features), symmetric and idempotent.
    """
    exact = values.astype(np.float64)
    residual = exact - _class_means(exact, manners)[manners]
    _, _, directions = np.linalg.svd(_class_means(residual, singers), full_matrices=False)
    identity = directions[:dims]
    return np.asarray(np.eye(values.shape[1]) - identity.T @ identity, dtype=np.float32)


def judge(encoder: StyleEncoder, clips: Sequence[StyleClip]) -> tuple[str, str]:
    """Say how well manners and singers are told apart among voices that nobody trained on."""
    vectors = unit(encoder.project(np.stack([clip.features for clip in clips])))
    by_manner = identity_figures(vectors, [str(clip.manner) for clip in clips])
    by_singer = identity_figures(vectors, [clip.singer for clip in clips])
    return f"telling manners apart: {by_manner}", f"telling singers apart (meant to fail): {by_singer}"


def _class_means(values: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    sums = np.zeros((int(labels.max()) + 1, values.shape[1]))
    np.add.at(sums, labels, values)
    return np.asarray(sums / np.bincount(labels)[:, None], dtype=np.float64)


def _card(
    voices: Sequence[TrainingVoice], held_out: int, preset: StylePreset, figures: Sequence[str], seed: int
) -> ModelCard:
    singers = len(voices) * len(preset.warps)
    method = (
        f"{len(FEATURES)} named figures of vibrato, glides, steadiness, level, breath and brilliance; the "
        f"{preset.identity_dims} directions along which singers of one manner differ are projected out; linear "
        f"discriminant analysis with {preset.manners} invented manners as classes gives {preset.dims} numbers, each "
        "weighed by its reliability. "
        f"{singers} invented singers sing {preset.clips} clips of 5 s each; pitch is known and spoilt at random, so "
        "that the vector does not depend on one pitch tracker."
    )
    return ModelCard(
        name=NAME,
        purpose="Turns frames and pitch of a voice into a unit vector of the way of singing, compared by cosine.",
        method=(method,),
        figures=tuple(f"{held_out} recorded voices held out, {line}." for line in figures),
        limits=(
            "Manners are synthetic: genre-typical ornaments, growl, yodel and rap are not among the classes.",
            "Below about 3 s there is hardly any vibrato or dynamics to measure.",
        ),
        voices=voices,
        seed=seed,
        command=NAME,
    )
