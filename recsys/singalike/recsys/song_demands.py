"""What every track of a catalogue asks of a voice, as arrays: where its time is sung, and how."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import MIDI_PITCHES, SUFFICIENT_VOICED_S, SungNotes, VoiceProfile

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Pitches = tuple[float, float]
"""Lowest and highest MIDI pitch; NaN when not known."""

UNKNOWN_PITCHES: Pitches = (np.nan, np.nan)

FEWEST_NOTES = 10
"""Figures of fewer notes say nothing of a song: a percentile of three leaps is one of them."""


@dataclass(frozen=True)
class SingingVoice:
    """What is known of how a person sings.

    Attributes:
        tessitura_midi: 10th and 90th percentile of the sung pitch.
        range_midi: Lowest and highest note.
        notes: How fast, in what breaths and leaps they sang; None when not measured.
    """

    tessitura_midi: Pitches = UNKNOWN_PITCHES
    range_midi: Pitches = UNKNOWN_PITCHES
    notes: SungNotes | None = None


def singing_voice(profile: VoiceProfile) -> SingingVoice:
    """Take from a profile how a person sings; what too little was sung for stays unknown."""
    sung, notes = profile.vocal_range, profile.sung_notes
    known_notes = notes if notes is not None and notes.note_count >= FEWEST_NOTES else None
    if not sung.sufficient:
        return SingingVoice(notes=known_notes)
    return SingingVoice(sung.tessitura_midi, (sung.lowest_midi, sung.highest_midi), known_notes)


@dataclass(frozen=True, eq=False)
class SongDemands:
    """What tracks ask of a voice; rows as in the view.

    Attributes:
        share_below: float32 (129, tracks), share of the sung time below MIDI pitch i - 1/2.
        known: bool (tracks,), whether enough was sung for that to mean something.
        highest_held_midi, longest_midi, longest_s: float64 (tracks,), NaN where not known.
        notes_per_s, phrase_s, leap_semitones: float64 (tracks,), NaN where not known or too few notes.
    """

    share_below: NDArray[np.float32]
    known: NDArray[np.bool_]
    highest_held_midi: Floats
    longest_midi: Floats
    longest_s: Floats
    notes_per_s: Floats
    phrase_s: Floats
    leap_semitones: Floats

    def __len__(self) -> int:
        return len(self.known)

    def shares_inside(self, pitches: Pitches, shifts: NDArray[np.int64], rows: Rows | None = None) -> Floats:
        """Compute the share of tracks' sung time inside an interval after each of some shifts.

        A semitone counts as inside when its centre lies within half a semitone of the interval.

        Args:
            pitches: Lowest and highest MIDI pitch, finite.
            shifts: int64 (shifts,), in semitones.
            rows: intp (rows,), which tracks; None: all.

        Returns:
            float64 (shifts, rows), in [0, 1]; 0 for a track without voiced sound.
        """
        first, beyond = _edges(pitches, shifts)
        below = self.share_below if rows is None else self.share_below[:, rows]
        return np.asarray(np.maximum(below[beyond] - below[first], 0.0), dtype=np.float64)

    def share_inside(self, pitches: Pitches, shift: NDArray[np.int64], rows: Rows) -> Floats:
        """Compute the same with a shift of its own for each track.

        Args:
            pitches: Lowest and highest MIDI pitch; NaN: not known.
            shift: int64 (rows,), in semitones.
            rows: intp (rows,), which tracks.

        Returns:
            float64 (rows,), in [0, 1], NaN where either is not known.
        """
        if not np.isfinite(pitches).all():
            return np.full(len(rows), np.nan)
        first, beyond = _edges(pitches, shift)
        inside = np.maximum(self.share_below[beyond, rows] - self.share_below[first, rows], 0.0)
        return np.where(self.known[rows], inside.astype(np.float64), np.nan)


def song_demands(seconds_per_semitone: NDArray[np.floating], notes: Sequence[SungNotes | None]) -> SongDemands:
    """Arrange what tracks ask.

    Args:
        seconds_per_semitone: Shape (tracks, 128), voiced seconds around each MIDI pitch.
        notes: Of each track; None where not measured.
    """
    total = seconds_per_semitone.sum(axis=1)
    share_below = np.zeros((MIDI_PITCHES + 1, len(total)), dtype=np.float32)
    share_below[1:] = np.cumsum(seconds_per_semitone.T, axis=0, dtype=np.float64) / np.where(total > 0, total, 1.0)
    nothing = SungNotes(np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, note_count=0)
    told = [note or nothing for note in notes]
    enough = np.array([note.note_count >= FEWEST_NOTES for note in told], dtype=bool)

    def figure(name: str) -> Floats:
        return np.array([getattr(note, name) for note in told], dtype=np.float64)

    return SongDemands(
        share_below,
        total >= SUFFICIENT_VOICED_S,
        *(figure(name) for name in ("highest_held_midi", "longest_midi", "longest_s")),
        *(np.where(enough, figure(name), np.nan) for name in ("notes_per_s", "phrase_s", "leap_semitones")),
    )


def _edges(pitches: Pitches, shifts: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First semitone inside and first one beyond, as recorded, for notes that are moved by the shifts."""
    lowest, highest = np.ceil(pitches[0] - 0.5), np.floor(pitches[1] + 0.5)
    first = np.clip(lowest - shifts, 0, MIDI_PITCHES).astype(np.intp)
    beyond = np.clip(highest - shifts + 1, 0, MIDI_PITCHES).astype(np.intp)
    return first, beyond
