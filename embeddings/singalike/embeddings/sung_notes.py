"""What the notes of a recording ask of a voice: how high, how long, how fast, in what breaths, by what leaps."""

import numpy as np
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.note_levels import Notes, find_notes
from singalike.embeddings.profile import SungNotes
from singalike.embeddings.vocal_range import SHORTEST_NOTE_S, believed_pitch

HELD_S = 0.5
"""A note this long is held: shorter ones are touched, which is easier at the top of a voice."""

PAUSE_S = 0.3
"""Silence this long ends a phrase: time for a breath."""

TOUCHING_S = 0.1
"""Notes up to this far apart are sung in one movement. Over a longer gap a voice starts anew, and what a separator
left of the accompaniment often stands there: counted as well, leaps in separated mixtures came out twice as wide."""

_HARD_SHARE = 0.9
"""Percentile of phrases and leaps that is told: nearly the hardest, and one slip does not make it."""


def measure_sung_notes(pitch: PitchTrack) -> SungNotes:
    """Measure what is sung, note by note.

    Args:
        pitch: Pitch track of one voice, any hop.

    Returns:
        Figures over all notes; pitches are NaN where no note was long enough, everything else zero without notes.
    """
    return sum_up(find_notes(believed_pitch(pitch), pitch.hop_s, SHORTEST_NOTE_S))


def sum_up(notes: Notes) -> SungNotes:
    """Sum notes up, whether heard or written."""
    if len(notes) == 0:
        return SungNotes(np.nan, np.nan, 0.0, 0.0, 0.0, 0.0, 0)
    held = notes.midi_pitch[notes.duration_s >= HELD_S]
    longest = int(notes.duration_s.argmax())
    first = _phrase_starts(notes)
    phrase_s = notes.end_s[np.append(first[1:], len(notes)) - 1] - notes.start_s[first]
    leaps = np.abs(np.diff(notes.midi_pitch))[notes.start_s[1:] - notes.end_s[:-1] <= TOUCHING_S]
    return SungNotes(
        highest_held_midi=float(held.max()) if len(held) else np.nan,
        longest_midi=float(notes.midi_pitch[longest]),
        longest_s=float(notes.duration_s[longest]),
        notes_per_s=float(len(notes) / phrase_s.sum()),
        phrase_s=float(np.quantile(phrase_s, _HARD_SHARE)),
        leap_semitones=float(np.quantile(leaps, _HARD_SHARE)) if len(leaps) else 0.0,
        note_count=len(notes),
    )


def _phrase_starts(notes: Notes) -> NDArray[np.intp]:
    """Places of the first note of every phrase."""
    pauses = notes.start_s[1:] - notes.end_s[:-1] >= PAUSE_S
    return np.append(0, np.flatnonzero(pauses) + 1)
