"""What the ablation trains and judges on: recordings without names, and clips of held-out singers with names."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.training.clips import augment, seeded
from singalike.embeddings.training.datasets import (
    TrainingVoice,
    read_melodies,
    read_voices,
    read_waveform,
    split_voices,
)
from singalike.embeddings.training.generator import (
    SAMPLE_RATE,
    WARPS,
    PseudoSinger,
    VoiceAnalysis,
    analyse_voice,
    invent_singer,
    sing,
)
from singalike.embeddings.training.manners import random_manner
from singalike.embeddings.training.melodies import Melody, scale_melody
from singalike.embeddings.training.run_folder import write_arrays
from singalike.embeddings.training.view_bank import Mel, RecordingViews, hear_views, load_views, save_views, seen

Waveform = NDArray[np.float32]

SPOKEN, SUNG = "spoken", "sung"
"""Modes of a recording."""


@dataclass(frozen=True)
class MaterialPreset:
    """How much is made of each recorded voice.

    Attributes:
        held_out: Voices kept from training, as many female as male.
        seconds: Of a voice, and of every sung recording.
        analysed_s: Of a voice, to sing on its syllables; taking it apart is the slowest part.
        sings_every: One voice of so many also sings, as an invented singer.
        sung_clips: Sung clips of each held-out voice to judge on.
        clip_s: Length of a clip to judge on.
    """

    held_out: int = 50
    seconds: float = 6.0
    analysed_s: float = 4.0
    sings_every: int = 3
    sung_clips: int = 3
    clip_s: float = 3.0


@dataclass(frozen=True, eq=False)
class NamedClip:
    """A clip to judge on.

    Attributes:
        singer: Who.
        voice_gender: "f", "m" or "unknown".
        song: What: two clips of one singer and one song are no pair.
        mel: float16 (frames, mels).
        mode: "spoken" or "sung".
    """

    singer: str
    voice_gender: str
    song: str
    mel: Mel
    mode: str = SUNG


@dataclass(frozen=True, eq=False)
class Material:
    """All that the nine trainings share.

    Attributes:
        fit: Recordings to train on.
        held_out: Recordings of other voices to tell the loss on.
        clips: Clips of these other voices, spoken and sung.
    """

    fit: tuple[RecordingViews, ...]
    held_out: tuple[RecordingViews, ...]
    clips: tuple[NamedClip, ...]

    def plain_pieces(self, frames: int) -> tuple[NamedClip, ...]:
        """Cut the plain views of the recordings to train on into pieces of so many frames; of a shorter one, all."""
        pieces = []
        for recording in self.fit:
            singer, mode = recording.name.split("/")
            for mel in recording.mels["plain"]:
                ends = range(frames, max(len(mel), frames) + 1, frames)
                pieces += [NamedClip(singer, "unknown", mode, mel[end - frames : end], mode) for end in ends]
        return tuple(pieces)


def make_material(
    data: Path, kept: Path, preset: MaterialPreset, seed: int, advance: Callable[[int, int], None]
) -> Material:
    """Make the material of all voices that may train, or read what an earlier run has kept of it.

    Args:
        data: Folder with the manifest.
        kept: Where each voice's material is kept, in a folder for these settings and this seed: a run that was killed
            goes on with the next voice.
        preset: How much.
        seed: Of all chance.
        advance: Told after each voice how many of how many are there.

    Raises:
        NotFoundError: MANIFEST_NOT_FOUND.
    """
    voices = read_voices(data)
    fit, held_out = split_voices(voices, preset.held_out, seed)
    melodies = read_melodies(data) or (scale_melody(seeded(seed, "melody")),)
    views: list[list[RecordingViews]] = [[], []]
    clips: list[NamedClip] = []
    kept = kept / _digest(preset, seed)
    for number, voice in enumerate((*fit, *held_out)):
        judged, sings = number >= len(fit), number % preset.sings_every == 0
        views[judged].extend(_views_of(voice, melodies if sings else (), kept, preset, seed))
        clips.extend(_clips_of(voice, melodies, kept, preset, seed) if judged else ())
        advance(number + 1, len(voices))
    return Material(tuple(views[0]), tuple(views[1]), tuple(clips))


def _digest(preset: MaterialPreset, seed: int) -> str:
    return hashlib.sha256(json.dumps([asdict(preset), seed]).encode()).hexdigest()[:12]


def _views_of(
    voice: TrainingVoice, melodies: Sequence[Melody], kept: Path, preset: MaterialPreset, seed: int
) -> Sequence[RecordingViews]:
    """Make the views of the speech, and where there are melodies those of an invented singer with its syllables."""
    file = kept / f"{voice.singer}-views.npz"
    if not file.exists():
        waveform = _start(voice, preset)
        recordings = {f"{voice.singer}/{SPOKEN}": waveform}
        if melodies:
            rng = seeded(seed, "recordings", voice.singer)
            singer = invent_singer(float(rng.choice(WARPS)), rng)
            analysis = _analysis(voice, waveform[: round(preset.analysed_s * SAMPLE_RATE)], kept)
            recordings[f"{voice.singer}/{SUNG}"] = _sung(analysis, singer, melodies, rng, preset.seconds)
        save_views((hear_views(name, sound, seed) for name, sound in recordings.items()), file)
    return load_views(file)


def _clips_of(
    voice: TrainingVoice, melodies: Sequence[Melody], kept: Path, preset: MaterialPreset, seed: int
) -> Iterator[NamedClip]:
    """Two pieces of the speech, which are no pair, and sung clips; each with even odds in a room with a channel."""
    file = kept / f"{voice.singer}-clips.npz"
    if not file.exists():
        rng = seeded(seed, "clips", voice.singer)
        waveform = _start(voice, preset)
        pieces = {f"{SPOKEN}-{n}": part for n, part in enumerate(np.array_split(waveform, 2))}
        analysis = _analysis(voice, waveform[: round(preset.analysed_s * SAMPLE_RATE)], kept)
        for number in range(preset.sung_clips):
            pieces[f"{SUNG}{number}"] = _sung(analysis, PseudoSinger(1.0), melodies, rng, preset.clip_s)
        mels = {name: seen(augment(sound, rng) if rng.random() < 0.5 else sound) for name, sound in pieces.items()}
        write_arrays(file, mels)
    with np.load(file) as archive:
        for name in archive.files:
            song = name.split("-")[0]
            yield NamedClip(voice.singer, voice.voice_gender, song, archive[name], SPOKEN if song == SPOKEN else SUNG)


def _start(voice: TrainingVoice, preset: MaterialPreset) -> Waveform:
    return read_waveform(voice.path)[: round(preset.seconds * SAMPLE_RATE)]


def _analysis(voice: TrainingVoice, waveform: Waveform, kept: Path) -> VoiceAnalysis:
    """Take a voice apart, or read what was kept."""
    file = kept / f"{voice.singer}-analysis.npz"
    if not file.exists():
        analysis = analyse_voice(waveform)
        write_arrays(
            file, {"f0": analysis.f0_hz, "envelope": analysis.log_envelope, "aperiodicity": analysis.aperiodicity}
        )
    with np.load(file) as arrays:
        return VoiceAnalysis(arrays["f0"], arrays["envelope"], arrays["aperiodicity"])


def _sung(
    analysis: VoiceAnalysis, singer: PseudoSinger, melodies: Sequence[Melody], rng: np.random.Generator, seconds: float
) -> Waveform:
    melody = melodies[int(rng.integers(len(melodies)))]
    return sing(analysis, singer, random_manner(rng), melody, rng, seconds)
