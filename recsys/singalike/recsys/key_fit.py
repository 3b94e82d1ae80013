"""The key to sing a track in: how far to shift it so that most of it lies where the voice is at home."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_SHIFT = 12
SHIFTS = np.arange(-MAX_SHIFT, MAX_SHIFT + 1)

TIE = 1e-6
"""Shares closer than this are equal; the smaller shift wins then."""

FULL_SHIFT_COST = 0.25
"""Part of the fit that a shift by an octave costs: a song in its own key is the song people know."""


@dataclass(frozen=True, eq=False)
class KeyFit:
    """The best shift of each track.

    Attributes:
        shift: int64 (tracks,), semitones, positive is higher; 0 where unknown.
        before, after: float64 (tracks,), share of the sung time inside the tessitura, unshifted and shifted; NaN where
            unknown.
    """

    shift: NDArray[np.int64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]

    @property
    def signal(self) -> NDArray[np.float64]:
        """The key_fit signal: after x (1 - .25 |shift| / 12), float64 (tracks,), NaN where unknown."""
        return np.asarray(self.after * (1.0 - FULL_SHIFT_COST * np.abs(self.shift) / MAX_SHIFT))


def shares_by_shift(
    seconds_per_semitone: NDArray[np.floating], tessitura_midi: tuple[float, float]
) -> NDArray[np.float64]:
    """Compute the share of each track's sung time inside a tessitura, for every shift.

    A semitone counts as inside when its centre lies within half a semitone of the tessitura.

    Args:
        seconds_per_semitone: Shape (tracks, 128), voiced seconds around each MIDI pitch.
        tessitura_midi: Lowest and highest MIDI pitch of the person's tessitura, finite.

    Returns:
        float64 (tracks, 25), one column for each of `SHIFTS`, in [0, 1]; 0 for a track without voiced sound.
    """
    semitones = seconds_per_semitone.shape[1]
    filled = np.zeros((len(seconds_per_semitone), semitones + 1))
    np.cumsum(seconds_per_semitone, axis=1, out=filled[:, 1:])
    lowest, highest = np.ceil(tessitura_midi[0] - 0.5), np.floor(tessitura_midi[1] + 0.5)
    first = np.clip(lowest - SHIFTS, 0, semitones).astype(int)
    beyond = np.clip(highest - SHIFTS + 1, 0, semitones).astype(int)
    inside = filled[:, beyond] - filled[:, first]
    total = filled[:, -1:]
    return np.asarray(np.clip(inside / np.where(total > 0, total, 1.0), 0.0, 1.0))


def fit_keys(
    seconds_per_semitone: NDArray[np.floating],
    range_known: NDArray[np.bool_],
    tessitura_midi: tuple[float, float],
) -> KeyFit:
    """Choose the shift of each track that puts most of its sung time inside a tessitura.

    Args:
        seconds_per_semitone: Shape (tracks, 128), voiced seconds around each MIDI pitch.
        range_known: bool (tracks,), whether enough was sung for the histogram to mean something.
        tessitura_midi: The person's tessitura; NaN when unknown.

    Returns:
        Best shifts; ties go to the smaller shift, then to the lower key.
    """
    count = len(seconds_per_semitone)
    if not np.isfinite(tessitura_midi).all():
        return KeyFit(np.zeros(count, dtype=np.int64), np.full(count, np.nan), np.full(count, np.nan))
    shares = shares_by_shift(seconds_per_semitone, tessitura_midi)
    smallest_first = np.lexsort((SHIFTS, np.abs(SHIFTS)))
    ranked = shares[:, smallest_first]
    best = (ranked >= ranked.max(axis=1, keepdims=True) - TIE).argmax(axis=1)
    return KeyFit(
        np.where(range_known, SHIFTS[smallest_first[best]], 0),
        np.where(range_known, shares[:, MAX_SHIFT], np.nan),
        np.where(range_known, ranked[np.arange(count), best], np.nan),
    )
