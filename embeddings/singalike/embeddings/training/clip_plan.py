"""Which moment of a recorded voice sounds when, at which pitch and level: the score of one generated clip."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from singalike.audio.pitch import hz_to_midi
from singalike.embeddings.training.manners import Manner
from singalike.embeddings.training.melodies import Melody

FRAME_S = 0.005
"""Hop of the WORLD analysis, in seconds."""

LOWEST_MIDI, HIGHEST_MIDI = 41.0, 77.0
_EDGE_FRAMES = 6  # 30 ms at both ends of a unit keep their speed: consonants and their transitions live there.
_LONGEST_GAP_FRAMES = 30
_SHORTEST_UNIT_FRAMES = 12
_NOTE_S = (0.12, 1.2)


@dataclass(frozen=True, eq=False)
class ClipPlan:
    """A clip, frame by frame.

    Attributes:
        position: float64 (frames,), fractional frame of the recorded voice that sounds.
        midi_pitch: float64 (frames,), NaN where unvoiced.
        level_db: float64 (frames,), gain over the recorded level.
    """

    position: NDArray[np.float64]
    midi_pitch: NDArray[np.float64]
    level_db: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Unit:
    """Frames of the voice with the notes that they carry; no notes means unvoiced."""

    position: NDArray[np.float64]
    note: NDArray[np.int64]


def plan_speech(f0_hz: NDArray[np.float64], rng: Generator, duration_s: float) -> ClipPlan:
    """Plan an excerpt of the speech itself, a little slower or faster, higher or lower, read around the end."""
    frames = round(duration_s / FRAME_S)
    position = (rng.integers(0, len(f0_hz)) + rng.uniform(0.9, 1.1) * np.arange(frames)) % len(f0_hz)
    source = f0_hz[np.minimum(position.astype(np.int64), len(f0_hz) - 1)]
    midi_pitch = hz_to_midi(np.where(source > 0, source, np.nan)) + rng.uniform(-2.0, 3.0)
    return ClipPlan(np.asarray(position, dtype=np.float64), midi_pitch, np.zeros(frames))


def plan_singing(
    f0_hz: NDArray[np.float64],
    centre_midi: float,
    manner: Manner,
    melody: Melody,
    rng: Generator,
    duration_s: float,
) -> ClipPlan:
    """Plan a sung clip: see `sing` in the generator for the arguments."""
    frames = round(duration_s / FRAME_S)
    melody = melody.excerpt(rng)
    offset = centre_midi + rng.uniform(-1.0, 12.0) - float(np.median(melody.midi_pitch))
    pitch = fold(melody.midi_pitch + offset)
    units: list[_Unit] = []
    total, note = 0, 0
    for start, end, voiced in _endless_stretches(f0_hz > 0, rng):
        unit = _sung_unit(start, end, note, melody, manner, rng) if voiced else _gap(start, end)
        note += len(np.unique(unit.note)) if voiced else 0
        units.append(unit)
        total += len(unit.position)
        if total >= frames:
            break
    position = np.concatenate([u.position for u in units])[:frames]
    notes = np.concatenate([u.note for u in units])[:frames]
    midi = _pitch_contour(pitch, notes, manner, rng)
    return ClipPlan(position, midi, _level_contour(notes, manner, rng))


def fold(midi_pitch: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move every note by octaves into what a singer can sing, MIDI 41 to 77."""
    raised = midi_pitch + 12.0 * np.ceil(np.maximum(LOWEST_MIDI - midi_pitch, 0.0) / 12.0)
    return raised - 12.0 * np.ceil(np.maximum(raised - HIGHEST_MIDI, 0.0) / 12.0)


def _endless_stretches(voiced: NDArray[np.bool_], rng: Generator) -> Iterator[tuple[int, int, bool]]:
    """Walk the voiced units and the gaps between from a random place on, around the end for ever."""
    edges = np.flatnonzero(np.diff(voiced.astype(np.int8))) + 1
    bounds = np.concatenate([[0], edges, [len(voiced)]])
    stretches = [(int(a), int(b)) for a, b in pairwise(bounds)]
    at = int(rng.integers(0, len(stretches)))
    while True:
        start, end = stretches[at % len(stretches)]
        at += 1
        if not voiced[start] or end - start < _SHORTEST_UNIT_FRAMES:
            yield start, end, False
            continue
        while end - start >= 2 * _SHORTEST_UNIT_FRAMES:
            length = min(int(rng.uniform(0.10, 0.30) / FRAME_S), end - start)
            if end - start - length < _SHORTEST_UNIT_FRAMES:
                break
            yield start, start + length, True
            start += length
        yield start, end, True


def _gap(start: int, end: int) -> _Unit:
    frames = min(end - start, _LONGEST_GAP_FRAMES)
    return _Unit(np.arange(start, start + frames, dtype=np.float64), np.full(frames, -1))


def _sung_unit(start: int, end: int, note: int, melody: Melody, manner: Manner, rng: Generator) -> _Unit:
    """Stretch the middle of one voiced unit over one to three notes."""
    count = int(rng.choice([1, 2, 3], p=[0.6, 0.25, 0.15]))
    chosen = (note + np.arange(count)) % len(melody)
    seconds = np.clip(melody.duration_s[chosen] * manner.note_scale, *_NOTE_S)
    lengths = np.maximum((seconds / FRAME_S).astype(np.int64), 8)
    frames = max(int(lengths.sum()), 3 * _EDGE_FRAMES)
    edge = min(_EDGE_FRAMES, (end - start) // 3)
    knots = [0, edge, frames - edge, frames - 1]
    position = np.interp(np.arange(frames), knots, [start, start + edge, end - edge, end - 1])
    notes = np.repeat(note + np.arange(count), lengths)
    return _Unit(position, np.pad(notes, (0, frames - len(notes)), mode="edge"))


def _pitch_contour(
    pitch: NDArray[np.float64], notes: NDArray[np.int64], manner: Manner, rng: Generator
) -> NDArray[np.float64]:
    """Notes with glides, vibrato after the onset, drift and jitter; NaN in the gaps."""
    frames = len(notes)
    steps = pitch[np.maximum.accumulate(np.maximum(notes, 0)) % len(pitch)]
    width = max(round(2 * manner.glide_s / FRAME_S), 1)
    glided = uniform_filter1d(uniform_filter1d(steps, width, mode="nearest"), width, mode="nearest")
    held_s = _frames_since_onset(notes) * FRAME_S
    rate_hz = manner.vibrato_rate_hz * (1 + 0.04 * _wander(frames, 1.0, rng))
    phase = 2 * np.pi * np.cumsum(rate_hz) * FRAME_S + rng.uniform(0, 2 * np.pi)
    depth = manner.vibrato_semitones * np.clip((held_s - manner.vibrato_onset_s) / 0.15, 0.0, 1.0)
    drift = manner.drift_semitones * _wander(frames, 0.4, rng)
    jitter = manner.jitter_semitones * uniform_filter1d(rng.normal(0.0, 1.7, frames), 3)
    return np.where(notes >= 0, glided + depth * np.sin(phase) + drift + jitter, np.nan)


def _level_contour(notes: NDArray[np.int64], manner: Manner, rng: Generator) -> NDArray[np.float64]:
    """Attacks, dynamics between notes and shimmer, in dB."""
    frames = len(notes)
    held_s = _frames_since_onset(notes) * FRAME_S
    attack = np.where(notes >= 0, -12.0 * np.exp(-held_s / manner.attack_s), 0.0)
    loudness = manner.dynamics_db * rng.normal(size=int(notes.max(initial=0)) + 2)
    shimmer = manner.shimmer_db * rng.normal(size=frames)
    return np.asarray(uniform_filter1d(loudness[notes], 10, mode="nearest") + attack + shimmer, dtype=np.float64)


def _frames_since_onset(notes: NDArray[np.int64]) -> NDArray[np.int64]:
    index = np.arange(len(notes))
    begins = np.concatenate([[True], notes[1:] != notes[:-1]])
    return index - np.maximum.accumulate(np.where(begins, index, 0))


def _wander(frames: int, period_s: float, rng: Generator) -> NDArray[np.float64]:
    """Slow noise of unit deviation with about one knot every `period_s`."""
    knots = rng.normal(size=max(int(frames * FRAME_S / period_s) + 3, 4))
    return np.interp(np.linspace(0.0, len(knots) - 1.0, frames), np.arange(len(knots)), knots)
