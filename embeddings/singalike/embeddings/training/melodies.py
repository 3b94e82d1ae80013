"""Melodies of notes, read from MIDI files."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import mido
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

_DEFAULT_TEMPO = 500_000


@dataclass(frozen=True, eq=False)
class Melody:
    """A line of notes without rests.

    Attributes:
        midi_pitch: float64 (notes,).
        duration_s: float64 (notes,), each above zero.
    """

    midi_pitch: NDArray[np.float64]
    duration_s: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.midi_pitch)

    def excerpt(self, rng: Generator, notes: int = 60) -> "Melody":
        """Return up to `notes` notes from a random place."""
        first = int(rng.integers(0, max(len(self) - notes, 0) + 1))
        return Melody(self.midi_pitch[first : first + notes], self.duration_s[first : first + notes])


def read_melody(content: bytes, track: str = "MELODY") -> Melody:
    """Read the notes of one track of a MIDI file; a file without that track gives its highest line.

    Args:
        content: A standard MIDI file.
        track: Name of the track that holds the melody.
    """
    midi = mido.MidiFile(file=io.BytesIO(content), clip=True)
    tempo = next((m.tempo for t in midi.tracks for m in t if m.type == "set_tempo"), _DEFAULT_TEMPO)
    tick_s = tempo / 1e6 / midi.ticks_per_beat
    chosen = [t for t in midi.tracks if t.name == track] or midi.tracks
    begun: dict[int, int] = {}
    notes: list[tuple[int, int, int]] = []
    for line in chosen:
        now = 0
        for message in line:
            now += message.time
            if message.type == "note_on" and message.velocity > 0:
                begun[message.note] = now
            elif message.type in {"note_on", "note_off"} and message.note in begun:
                notes.append((begun.pop(message.note), message.note, now))
    return _highest_line(notes, tick_s)


def _highest_line(notes: Sequence[tuple[int, int, int]], tick_s: float) -> Melody:
    """Keep the highest of the notes that begin together."""
    highest: dict[int, tuple[int, int]] = {}
    for start, pitch, end in notes:
        if end > start and pitch > highest.get(start, (-1, 0))[0]:
            highest[start] = (pitch, end)
    ordered = sorted(highest.items())
    midi_pitch = np.array([p for _, (p, _) in ordered], dtype=np.float64)
    duration_s = np.array([(e - s) * tick_s for s, (_, e) in ordered], dtype=np.float64)
    return Melody(midi_pitch, duration_s)


def scale_melody(rng: Generator, notes: int = 60) -> Melody:
    """Invent a melody: a random walk on the major scale, for when no MIDI is at hand."""
    degrees = np.array([0, 2, 4, 5, 7, 9, 11])
    steps = np.cumsum(rng.choice([-2, -1, -1, 0, 1, 1, 2], size=notes))
    steps = np.abs((steps + 7) % 28 - 14)
    pitch = 60.0 + 12.0 * (steps // 7) + degrees[steps % 7]
    return Melody(pitch.astype(np.float64), rng.choice([0.2, 0.3, 0.4, 0.6, 0.9], size=notes))
