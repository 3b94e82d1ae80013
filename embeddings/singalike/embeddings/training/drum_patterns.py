"""Drum patterns of one bar, in sixteenths, played by somebody who is never quite in time and fills in now and then."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.random import Generator

from singalike.embeddings.training.scores import Notes

KICK, SIDE_STICK, SNARE, CLAP, CLOSED_HAT, PEDAL_HAT, OPEN_HAT = 36, 37, 38, 39, 42, 44, 46
CRASH, RIDE, TAMBOURINE, COWBELL, SHAKER, CONGA = 49, 51, 54, 56, 70, 63
_TOMS = (50, 48, 45, 43)

PATTERNS: Mapping[str, Mapping[int, str]] = MappingProxyType(
    {
        "pop": {KICK: "x.....x.x.......", SNARE: "....x.......x...", CLOSED_HAT: "x.x.x.x.x.x.x.x."},
        "ballad": {KICK: "x.........x.....", SIDE_STICK: "........x.......", CLOSED_HAT: "x.o.x.o.x.o.x.o."},
        "rock": {KICK: "x...x...x.x.....", SNARE: "....x.......x..o", OPEN_HAT: "x...x...x...x..."},
        "punk": {KICK: "x.x...x.x.x...x.", SNARE: "..x...x...x...x.", CRASH: "x...x...x...x..."},
        "disco": {KICK: "x...x...x...x...", CLAP: "....x.......x...", OPEN_HAT: "..x...x...x...x."},
        "house": {KICK: "x...x...x...x...", OPEN_HAT: "..x...x...x...x.", SHAKER: "xoxoxoxoxoxoxoxo"},
        "funk": {KICK: "x..x..x...x..x..", SNARE: "....x..o.o..x..o", CLOSED_HAT: "xoxoxoxoxoxoxoxo"},
        "hip hop": {KICK: "x......x..x.....", SNARE: "....x.......x...", CLOSED_HAT: "x.x.xox.x.xxx.x."},
        "trap": {KICK: "x.....x...x.....", CLAP: "........x.......", CLOSED_HAT: "x.x.xxx.x.x.xxxx"},
        "bossa": {KICK: "x..xx..xx..xx..x", SIDE_STICK: "x..x..x...x..x..", SHAKER: "xoxoxoxoxoxoxoxo"},
        "reggae": {KICK: "........x.......", SIDE_STICK: "........x.......", CLOSED_HAT: "..x...x...x...x."},
        "jazz": {RIDE: "x...x..xx...x..x", PEDAL_HAT: "....x.......x...", KICK: "o...o...o...o..."},
        "shuffle": {KICK: "x.......x..x....", SNARE: "....x.......x...", RIDE: "x..xx..xx..xx..x"},
        "latin": {KICK: "x.....x.x.....x.", CONGA: "x.xx..x.x.xx..x.", COWBELL: "x...x.x.x...x.x."},
        "folk": {KICK: "x.......x.......", TAMBOURINE: "..x.x.x...x.x.x.", SHAKER: "x.o.x.o.x.o.x.o."},
        "half time": {KICK: "x.........x..x..", SNARE: "........x.......", RIDE: "x.x.x.x.x.x.x.x."},
    }
)  # fmt: skip
"""Strokes by General MIDI drum: x is loud, o is soft."""


def play_drums(pattern: str, beats: float, beats_a_bar: float, rng: Generator) -> Notes:
    """Play a pattern from beat zero on, with fills, missing and added strokes.

    Args:
        pattern: A key of `PATTERNS`; cut to shorter bars.
        beats: Length to fill.
        beats_a_bar: At most 4 in a row; longer bars begin the pattern again.
        rng: Source of all chance.

    Returns:
        float64 (notes, 4), start and length in beats, drum and velocity.
    """
    steps = round(4.0 * beats_a_bar)
    every, lateness = int(rng.choice([4, 8])), rng.normal(0.0, 0.02)
    notes: list[tuple[float, float, float, float]] = []
    for bar in range(int(np.ceil(beats / beats_a_bar))):
        filled = steps // 2 if (bar + 1) % every == 0 and rng.random() < 0.8 else steps
        strokes = _bar(PATTERNS[pattern], steps, filled, rng)
        if filled < steps:
            strokes += _fill(filled, steps, rng)
        if bar % every == 0 and bar > 0 and rng.random() < 0.6:
            strokes.append((0, CRASH, 105.0))
        notes += [(bar * beats_a_bar + step / 4.0, 0.2, drum, velocity) for step, drum, velocity in strokes]
    played = np.array(notes, dtype=np.float64).reshape(-1, 4)
    played[:, 0] = np.maximum(played[:, 0] + lateness + rng.normal(0.0, 0.008, len(played)), 0.0)
    played[:, 3] = np.clip(played[:, 3] + rng.normal(0.0, 7.0, len(played)), 12.0, 127.0)
    return played[played[:, 0] < beats]


def _bar(pattern: Mapping[int, str], steps: int, until: int, rng: Generator) -> list[tuple[int, int, float]]:
    """Give step, drum and velocity of the strokes of one bar."""
    strokes = []
    for drum, line in pattern.items():
        for step in range(until):
            sign = line[step % len(line)]
            if sign != "." and rng.random() > 0.03:
                strokes.append((step, drum, 98.0 if sign == "x" else 55.0))
            elif sign == "." and drum in {KICK, SNARE} and rng.random() < 0.015 * steps / 16:
                strokes.append((step, drum, 45.0))
    return strokes


def _fill(first: int, last: int, rng: Generator) -> list[tuple[int, int, float]]:
    """Run down the toms, or roll on the snare."""
    density = rng.uniform(0.4, 1.0)
    if rng.random() < 0.4:
        return [(step, SNARE, 60.0 + 5.0 * (step - first)) for step in range(first, last) if rng.random() < density]
    order = np.linspace(0, len(_TOMS) - 1, last - first).round().astype(np.int64)
    return [(step, _TOMS[order[step - first]], 95.0) for step in range(first, last) if rng.random() < density]
