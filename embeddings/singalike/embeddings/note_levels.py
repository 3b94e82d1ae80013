"""The notes of a pitch track: stretches that stay on one level, found by dynamic programming.

A singer glides, drifts and vibrates, so notes are not stretches of equal pitch. They are the levels l_t that minimise

    sum over frames of min(|pitch_t - l_t|, 1) x hop + COST x number of changes of l

the Potts functional with a capped absolute error: following the half cycle of a vibrato or a scoop costs more than it
saves, following the next note of a melody does not.

Source:
    Storath, Weinmann and Demaret 2014, Jump-sparse and sparse recovery using Potts functionals, eq. 2,
    https://arxiv.org/abs/1304.4373.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pitches = NDArray[np.float64]

LEVEL_STEP = 0.5
"""Semitones from one level to the next."""

FARTHEST = 1.0
"""Semitones beyond which a frame is not farther from a level: on its way to the next note it belongs to neither."""

CHANGE_COST = 0.06
"""Semitones x seconds: a step of a semitone is followed from 60 ms on, one away and back again from 120 ms on."""

SAME_NOTE = 0.6
"""Semitones between neighbouring levels up to which they are one note that drifts."""

_GRAIN = 2.0**-20
"""Semitones that errors are counted in. Whole numbers add up exactly: frames as far from one level as from the next are
common, and rounding must not decide where the note changes."""

BRIDGED_S = 0.05
"""A gap up to this long does not end a note: the tracker lost it; consonants take longer."""


@dataclass(frozen=True, eq=False)
class Notes:
    """Notes in order of time.

    Attributes:
        start_s, end_s: float64 (notes,), in seconds.
        midi_pitch: float64 (notes,), the median over each.
    """

    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    midi_pitch: Pitches

    def __len__(self) -> int:
        return len(self.start_s)

    @property
    def duration_s(self) -> NDArray[np.float64]:
        """Length of each, float64 (notes,), in seconds."""
        return self.end_s - self.start_s


def find_notes(midi_pitch: Pitches, hop_s: float, shortest_s: float) -> Notes:
    """Find the notes of one voice.

    Args:
        midi_pitch: float64 (frames,), NaN where nothing is sung.
        hop_s: Seconds from one frame to the next.
        shortest_s: Shorter notes are left out: ornaments and the way from one note to the next.

    Returns:
        The notes; a note sung again without a gap is one note.
    """
    sung = np.flatnonzero(np.isfinite(midi_pitch))
    if len(sung) == 0:
        return Notes(np.zeros(0), np.zeros(0), np.zeros(0))
    heard = midi_pitch[sung]
    fresh = np.diff(sung, prepend=-1) > round(BRIDGED_S / hop_s) + 1
    fresh[0] = True
    levels = _levels(heard, fresh, hop_s)
    starts = np.flatnonzero(fresh | (np.diff(levels, prepend=levels[0]) != 0))
    starts = _without_drifts(heard, starts, fresh)
    first, behind = sung[starts], sung[np.append(starts[1:], len(heard)) - 1] + 1
    kept = (behind - first) * hop_s >= shortest_s
    return Notes(first[kept] * hop_s, behind[kept] * hop_s, _middles(heard, starts)[kept])


def _levels(heard: Pitches, fresh: NDArray[np.bool_], hop_s: float) -> NDArray[np.intp]:
    """Choose the level of every frame; where `fresh` is set a change is free.

    What lies between two free changes is a problem of its own, so all of them are solved side by side.
    """
    grid = np.arange(np.floor(heard.min()), np.ceil(heard.max()) + LEVEL_STEP, LEVEL_STEP)
    starts = np.flatnonzero(fresh)
    lengths = np.diff(np.append(starts, len(heard)))
    row, place = np.repeat(np.arange(len(starts)), lengths), np.arange(len(heard)) - np.repeat(starts, lengths)
    # Behind its end a stretch costs nothing at any level, so its last choice stays.
    error = np.zeros((int(lengths.max()), len(starts), len(grid)))
    error[place, row] = np.rint(np.minimum(np.abs(heard[:, None] - grid), FARTHEST) / _GRAIN)
    return np.asarray(_cheapest_levels(error, np.rint(CHANGE_COST / hop_s / _GRAIN))[place, row])


def _cheapest_levels(error: NDArray[np.float64], change: float) -> NDArray[np.intp]:
    """Find the levels (frames, stretches) of least error (frames, stretches, levels) plus `change` for each of them."""
    frames, stretches, _ = error.shape
    cheapest = np.zeros((frames, stretches), dtype=np.intp)
    jumps = np.zeros(error.shape, dtype=bool)
    total, every = error[0], np.arange(stretches)
    for frame in range(1, frames):
        cheapest[frame] = total.argmin(axis=1)
        jump = total[every, cheapest[frame]][:, None] + change
        np.greater(total, jump, out=jumps[frame])
        total = np.minimum(total, jump) + error[frame]
    levels = np.zeros((frames, stretches), dtype=np.intp)
    level = total.argmin(axis=1)
    for frame in range(frames - 1, -1, -1):
        levels[frame] = level
        level = np.where(jumps[frame, every, level], cheapest[frame], level)
    return levels


def _without_drifts(heard: Pitches, starts: NDArray[np.intp], fresh: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Leave out starts of what lies as high as the stretch before it."""
    moved = np.abs(np.diff(_middles(heard, starts), prepend=np.inf)) > SAME_NOTE
    return starts[fresh[starts] | moved]


def _middles(heard: Pitches, starts: NDArray[np.intp]) -> Pitches:
    """Median of what lies from each start to the next; numpy's own takes ten times as long on a few frames."""
    stretches = [np.sort(part) for part in np.split(heard, starts[1:])]
    return np.array([0.5 * (part[(len(part) - 1) // 2] + part[len(part) // 2]) for part in stretches])
