"""The notes that stand in an UltraStar file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WrittenNotes = Sequence[tuple[float, float, float]]
"""Start and end in seconds and MIDI pitch of each note."""


def read_written_notes(song: Path) -> list[tuple[float, float, float]]:
    """Read start and end in seconds and MIDI pitch of each note, in the file's order.

    A beat is a quarter of the stated one.
    """
    bpm, gap_s, notes = 0.0, 0.0, []
    for line in song.read_text("utf-8-sig").splitlines():
        if line.startswith("#BPM:"):
            bpm = float(line[5:].replace(",", "."))
        elif line.startswith("#GAP:"):
            gap_s = float(line[5:].replace(",", ".")) / 1000.0
        elif line[:1] in {":", "*"}:
            beat, length, tone = (int(word) for word in line[1:].split()[:3])
            notes.append((gap_s + beat * 15.0 / bpm, gap_s + (beat + length) * 15.0 / bpm, 60.0 + tone))
    return notes


def notes_in_frames(notes: WrittenNotes, frames: int, hop_s: float, offset_s: float = 0.0) -> NDArray[np.float64]:
    """Lay written notes on a track that is so much later, float64 (frames,): MIDI pitch, NaN in the rests."""
    midi_pitch = np.full(frames, np.nan)
    for start_s, end_s, note in notes:
        first, last = (max(round((at_s + offset_s) / hop_s), 0) for at_s in (start_s, end_s))
        midi_pitch[first:last] = note
    return midi_pitch
