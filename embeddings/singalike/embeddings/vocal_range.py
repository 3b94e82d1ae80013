"""Where a voice sings: range, tessitura and a pitch histogram, from the notes of a pitch track.

A pitch track errs in two ways that a range must not believe: an octave too high or low for a moment, and a pitch named
in noise. So octaves are repaired first, frames are grouped into notes, and only notes that are long enough and
confidently voiced count.
"""

import numpy as np
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.octave_repair import note_bounds, repair_octaves
from singalike.embeddings.profile import MIDI_PITCHES, VocalRange

CONFIDENT_VOICING = 0.8
"""Frames below this probability of being voiced tell nothing about a range."""

SHORTEST_NOTE_S = 0.1
"""A real note lasts longer; a slip of the tracker does not."""

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
    midi_pitch = believed_pitch(pitch)
    sung = midi_pitch[np.isfinite(midi_pitch)]
    histogram = np.bincount(np.clip(np.round(sung), 0, MIDI_PITCHES - 1).astype(np.int64), minlength=MIDI_PITCHES)
    if len(sung) == 0:
        return VocalRange(np.nan, np.nan, (np.nan, np.nan), 0.0, histogram.astype(np.float32))
    shares = (_EXTREME_SHARE, 0.1, 0.9, 1.0 - _EXTREME_SHARE)
    lowest, tenth, ninetieth, highest = (float(value) for value in np.quantile(sung, shares))
    seconds = (histogram * pitch.hop_s).astype(np.float32)
    return VocalRange(lowest, highest, (tenth, ninetieth), float(len(sung) * pitch.hop_s), seconds)


def believed_pitch(pitch: PitchTrack) -> NDArray[np.float64]:
    """Return the MIDI pitch (frames,) where it belongs to a believable note, octaves repaired, NaN elsewhere."""
    # Unsure frames take no part in the repair either: in noise a tracker names any octave.
    sure = pitch.voicing >= CONFIDENT_VOICING
    repaired = repair_octaves(PitchTrack(np.where(sure, pitch.f0_hz, np.nan), pitch.voicing, pitch.hop_s)).midi_pitch
    shortest = max(round(SHORTEST_NOTE_S / pitch.hop_s), 1)
    believed = np.full_like(repaired, np.nan)
    for first, last in note_bounds(repaired):
        if last - first >= shortest:
            believed[first:last] = repaired[first:last]
    return believed
