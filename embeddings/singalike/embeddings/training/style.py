"""Fitting the style vector: invented expressions, sung and said by invented singers."""

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
from singalike.embeddings.training.clips import augment, invented_name, seeded
from singalike.embeddings.training.datasets import TrainingVoice, split_voices
from singalike.embeddings.training.expressions import Expression, expression_table
from singalike.embeddings.training.expressive_clips import expressive_clip
from singalike.embeddings.training.generator import VoiceAnalysis, invent_singer
from singalike.embeddings.training.linear import class_numbers, fit_lda, fit_within, weigh_by_reliability
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
        expressions: Classes: the named manners and drawn expressions.
        unseen: Further classes, which the held-out voices have instead of those.
        clips: Clips of each invented singer, each with an expression of its own.
        clip_s: Shortest and longest clip, in seconds.
        augmented: Share of the clips that sound in a room, through a microphone and with noise.
        dims: Directions in which expressions differ most.
        plain_dims: Directions in which figures move most within a singer, whatever moves them.
        plain_share: Share of the latter in the square of a vector's length, on average.
        least_reliability: Directions that no invented expression shows keep this much weight: real ones may.
        to_diagonal: Shrinkage of the within-class covariance, in [0, 1].
        held_out: Recorded voices that figures are told on, as many female as male.
    """

    warps: tuple[float, ...] = (0.92, 1.1)
    expressions: int = 96
    unseen: int = 24
    clips: int = 12
    clip_s: tuple[float, float] = (2.0, 5.0)
    augmented: float = 1 / 3
    dims: int = 24
    plain_dims: int = 104
    plain_share: float = 0.3
    least_reliability: float = 0.03
    to_diagonal: float = 0.1
    held_out: int = 30


@dataclass(frozen=True, eq=False)
class StyleClip:
    """What is kept of one generated clip.

    Attributes:
        voice: The recorded voice behind it.
        singer: The invented singer.
        expression: Number of the expression.
        spoken: Whether it is said instead of sung.
        features: float32 (features,), see `style_features`.
    """

    voice: str
    singer: str
    expression: int
    spoken: bool
    features: NDArray[np.float32]


def fit(workshop: Workshop, out: Path, preset: StylePreset | None = None) -> StyleEncoder:
    """Fit the encoder and save checkpoint and model card.

    Args:
        workshop: Data, seed and processes.
        out: Folder of the checkpoint.
        preset: Settings; None for the default ones.
    """
    preset = preset or StylePreset()
    voices = workshop.voices()
    fitted, held_out = split_voices(voices, preset.held_out, workshop.seed)
    known = frozenset(voice.singer for voice in fitted)
    work = partial(hear_voice, preset=preset, seed=workshop.seed, known=known)
    clips = [clip for heard in workshop.for_each_voice(work, voices) for clip in heard]
    judged = fit_encoder([clip for clip in clips if clip.voice in known], preset)
    figures = judge(judged, [clip for clip in clips if clip.voice not in known])
    workshop.say("; ".join(figures))
    encoder = fit_encoder(clips, preset)
    save_checkpoint(NAME, encoder.tensors(), asdict(preset) | {"seed": workshop.seed, "features": FEATURES}, out)
    write_card(_card(voices, len(held_out), preset, figures, workshop.seed), out)
    return encoder


def expression_classes(preset: StylePreset, seed: int) -> tuple[Expression, ...]:
    """List the expressions that are the classes: those of the fitted voices, then those of the voices held out."""
    return expression_table(preset.expressions + preset.unseen, seeded(seed, "expressions"))


def hear_voice(
    voice: TrainingVoice,
    analysis: VoiceAnalysis,
    melodies: Sequence[Melody],
    preset: StylePreset,
    seed: int,
    known: frozenset[str],
) -> list[StyleClip]:
    """Generate the clips of one recorded voice and measure how they are sung or said.

    Args:
        voice: The recorded voice.
        analysis: The same, taken apart.
        melodies: To choose from.
        preset: Settings.
        seed: Of all chance.
        known: Singers who have the first expressions; all others have the unseen ones.
    """
    expressions = expression_classes(preset, seed)
    mine = np.arange(preset.expressions) if voice.singer in known else np.arange(preset.expressions, len(expressions))
    heard = []
    for warp in preset.warps:
        name = invented_name(voice.singer, warp)
        rng = seeded(seed, "style", name)
        singer = invent_singer(warp, rng)
        for number in rng.choice(mine, preset.clips, replace=False).tolist():
            clip = expressive_clip(analysis, singer, expressions[number], melodies, rng, rng.uniform(*preset.clip_s))
            waveform = augment(clip.waveform, rng) if rng.random() < preset.augmented else clip.waveform
            features = style_features(analyse_frames(waveform), clip.pitch)
            heard.append(StyleClip(voice.singer, name, number, expressions[number].spoken, features))
    return heard


def fit_encoder(clips: Sequence[StyleClip], preset: StylePreset) -> StyleEncoder:
    """Scale the figures, find where expressions differ most, whoever sings, and add where figures move most at all.

    Real ways of singing are more than the invented expressions. What no expression shows, discriminant analysis throws
    away; the plain directions keep it, song and speech included.

    Args:
        clips: Generated clips of many singers and expressions.
        preset: Settings.
    """
    features = np.stack([clip.features for clip in clips])
    centre = np.nanmedian(features, axis=0).astype(np.float32)
    scale = (np.nanstd(features, axis=0) + 1e-6).astype(np.float32)
    values = standardised(features, centre, scale)
    expressions = class_numbers([f"{clip.expression:04d}" for clip in clips])
    discriminant = fit_lda(values, expressions, preset.dims, preset.to_diagonal)
    told = weigh_by_reliability(discriminant, values, expressions, preset.least_reliability)
    told = without_kind(told, values, np.array([clip.spoken for clip in clips]))
    singers = class_numbers([clip.singer for clip in clips])
    plain = fit_within(values, singers, preset.plain_dims)
    return StyleEncoder(centre, scale, joined(told, plain, preset.plain_share, values))


def without_kind(projection: Projection, values: NDArray[np.float32], spoken: NDArray[np.bool_]) -> Projection:
    """Project out the direction from song to speech, which would be one large constant among recordings of one kind.

    Args:
        projection: Of the figures.
        values: Scaled figures (items, features).
        spoken: bool (items,), both kinds present; otherwise nothing is done.
    """
    if spoken.all() or not spoken.any():
        return projection
    vectors = projection(values)
    kind = vectors[spoken].mean(axis=0) - vectors[~spoken].mean(axis=0)
    kind /= np.linalg.norm(kind)
    matrix = projection.matrix - np.outer(projection.matrix @ kind, kind)
    return Projection(projection.mean, matrix.astype(np.float32))


def joined(first: Projection, second: Projection, share: float, values: NDArray[np.float32]) -> Projection:
    """Put two projections of the same figures side by side.

    Args:
        first: Kept as it is.
        second: Scaled.
        share: Of the second in the square of the length, in (0, 1), on average over `values`.
        values: Scaled figures (items, features), whose mean both projections take away.
    """
    power, other = (float(np.square(one(values)).sum(axis=1).mean()) for one in (first, second))
    gain = np.sqrt(share / (1.0 - share) * power / other)
    return Projection(first.mean, np.concatenate([first.matrix, gain * second.matrix], axis=1).astype(np.float32))


def judge(encoder: StyleEncoder, clips: Sequence[StyleClip]) -> tuple[str, str]:
    """Say how well expressions and singers are told apart among voices and expressions that nobody trained on."""
    vectors = unit(encoder.project(np.stack([clip.features for clip in clips])))
    voices = [clip.voice for clip in clips]
    by_expression = identity_figures(vectors, [str(clip.expression) for clip in clips], voices)
    by_singer = identity_figures(vectors, [clip.singer for clip in clips])
    return f"telling expressions apart: {by_expression}", f"telling singers apart (meant to fail): {by_singer}"


def _card(
    voices: Sequence[TrainingVoice], held_out: int, preset: StylePreset, figures: Sequence[str], seed: int
) -> ModelCard:
    singers = len(voices) * len(preset.warps)
    figures_method = (
        f"{len(FEATURES)} named figures of register, vibrato, glides, steadiness, phrases, level, breath, slope and "
        "peaks of the spectrum, harmonics and articulation; linear discriminant analysis with "
        f"{preset.expressions + preset.unseen} invented expressions as classes, in each of which many singers differ, "
        f"gives {preset.dims} numbers, each weighed by its reliability; the direction from song to speech is projected "
        f"out of these. The {preset.plain_dims} directions in which the figures of one singer vary most are "
        f"{preset.plain_share:.0%} of the square of a vector's length."
    )
    shortest_s, longest_s = preset.clip_s
    clips_method = (
        "An expression begins with effort, arousal and tension, and what depends on them is drawn together: slope of "
        "the spectrum, first formant, register, pace, span of the pitch, attacks, breath. "
        f"{singers} invented singers sing or say {preset.clips} clips of {shortest_s:g} to {longest_s:g} s each, "
        f"{preset.augmented:.0%} of them in a room with noise; pitch is known and spoilt at random, so that the vector "
        "does not depend on one pitch tracker."
    )
    return ModelCard(
        name=NAME,
        purpose="Turns frames and pitch of a voice into a unit vector of the way of singing, compared by cosine.",
        method=(figures_method, clips_method),
        figures=tuple(
            f"{held_out} recorded voices and {preset.unseen} expressions held out, {line}." for line in figures
        ),
        limits=(
            "Expressions are synthetic: genre-typical ornaments, growl, yodel and rap are not among the classes.",
            "Below about 3 s there is hardly any vibrato or dynamics to measure.",
        ),
        voices=voices,
        seed=seed,
        command=NAME,
    )
