"""Play along by the chords: a bass, strummed guitars, held pads and broken chords, each in a rhythm that is drawn."""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from singalike.embeddings.training.harmony import ChordSpan
from singalike.embeddings.training.scores import Notes

_STRUMS = (
    "x...x...x...x...",
    "x...x.xxx.x.x.xx",
    "..x...x...x...x.",
    "x..x..x.x..x..x.",
    "x.......x.......",
    "xxxxxxxxxxxxxxxx",
    "x.x.x.x.x.x.x.x.",
)
_BASS_LINES = (
    "x.......x.......",
    "x.x.x.x.x.x.x.x.",
    "x.....x.x.......",
    "x..x..x.x..x..x.",
    "..x...x...x...x.",
    "x...x...x...x...",
)
_BASS_LOWEST, _CHORD_LOWEST = 28, 50


def bass_line(chords: Sequence[ChordSpan], rng: Generator) -> Notes:
    """Play roots, fifths and octaves in one rhythm.

    Args:
        chords: One after the other.
        rng: Source of all chance.

    Returns:
        Notes of a bass.
    """
    rhythm, lowest = str(rng.choice(_BASS_LINES)), _BASS_LOWEST + int(rng.integers(0, 8))
    others, notes = rng.uniform(0.0, 0.4), []
    for chord, step, steps in _strokes(chords, rhythm):
        above = int(rng.choice([0, 7, 12])) if rng.random() < others else 0
        pitch = lowest + (chord.root - lowest) % 12 + above
        notes.append((chord.start + step / 4.0, steps / 4.0 * 0.95, pitch, rng.normal(95.0, 8.0)))
    return _humanised(notes, rng)


def struck_chords(chords: Sequence[ChordSpan], rng: Generator) -> Notes:
    """Strike chords in one rhythm, string by string; power chords now and then. Arguments as of `bass_line`."""
    rhythm, power, length = str(rng.choice(_STRUMS)), rng.random() < 0.3, rng.uniform(0.3, 1.0)
    lowest, notes = _CHORD_LOWEST - int(rng.integers(0, 10)), []
    for chord, step, steps in _strokes(chords, rhythm):
        classes = (chord.root, chord.pitch_classes[2], chord.root) if power else (*chord.pitch_classes, chord.root)
        pitches = _upwards(classes, lowest)
        down = rng.random() < 0.7
        for order, pitch in enumerate(pitches if down else pitches[::-1]):
            start = chord.start + step / 4.0 + 0.015 * order
            notes.append((start, steps / 4.0 * length, pitch, rng.normal(88.0, 10.0)))
    return _humanised(notes, rng)


def held_chords(chords: Sequence[ChordSpan], rng: Generator) -> Notes:
    """Hold chords for as long as they last, in any inversion. Arguments as of `bass_line`."""
    lowest = _CHORD_LOWEST + int(rng.integers(-2, 12))
    notes = [
        (chord.start, chord.beats, lowest + (pitch_class - lowest) % 12, rng.normal(75.0, 8.0))
        for chord in chords
        for pitch_class in chord.pitch_classes
    ]
    return _humanised(notes, rng)


def broken_chords(chords: Sequence[ChordSpan], rng: Generator) -> Notes:
    """Play chords note by note, in eighths, triplets or sixteenths. Arguments as of `bass_line`."""
    step = float(rng.choice([0.25, 0.5, 0.5, 1.0 / 3.0]))
    lowest, order = _CHORD_LOWEST + int(rng.integers(0, 20)), rng.permutation([0, 1, 2, 3, 2, 1])
    notes = []
    for chord in chords:
        pitches = _upwards((*chord.pitch_classes, chord.root), lowest)
        for index in range(int(chord.beats / step)):
            pitch = pitches[order[index % len(order)]]
            notes.append((chord.start + index * step, step, pitch, rng.normal(80.0, 9.0)))
    return _humanised(notes, rng)


def _strokes(chords: Sequence[ChordSpan], rhythm: str) -> list[tuple[ChordSpan, int, int]]:
    """List chord, sixteenth within the chord and length in sixteenths of every stroke of a rhythm."""
    strokes = []
    for chord in chords:
        first, steps = round(4.0 * chord.start), round(4.0 * chord.beats)
        hits = [step for step in range(steps) if rhythm[(first + step) % len(rhythm)] == "x"]
        ends = [*hits[1:], steps]
        strokes += [(chord, hit, end - hit) for hit, end in zip(hits, ends, strict=False)]
    return strokes


def _upwards(pitch_classes: Sequence[int], lowest: int) -> list[int]:
    """Stack pitch classes, each above the one before."""
    pitches: list[int] = []
    for pitch_class in pitch_classes:
        floor = pitches[-1] + 1 if pitches else lowest
        pitches.append(floor + (pitch_class - floor) % 12)
    return pitches


def _humanised(notes: Sequence[tuple[float, float, float, float]], rng: Generator) -> Notes:
    """Nobody plays exactly in time."""
    played = np.array(notes, dtype=np.float64).reshape(-1, 4)
    played[:, 0] = np.maximum(played[:, 0] + rng.normal(0.0, 0.012, len(played)), 0.0)
    played[:, 3] = np.clip(played[:, 3], 15.0, 127.0)
    return played
