"""Where a voice sings: range, tessitura and a pitch histogram, from the notes of a pitch track.

A pitch track errs in two ways that a range must not believe: an octave too high or low for a moment, and a pitch named
in noise. So frames are grouped into notes, short notes about an octave away from the melody around them are folded
back, and only notes that are long enough and confidently voiced count.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.profile import MIDI_PITCHES, VocalRange

CONFIDENT_VOICING = 0.8
"""Frames below this probability of being voiced tell nothing about a range."""

SHORTEST_NOTE_S = 0.1
"""A real note lasts longer; a slip of the tracker does not."""

_LEAP = 1.5
"""Semitones from one frame to the next that begin another note."""

_OCTAVE_SLIP = 9.0
"""Semitones from the melody around it that make a short note an octave error: few melodies leap so far so briefly."""

_LONGEST_SLIP_S = 0.6
_NEIGHBOURHOOD_S = 3.0
_EXTREME_SHARE = 0.01
"""Share of the sung time left out at either end: less than this is a slip, or a shout."""


def measure_range(pitch: PitchTrack) -> VocalRange:
    """Measure where a voice sings.

    Args:
        pitch: Pitch track of one voice, any hop.

    Returns:
        Lowest and highest note, 10th and 90th percentile of the sung time, its length and its histogram; the pitches
        are NaN and the times zero where nothing was sung confidently.
    """
    midi_pitch = _sung_notes(pitch)
    sung = midi_pitch[np.isfinite(midi_pitch)]
    histogram = np.bincount(np.clip(np.round(sung), 0, MIDI_PITCHES - 1).astype(np.int64), minlength=MIDI_PITCHES)
    if len(sung) == 0:
        return VocalRange(np.nan, np.nan, (np.nan, np.nan), 0.0, histogram.astype(np.float32))
    shares = (_EXTREME_SHARE, 0.1, 0.9, 1.0 - _EXTREME_SHARE)
    lowest, tenth, ninetieth, highest = (float(value) for value in np.quantile(sung, shares))
    seconds = (histogram * pitch.hop_s).astype(np.float32)
    return VocalRange(lowest, highest, (tenth, ninetieth), float(len(sung) * pitch.hop_s), seconds)


def _sung_notes(pitch: PitchTrack) -> NDArray[np.float64]:
    """MIDI pitch of the frames that belong to a believable note, octaves repaired, NaN elsewhere."""
    midi_pitch = np.where(pitch.voicing >= CONFIDENT_VOICING, pitch.midi_pitch, np.nan)
    shortest = max(round(SHORTEST_NOTE_S / pitch.hop_s), 1)
    notes = [(first, last) for first, last in _note_bounds(midi_pitch) if last - first >= shortest]
    believed = np.full_like(midi_pitch, np.nan)
    for first, last in notes:
        believed[first:last] = midi_pitch[first:last]
    around = _melody_around(believed, pitch.hop_s)
    for first, last in notes:
        away = float(np.median(believed[first:last]) - around[(first + last) // 2])
        if abs(away) >= _OCTAVE_SLIP and (last - first) * pitch.hop_s <= _LONGEST_SLIP_S:
            believed[first:last] -= np.sign(away) * 12.0
    return believed


def _note_bounds(midi_pitch: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Find stretches without a pause or a leap, as (first, one past the last)."""
    if len(midi_pitch) == 0:
        return []
    voiced = np.isfinite(midi_pitch)
    change = np.abs(np.diff(midi_pitch, prepend=np.nan)) > _LEAP
    starts = voiced & (change | ~np.roll(voiced, 1))
    starts[0] = voiced[0]
    begins = np.flatnonzero(starts)
    ends = np.flatnonzero(voiced & np.append(~voiced[1:] | starts[1:], True)) + 1
    return list(zip(begins.tolist(), ends.tolist(), strict=True))


def _melody_around(midi_pitch: NDArray[np.float64], hop_s: float) -> NDArray[np.float64]:
    """Median of the singing nearest to each sung frame, pauses left out, NaN elsewhere."""
    around = np.full_like(midi_pitch, np.nan)
    sung = np.isfinite(midi_pitch)
    if sung.any():
        size = 2 * round(_NEIGHBOURHOOD_S / hop_s / 2) + 1
        around[sung] = median_filter(midi_pitch[sung], size=size, mode="nearest")
    return around
