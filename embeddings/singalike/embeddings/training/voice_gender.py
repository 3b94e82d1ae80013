"""Fitting the voice-gender classifier."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.checkpoint import save_checkpoint
from singalike.embeddings.profile import UndecidedBand
from singalike.embeddings.projection import standardised
from singalike.embeddings.training.clip_plan import FRAME_S
from singalike.embeddings.training.clips import augment, pitched_clip, seeded
from singalike.embeddings.training.datasets import TrainingVoice, read_waveform, split_voices
from singalike.embeddings.training.generator import SAMPLE_RATE, VoiceAnalysis, invent_singer
from singalike.embeddings.training.manners import random_manner
from singalike.embeddings.training.melodies import Melody
from singalike.embeddings.training.model_card import ModelCard, write_card
from singalike.embeddings.training.workshop import Workshop
from singalike.embeddings.voice_frames import analyse_frames
from singalike.embeddings.voice_gender import NAME, VoiceGenderClassifier, voice_gender_features


@dataclass(frozen=True)
class VoiceGenderPreset:
    """Settings of the fit, saved beside the checkpoint.

    Attributes:
        warps: Vocal-tract warps near 1, which leave the voice gender what it is.
        clips: Sung clips of each warp; pitch lies anywhere from 1 semitone below to 12 above the speaking voice.
        moved_semitones: All notes of a clip are moved by up to this, down or up, on the same vocal tract.
        recorded_s: Length of the cuts of the recording itself, in seconds.
        strength: Inverse of the ridge penalty.
        held_out: Recorded voices that figures are told on, as many female as male.
        sureness: Share of the named clips of held-out voices that must be right; what is less sure is undecided.
    """

    warps: tuple[float, ...] = (0.97, 1.0, 1.03)
    clips: int = 4
    moved_semitones: float = 5.0
    recorded_s: float = 4.0
    strength: float = 0.01
    held_out: int = 30
    sureness: float = 0.98


@dataclass(frozen=True, eq=False)
class VoiceGenderClip:
    """Features of a clip and the voice gender of the recording behind it."""

    voice: str
    female: bool
    features: NDArray[np.float32]


def fit(workshop: Workshop, out: Path, preset: VoiceGenderPreset | None = None) -> VoiceGenderClassifier:
    """Fit the classifier and save checkpoint and model card.

    Args:
        workshop: Data, seed and processes.
        out: Folder of the checkpoint.
        preset: Settings; None for the default ones.
    """
    preset = preset or VoiceGenderPreset()
    voices = tuple(voice for voice in workshop.voices() if voice.voice_gender in {"f", "m"})
    work = partial(hear_voice, preset=preset, seed=workshop.seed)
    clips = [clip for heard in workshop.for_each_voice(work, voices) for clip in heard]
    fitted, held_out = split_voices(voices, preset.held_out, workshop.seed)
    known = {voice.singer for voice in fitted}
    unseen = [clip for clip in clips if clip.voice not in known]
    judged = fit_classifier([clip for clip in clips if clip.voice in known], preset, 1.0)
    temperature = fit_temperature(judged, unseen)
    probability, female = _probabilities(judged, unseen, temperature)
    band = choose_band(probability, female, preset.sureness)
    figures = judge(probability, female, band) + f", temperature {temperature:.2f}"
    workshop.say(figures)
    classifier = replace(fit_classifier(clips, preset, temperature), undecided_band=band)
    settings = asdict(preset) | {"seed": workshop.seed, "undecided_band": [band.male_up_to, band.female_from]}
    save_checkpoint(NAME, classifier.tensors(), settings, out)
    write_card(_card(voices, len(held_out), len(clips), figures, band, workshop.seed), out)
    return classifier


def hear_voice(
    voice: TrainingVoice, analysis: VoiceAnalysis, melodies: Sequence[Melody], preset: VoiceGenderPreset, seed: int
) -> list[VoiceGenderClip]:
    """Let one recorded voice sing at many pitches with its own vocal tract, and add the recording itself."""
    rng = seeded(seed, "voice gender", voice.singer)
    heard = [(cut, pitch) for cut, pitch in _recorded_cuts(voice, analysis, preset.recorded_s)]
    for warp in preset.warps:
        singer = invent_singer(warp, rng)
        for _ in range(preset.clips):
            moved = float(rng.uniform(-preset.moved_semitones, preset.moved_semitones))
            clip = pitched_clip(analysis, singer, random_manner(rng), melodies, rng, moved)
            heard.append((augment(clip.waveform, rng) if rng.random() < 0.3 else clip.waveform, clip.pitch))
    female = voice.voice_gender == "f"
    return [
        VoiceGenderClip(voice.singer, female, voice_gender_features(analyse_frames(waveform), pitch))
        for waveform, pitch in heard
    ]


def fit_classifier(
    clips: Sequence[VoiceGenderClip], preset: VoiceGenderPreset, temperature: float
) -> VoiceGenderClassifier:
    """Fit the logistic regression; both voice genders weigh the same.

    Args:
        clips: Of both voice genders.
        preset: Settings.
        temperature: Kept for the logits.
    """
    features = np.stack([clip.features for clip in clips])
    centre = np.nanmean(features, axis=0).astype(np.float32)
    scale = (np.nanstd(features, axis=0) + 1e-6).astype(np.float32)
    model = LogisticRegression(C=preset.strength, class_weight="balanced", max_iter=2000)
    model.fit(standardised(features, centre, scale), np.array([clip.female for clip in clips]))
    weights = model.coef_[0].astype(np.float32)
    return VoiceGenderClassifier(centre, scale, weights, float(model.intercept_[0]), temperature)


def fit_temperature(classifier: VoiceGenderClassifier, clips: Sequence[VoiceGenderClip]) -> float:
    """Find the temperature that makes probabilities of unseen voices truest (least cross entropy).

    Source:
        Guo et al. 2017, On calibration of modern neural networks, section 4.2.
    """
    logits, female = _logits(classifier, clips)
    signed = np.where(female, logits, -logits) * classifier.temperature
    # The ridge holds logits small, so they may need sharpening as well as softening.
    best = minimize_scalar(
        lambda log_t: np.logaddexp(0, -signed / np.exp(log_t)).mean(), bounds=(-1.5, 1.5), method="bounded"
    )
    return float(np.exp(best.x))


def choose_band(probability: NDArray[np.float64], female: NDArray[np.bool_], sureness: float) -> UndecidedBand:
    """Find the narrowest band, even around 1/2, outside of which enough clips are named rightly.

    Args:
        probability: Of sounding female, (clips,), of voices that the classifier has not met.
        female: What they are, (clips,).
        sureness: Share of the clips outside the band that must be right.

    Returns:
        A band at least from 0.4 to 0.6, at most from 0.1 to 0.9, in steps of a hundredth.
    """
    right = (probability > 0.5) == female
    for half in np.arange(10, 40) / 100.0:
        named = np.abs(probability - 0.5) >= half
        if not named.any() or right[named].mean() >= sureness:
            return UndecidedBand(round(0.5 - float(half), 2), round(0.5 + float(half), 2))
    return UndecidedBand(0.1, 0.9)


def judge(probability: NDArray[np.float64], female: NDArray[np.bool_], band: UndecidedBand) -> str:
    """Say how often and how surely the voice gender is right, with and without what the band leaves open."""
    right = (probability > 0.5) == female
    named = (probability <= band.male_up_to) | (probability >= band.female_from)
    brier = np.mean((probability - female) ** 2)
    return (
        f"{right.mean():.3f} of {len(right)} clips right, Brier score {brier:.3f}, calibration error "
        f"{calibration_error(probability, female):.3f}; {1 - named.mean():.3f} undecided, "
        f"{right[named].mean() if named.any() else np.nan:.3f} of the others right"
    )


def calibration_error(probability: NDArray[np.float64], female: NDArray[np.bool_]) -> float:
    """Compare sureness with truth: mean distance between both over ten equal bins of sureness, by clips.

    Args:
        probability: Of sounding female, (clips,).
        female: What they are, (clips,).

    Source:
        Guo et al. 2017, On calibration of modern neural networks, eq. 3 (expected calibration error).
    """
    sure, right = np.maximum(probability, 1.0 - probability), (probability > 0.5) == female
    bins = np.minimum(((sure - 0.5) * 20.0).astype(np.int64), 9)
    apart = np.abs(np.bincount(bins, sure, 10) - np.bincount(bins, right, 10))
    return float(apart.sum() / len(sure))


def _probabilities(
    classifier: VoiceGenderClassifier, clips: Sequence[VoiceGenderClip], temperature: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Probabilities of clips at another temperature than the classifier's, and the truth."""
    logits, female = _logits(classifier, clips)
    return 1.0 / (1.0 + np.exp(-logits * classifier.temperature / temperature)), female


def _logits(
    classifier: VoiceGenderClassifier, clips: Sequence[VoiceGenderClip]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    features = np.stack([clip.features for clip in clips])
    return classifier.logits(features), np.array([clip.female for clip in clips])


def _recorded_cuts(
    voice: TrainingVoice, analysis: VoiceAnalysis, length_s: float
) -> list[tuple[NDArray[np.float32], PitchTrack]]:
    """Cut up to three stretches of the recording itself, with WORLD's pitch."""
    waveform = read_waveform(voice.path)
    f0_hz = np.where(analysis.f0_hz > 0, analysis.f0_hz, np.nan).astype(np.float32)
    pitch = PitchTrack(f0_hz, np.isfinite(f0_hz).astype(np.float32), FRAME_S)
    starts_s = np.arange(0.0, max(len(waveform) / SAMPLE_RATE - length_s, 0.1), length_s)[:3]
    return [
        (
            waveform[round(start_s * SAMPLE_RATE) :][: round(length_s * SAMPLE_RATE)],
            pitch.cut(start_s, start_s + length_s),
        )
        for start_s in starts_s.tolist()
    ]


def _card(
    voices: Sequence[TrainingVoice], held_out: int, clips: int, figures: str, band: UndecidedBand, seed: int
) -> ModelCard:
    method = (
        f"Logistic regression on cepstra of the periodic frames and three percentiles of pitch, fitted on {clips} "
        f"clips of {len(voices)} voices: cuts of the recordings, and songs of the same vocal tract at pitches from 6 "
        "semitones below to 17 above the speaking voice, so that a high male voice stays male. Temperature and "
        "undecided band are fitted on the voices held out."
    )
    return ModelCard(
        name=NAME,
        purpose="Gives the probability that a recording sounds female; a property of the recording, not of a person.",
        method=(method,),
        figures=(f"{held_out} recorded voices held out: {figures}.",),
        limits=(
            "The labels are the two that the corpora know.",
            f"Between {band.male_up_to} and {band.female_from} the answer is: undecided.",
            "Children were not among the voices.",
        ),
        voices=voices,
        seed=seed,
        command=NAME,
    )
