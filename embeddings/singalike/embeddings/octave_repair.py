"""Octave errors of a pitch track taken back, before anything about a range is measured.

A tracker that slips names twice or half the frequency for a moment, and then returns. What lies between two leaps or
pauses and lasts at most 0.6 s is taken for a slip when moving it by an octave makes both leaps next to nothing, when
it is a short tail an octave away from its phrase, or when it lies that far away from the melody of the seconds around
it. What lasts longer is believed.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from singalike.audio.pitch import PitchTrack, midi_to_hz

Notes = list[tuple[int, int]]

NOTE_LEAP = 1.5
"""Semitones from one frame to the next that begin another note."""

WIDE_LEAP = 7.0
"""Semitones from one frame to the next at which a slip may begin: an octave, less a step of the melody towards it."""

OCTAVE, TOLERANCE = 12.0, 1.5
LONGEST_SLIP_S = 0.6
LONGEST_TAIL_S = 0.25
"""A slip that begins or ends at a pause returns on one side only, so it must be shorter: creaky ends of phrases."""

_LEFT_SHARE = 1.0 / 3.0
"""Share of the leaps that may be left after moving: sixths, up and back again, are believed."""

_TOUCHING_S = 0.08
"""A gap up to this long joins two notes."""

_AWAY = 9.0
"""Semitones from the melody around it that make a short note a slip: few melodies leap so far so briefly."""

_NEIGHBOURHOOD_S = 3.0


def repair_octaves(pitch: PitchTrack) -> PitchTrack:
    """Move what is short and an octave off back to the melody around it.

    Args:
        pitch: Pitch track of one voice, any hop.

    Returns:
        The track with the same voicing; every frame is where it was or a whole number of octaves from there.
    """
    if not np.isfinite(pitch.f0_hz).any():
        return pitch
    midi_pitch = pitch.midi_pitch
    notes = note_bounds(midi_pitch, WIDE_LEAP)
    around = _melody_around(midi_pitch, pitch.hop_s)
    for place, (first, last) in enumerate(notes):
        octaves = _octaves_off(midi_pitch, notes, place, float(around[(first + last) // 2]), pitch.hop_s)
        midi_pitch[first:last] -= OCTAVE * octaves
    return PitchTrack(midi_to_hz(midi_pitch).astype(np.float32), pitch.voicing, pitch.hop_s)


def note_bounds(midi_pitch: NDArray[np.float64], leap: float = NOTE_LEAP) -> Notes:
    """Find stretches without a pause or a leap of so many semitones, as (first, one past the last)."""
    if len(midi_pitch) == 0:
        return []
    voiced = np.isfinite(midi_pitch)
    change = np.abs(np.diff(midi_pitch, prepend=np.nan)) > leap
    starts = voiced & (change | ~np.roll(voiced, 1))
    starts[0] = voiced[0]
    begins = np.flatnonzero(starts)
    ends = np.flatnonzero(voiced & np.append(~voiced[1:] | starts[1:], True)) + 1
    return list(zip(begins.tolist(), ends.tolist(), strict=True))


def _octaves_off(midi_pitch: NDArray[np.float64], notes: Notes, place: int, around: float, hop_s: float) -> float:
    """Say by how many octaves a note is off: -1, 0 or 1."""
    first, last = notes[place]
    length_s = (last - first) * hop_s
    if length_s > LONGEST_SLIP_S:
        return 0.0
    away = float(np.median(midi_pitch[first:last])) - around
    if abs(away) >= _AWAY:
        return float(np.sign(away))
    jumps = np.array(_jumps(midi_pitch, notes, place, hop_s))
    if len(jumps) == 0 or len(set(np.sign(jumps))) > 1:
        return 0.0
    sign = float(np.sign(jumps[0]))
    left = np.abs(jumps - sign * OCTAVE)
    if len(jumps) == 2:
        return sign if left.sum() < _LEFT_SHARE * np.abs(jumps).sum() else 0.0
    return sign if length_s <= LONGEST_TAIL_S and left[0] <= TOLERANCE else 0.0


def _jumps(midi_pitch: NDArray[np.float64], notes: Notes, place: int, hop_s: float) -> list[float]:
    """How far a note lies above the end of the one before and the start of the one behind, where they touch it."""
    first, last = notes[place]
    touching = round(_TOUCHING_S / hop_s)
    jumps = []
    if place > 0 and first - notes[place - 1][1] <= touching:
        jumps.append(float(midi_pitch[first] - midi_pitch[notes[place - 1][1] - 1]))
    if place + 1 < len(notes) and notes[place + 1][0] - last <= touching:
        jumps.append(float(midi_pitch[last - 1] - midi_pitch[notes[place + 1][0]]))
    return jumps


def _melody_around(midi_pitch: NDArray[np.float64], hop_s: float) -> NDArray[np.float64]:
    """Median of the singing nearest to each sung frame, pauses left out, NaN elsewhere."""
    around = np.full_like(midi_pitch, np.nan)
    sung = np.isfinite(midi_pitch)
    size = 2 * round(_NEIGHBOURHOOD_S / hop_s / 2) + 1
    around[sung] = median_filter(midi_pitch[sung], size=size, mode="reflect")
    return around
