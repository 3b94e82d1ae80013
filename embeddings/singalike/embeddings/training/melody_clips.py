"""Batches of rendered melodies with their pitch."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
import torch
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.embeddings.mel import MELODY_MEL, log_mel
from singalike.embeddings.training.note_lines import NoteLine, load_note_lines
from singalike.embeddings.training.recorded_voices import HOP_LENGTH, SAMPLE_RATE, RecordedVoice, load_recordings
from singalike.embeddings.training.renditions import Rendition, render
from singalike.embeddings.training.rooms import colour

CLIP_S = 6.0
SHARD_CLIPS = 24
RECORDED_SHARE = 0.2
"""Share of clips that are open recordings of speech as they are: real consonants, real breath."""

_WINDOW_S = 8.0
_FRAMES_APART = MELODY_MEL.hop_length // HOP_LENGTH


@dataclass(frozen=True, eq=False)
class Shard:
    """Clips for the network.

    Attributes:
        mel: float32 (clips, mels, frames), natural log of mel power.
        midi_pitch: float32 (clips, frames), NaN where unvoiced.
    """

    mel: NDArray[np.float32]
    midi_pitch: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Material:
    """What clips are made from.

    Attributes:
        lines: Vocal lines.
        recordings: Open recordings.
    """

    lines: tuple[NoteLine, ...]
    recordings: tuple[RecordedVoice, ...]


def load_material(data: Path, cache: Path) -> Material:
    """Read the lines and recordings of a data folder; the folder `cache` keeps what takes minutes to read."""
    return Material(
        load_note_lines(data, cache / "note_lines.npz"), load_recordings(data, cache / "recorded_voices.npz")
    )


def make_shard(material: Material, seed: int, index: int) -> Shard:
    """Make the same shard for the same seed and index, in any process."""
    rng = np.random.default_rng([seed, index])
    clips = [_clip(material, rng) for _ in range(SHARD_CLIPS)]
    mel = rendition_mel([clip.waveform for clip in clips])
    pitch = np.stack([clip.midi_pitch[::_FRAMES_APART][: mel.shape[-1] - 1] for clip in clips])
    return Shard(mel[:, :, : pitch.shape[1]], pitch)


def rendition_mel(waveforms: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Stack the log-mels of equally long waveforms, (clips, mels, frames)."""
    return np.asarray(log_mel(torch.from_numpy(np.stack(waveforms)), MELODY_MEL).numpy())


def _clip(material: Material, rng: Generator) -> Rendition:
    if material.recordings and rng.random() < RECORDED_SHARE:
        return _recorded_clip(material.recordings[int(rng.integers(0, len(material.recordings)))], rng)
    line = material.lines[int(rng.integers(0, len(material.lines)))]
    start_s = line.sung_window(rng, _WINDOW_S)
    return render(line.cut(start_s, start_s + _WINDOW_S), CLIP_S, material.recordings, rng)


def _recorded_clip(recording: RecordedVoice, rng: Generator) -> Rendition:
    """Play a recording faster by a factor, which raises pitch and formants by it, or slower."""
    factor = float(np.exp(rng.uniform(-0.35, 0.35)))
    waveform = soxr.resample(recording.waveform, SAMPLE_RATE * factor, SAMPLE_RATE, quality="QQ")
    frames = round(CLIP_S * SAMPLE_RATE / HOP_LENGTH)
    place = np.arange(frames) * factor
    inside = place < len(recording.midi_pitch) - 1
    pitch = recording.midi_pitch[np.minimum(np.round(place).astype(np.int64), len(recording.midi_pitch) - 1)]
    moved = np.where(inside, pitch + 12.0 * np.log2(factor), np.nan).astype(np.float32)
    samples = frames * HOP_LENGTH
    voice = np.pad(waveform[:samples], (0, max(samples - len(waveform), 0)))
    unit = voice / (np.sqrt(np.mean(voice**2)) + 1e-9)
    silent = NoteLine("", np.zeros(0), np.zeros(0), np.zeros(0))
    return Rendition(colour(unit.astype(np.float32), silent, rng), np.where((moved > 36) & (moved < 84), moved, np.nan))
