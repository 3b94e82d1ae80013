"""Natural recordings as classes beside generated ones: a resampled voice is another tract, without a vocoder."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import soxr
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.audio.separation.repet import RepetSimSeparator
from singalike.embeddings.training.backing_leak import leak, separated
from singalike.embeddings.training.clip_cache import ClipCache, clip_key
from singalike.embeddings.training.clips import augment, seeded
from singalike.embeddings.training.datasets import TrainingVoice, content_digest, read_waveform
from singalike.embeddings.training.effort import draw_effort, sing_with_effort
from singalike.embeddings.training.generator import SAMPLE_RATE, PseudoSinger, VoiceAnalysis, articulate, at_level
from singalike.embeddings.training.lossy import codec
from singalike.embeddings.training.manners import random_manner
from singalike.embeddings.training.melodies import Melody
from singalike.embeddings.training.note_lines import NoteLine
from singalike.embeddings.training.phones import by_phone
from singalike.embeddings.training.rooms import colour
from singalike.embeddings.training.timbre_clips import CACHE_BYTES, TimbreClip, packed

NATURAL_GENERATOR = 2
"""Grows with every change of what these clips sound like."""


class Channel(Protocol):
    """What a clip is sent through, by a function of a module."""

    __name__: str

    def __call__(self, waveform: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
        """Return the clip changed, as long as it was and at the level of every generated clip."""
        ...


@dataclass(frozen=True)
class NaturalClips:
    """What is cut from each recording.

    Attributes:
        factors: Speeds of playing, one person each; 1 is the voice itself. None of them: no natural classes.
        crops: Stretches as recorded, each also once through a channel of its own.
        sung: Clips that WORLD sings with exactly this tract, each also once through a channel.
        duration_s: Length of a clip in seconds.
    """

    factors: tuple[float, ...] = ()
    crops: int = 3
    sung: int = 1
    duration_s: float = 3.6


def through_channel(waveform: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Send a clip through a room, a phone, a codec, two of them, a leak or a real separator, drawn at random."""
    chosen = int(rng.integers(8))
    if chosen == 0:
        return augment(waveform, rng)
    if chosen == 1:
        return codec(waveform, rng)
    if chosen == 2:
        return codec(by_phone(waveform, rng), rng)
    if chosen == 3:
        return leak(waveform, rng)
    if chosen == 4:
        return separated(waveform, RepetSimSeparator(), rng)
    return by_phone(waveform, rng)


def through_unknown(waveform: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Send a clip through rooms, chords and filters that no clip of timbre trains on: voices held out are judged so."""
    nothing = np.zeros(0)
    line = NoteLine("", nothing, nothing, nothing)
    return at_level(colour(waveform / (np.sqrt(np.mean(waveform**2)) + 1e-9), line, rng))


def hear_naturally(
    voice: TrainingVoice,
    analysis: VoiceAnalysis,
    melodies: Sequence[Melody],
    settings: NaturalClips,
    seed: int,
    folder: Path,
    channel: Channel = through_channel,
) -> list[TimbreClip]:
    """Cut the natural clips of one recorded voice and keep what training needs of them.

    Args:
        voice: The recorded voice.
        analysis: Of its recording.
        melodies: To choose from.
        settings: How many clips of what.
        seed: Of all chance.
        folder: Keeps the clips.
        channel: What changes the copies.
    """

    def make() -> NDArray[np.float16]:
        recorded = read_waveform(voice.path)
        rows = []
        for factor in settings.factors:
            rng = seeded(seed, "natural", voice.singer, f"{factor}")
            rows += [packed(w) for w in _clips_at(factor, recorded, analysis, melodies, settings, channel, rng)]
        return np.stack(rows)

    if not settings.factors:
        return []
    of = {"natural": NATURAL_GENERATOR, "recording": content_digest(voice.path), "channel": channel.__name__}
    rows = ClipCache(folder, CACHE_BYTES).get_or_make(clip_key(seed, voice.singer, of | asdict(settings)), make)
    return [
        TimbreClip(voice.singer, *label, clip[:, :-1], clip[:, -1] > 0, kind="natural")
        for label, clip in zip(_labels(voice.singer, settings), rows, strict=True)
    ]


def resampled(waveform: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """Play a recording faster: pitch and formants are multiplied by `factor`; shape (samples / factor,)."""
    if factor == 1.0:
        return waveform
    return np.asarray(soxr.resample(waveform, SAMPLE_RATE * factor, SAMPLE_RATE), dtype=np.float32)


def _clips_at(
    factor: float,
    recorded: NDArray[np.float32],
    analysis: VoiceAnalysis,
    melodies: Sequence[Melody],
    settings: NaturalClips,
    channel: Channel,
    rng: Generator,
) -> list[NDArray[np.float32]]:
    """All clips of one person, each clean one followed by its copy, in the order of `_labels`."""
    clean = _crops(resampled(recorded, factor), settings)
    for _ in range(settings.sung):
        manner, effort = random_manner(rng), draw_effort(rng)
        melody = melodies[int(rng.integers(len(melodies)))]
        singer = articulate(PseudoSinger(factor), rng)
        clean.append(sing_with_effort(analysis, singer, manner, melody, effort, rng, settings.duration_s))
    return [heard for clip in clean for heard in (clip, channel(clip, rng))]


def _crops(waveform: NDArray[np.float32], settings: NaturalClips) -> list[NDArray[np.float32]]:
    """Cut evenly placed stretches; a recording that is too short is said again."""
    samples = round(settings.duration_s * SAMPLE_RATE)
    enough = np.tile(waveform, -(-samples // len(waveform)))
    return [enough[round(s) :][:samples] for s in np.linspace(0, len(enough) - samples, settings.crops)]


def _labels(name: str, settings: NaturalClips) -> list[tuple[str, bool]]:
    """Singer and augmented of each clip."""
    each = settings.crops + settings.sung
    return [
        (f"{name}@{factor:.2f}", augmented)
        for factor in settings.factors
        for _ in range(each)
        for augmented in (False, True)
    ]
