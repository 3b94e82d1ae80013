"""How a line of notes is sung: pitch with glides, vibrato and drift, loudness, and where the voice pauses."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from singalike.embeddings.training.note_lines import NoteLine
from singalike.embeddings.training.recorded_voices import HOP_LENGTH, SAMPLE_RATE

FRAME_S = HOP_LENGTH / SAMPLE_RATE
LOWEST_MIDI, HIGHEST_MIDI = 37.0, 83.0


@dataclass(frozen=True, eq=False)
class Contour:
    """A plan of one sung phrase, one row every 8 ms.

    Attributes:
        midi_pitch: float64 (frames,), defined everywhere.
        voiced: bool (frames,), where the glottis sounds.
        hiss: bool (frames,), where an unvoiced consonant sounds.
        level_db: float64 (frames,), loudness of the voice.
        note: int64 (frames,), which note the frame belongs to; -1 before the first.
    """

    midi_pitch: NDArray[np.float64]
    voiced: NDArray[np.bool_]
    hiss: NDArray[np.bool_]
    level_db: NDArray[np.float64]
    note: NDArray[np.int64]


def vary(line: NoteLine, rng: Generator, tempo: float) -> NoteLine:
    """Sing the line in another key and at another tempo.

    Args:
        line: The notes.
        rng: Draws the key: a centre from MIDI 47 to 73, octaves folded back into what a voice can sing.
        tempo: All times are multiplied by it.
    """
    centre = float(rng.uniform(47.0, 73.0))
    midi_pitch = line.midi_pitch - np.median(line.midi_pitch) + centre
    midi_pitch = np.where(midi_pitch > HIGHEST_MIDI, midi_pitch - 12, midi_pitch)
    midi_pitch = np.where(midi_pitch < LOWEST_MIDI, midi_pitch + 12, midi_pitch)
    return NoteLine(line.song, line.start_s * tempo, line.end_s * tempo, np.clip(midi_pitch, 36.5, 83.5))


def plan_contour(line: NoteLine, length_s: float, rng: Generator) -> Contour:
    """Plan how a voice sings the notes.

    Args:
        line: Notes within [0, length_s).
        length_s: Length of the plan in seconds.
        rng: Source of all chance.
    """
    frames = round(length_s / FRAME_S)
    note = np.full(frames, -1, dtype=np.int64)
    voiced, hiss = np.zeros(frames, dtype=np.bool_), np.zeros(frames, dtype=np.bool_)
    consonants, legato_s = rng.uniform(0.05, 0.8), rng.uniform(0.0, 0.25)
    starts, ends = np.round(line.start_s / FRAME_S).astype(int), np.round(line.end_s / FRAME_S).astype(int)
    for index, (first, last) in enumerate(zip(starts, ends, strict=True)):
        following = starts[index + 1] if index + 1 < len(starts) else frames
        end = following if following - last < legato_s / FRAME_S else last
        note[first:] = index
        voiced[first:end] = True
        if rng.random() < consonants:
            width = int(rng.uniform(0.02, 0.14) / FRAME_S)
            begin = max(first - int(width * rng.uniform(0.0, 1.0)), 0)
            voiced[begin : begin + width] = False
            hiss[begin : begin + width] = rng.random() < 0.75
    midi_pitch = _pitch(line, note, rng) if len(starts) else np.full(frames, 60.0)
    return Contour(midi_pitch, voiced, hiss, _level_db(note, len(starts), rng), note)


def _pitch(line: NoteLine, note: NDArray[np.int64], rng: Generator) -> NDArray[np.float64]:
    frames = len(note)
    held = np.maximum(note, 0)
    since_s = np.arange(frames) * FRAME_S - line.start_s[held]
    intonation = rng.normal(0.0, rng.uniform(0.02, 0.25), len(line.midi_pitch))
    scoop = rng.uniform(-3.0, 1.0, len(line.midi_pitch)) * (rng.random(len(line.midi_pitch)) < rng.uniform(0, 0.4))
    target = (line.midi_pitch + intonation)[held] + scoop[held] * np.exp(-np.maximum(since_s, 0) / 0.06)
    glided = gaussian_filter1d(target, rng.uniform(0.008, 0.06) / FRAME_S, mode="nearest")
    extent = rng.uniform(0.0, 0.9) * (rng.random() < 0.6)
    delay_s, rate_hz = rng.uniform(0.1, 0.4), rng.uniform(4.5, 7.0)
    growth = np.clip((since_s - delay_s) / 0.25, 0.0, 1.0)
    vibrato = extent * growth * np.sin(2 * np.pi * rate_hz * np.arange(frames) * FRAME_S + rng.uniform(0, 6.28))
    drift = gaussian_filter1d(rng.normal(size=frames), 0.12 / FRAME_S)
    drift *= rng.uniform(0.02, 0.2) / (drift.std() + 1e-9)
    return np.asarray(np.clip(glided + vibrato + drift + rng.normal(0, 0.02, frames), 36.0, 84.0))


def _level_db(note: NDArray[np.int64], notes: int, rng: Generator) -> NDArray[np.float64]:
    by_note = rng.normal(0.0, rng.uniform(0.5, 5.0), notes + 1)
    slow = gaussian_filter1d(rng.normal(size=len(note)), 0.2 / FRAME_S)
    return np.asarray(gaussian_filter1d(by_note[note], 0.03 / FRAME_S) + rng.uniform(0, 3) * slow / (slow.std() + 1e-9))
