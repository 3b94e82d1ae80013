"""The key to sing a track in: how far to shift it so that most of it lies where the voice is at home."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.recsys.song_demands import Pitches, Rows, SingingVoice, SongDemands, song_demands

MAX_SHIFT = 12
SHIFTS = np.arange(-MAX_SHIFT, MAX_SHIFT + 1)

TIE = 0.03
"""Shares closer than this are equal; the smaller shift wins then. Another recording of the person has as much of a song
inside its tessitura as with the very best shift (benchmarks/key_fit.py), and songs stay nearer to their own key."""

FULL_SHIFT_COST = 0.25
"""Part of the gain that a shift by an octave costs: a song in its own key is the song people know."""

SAME_REGION = 2
"""Semitones between keys that are the same answer: a tessitura is not known better than by a whole tone."""

EASY, COMFORTABLE, STRETCH = "easy", "comfortable", "stretch"
MODES = (EASY, COMFORTABLE, STRETCH)
"""Where in a voice songs are put."""

_SMALLEST_FIRST = np.lexsort((SHIFTS, np.abs(SHIFTS)))


@dataclass(frozen=True, eq=False)
class KeyFit:
    """The best shift of each track.

    Attributes:
        shift: int64 (tracks,), semitones, positive is higher; 0 where unknown.
        before, after: float64 (tracks,), share of the sung time inside the tessitura, unshifted and shifted; NaN where
            unknown.
        placed_before, placed_after: The same inside the zones that the mode puts songs into, the mean over them.
        confidence: float64 (tracks,), in [0, 1]: 0 where another key fits as well; NaN where unknown or nothing was
            chosen.
    """

    shift: NDArray[np.int64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    placed_before: NDArray[np.float64]
    placed_after: NDArray[np.float64]
    confidence: NDArray[np.float64]

    @property
    def gain(self) -> NDArray[np.float64]:
        """What the key adds: (placed_after - placed_before) x (1 - .25 |shift| / 12), float64 (tracks,), in [0, 1]."""
        kept = 1.0 - FULL_SHIFT_COST * np.abs(self.shift) / MAX_SHIFT
        return np.asarray(np.maximum(self.placed_after - self.placed_before, 0.0) * kept)


def zones_of(voice: SingingVoice, mode: str) -> tuple[Pitches, ...]:
    """Return where a mode puts songs: as much as it can into each of these zones, which count alike.

    Args:
        voice: Who sings.
        mode: COMFORTABLE, the tessitura; STRETCH, from the lowest to the highest note; EASY, the middle half of the
            tessitura, the tessitura and all of the range: the nearer to the middle the better, and nothing beyond.

    Returns:
        Lowest and highest MIDI pitch of each zone; NaN when not known.
    """
    if mode == STRETCH:
        return (voice.range_midi,)
    if mode == COMFORTABLE:
        return (voice.tessitura_midi,)
    low, high = voice.tessitura_midi
    quarter = (high - low) / 4.0
    return ((low + quarter, high - quarter), voice.tessitura_midi, voice.range_midi)


def choose_keys(
    demands: SongDemands,
    voice: SingingVoice,
    mode: str = COMFORTABLE,
    *,
    rows: Rows | None = None,
    original_key: bool = False,
) -> KeyFit:
    """Choose the shift of each track that puts most of its sung time where the mode wants it.

    The confidence is (share inside after the shift - the most that any shift more than `SAME_REGION` semitones away
    puts inside) / share inside after the shift, not below 0.

    Args:
        demands: What the tracks ask.
        voice: Who sings.
        mode: One of `MODES`.
        rows: intp (rows,), which tracks; None: all.
        original_key: Shift nothing.

    Returns:
        Best shifts of the rows; ties go to the smaller shift, then to the lower key.
    """
    chosen = np.arange(len(demands)) if rows is None else rows
    zones = [zone for zone in zones_of(voice, mode) if np.isfinite(zone).all()]
    shift, confidence = np.zeros(len(chosen), dtype=np.int64), np.full(len(chosen), np.nan)
    if zones and not original_key:
        shares = _mean([demands.shares_inside(zone, SHIFTS, rows) for zone in zones])
        known = demands.known[chosen]
        best = _best_shifts(shares)
        shift = np.where(known, SHIFTS[best], 0)
        confidence = np.where(known, _confidence(shares, best), np.nan)
    unmoved = np.zeros_like(shift)

    def placed(by: NDArray[np.int64]) -> NDArray[np.float64]:
        inside = [demands.share_inside(zone, by, chosen) for zone in zones]
        return _mean(inside) if zones else np.full(len(chosen), np.nan)

    return KeyFit(
        shift,
        before=demands.share_inside(voice.tessitura_midi, unmoved, chosen),
        after=demands.share_inside(voice.tessitura_midi, shift, chosen),
        placed_before=placed(unmoved),
        placed_after=placed(shift),
        confidence=confidence,
    )


def _mean(tables: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    return tables[0] if len(tables) == 1 else np.asarray(np.mean(tables, axis=0))


def _best_shifts(shares: NDArray[np.float64]) -> NDArray[np.intp]:
    """Places in `SHIFTS` of the best shifts; shares has shape (shifts, tracks)."""
    ranked = shares[_SMALLEST_FIRST]
    return np.asarray(_SMALLEST_FIRST[(ranked >= ranked.max(axis=0) - TIE).argmax(axis=0)])


def _confidence(shares: NDArray[np.float64], best: NDArray[np.intp]) -> NDArray[np.float64]:
    """How much less time any key of another region puts inside, as a part of what the best one does."""
    tracks = np.arange(shares.shape[1])
    gained = shares[best, tracks]
    # Row s holds the most that any shift below place s, or from place s on, puts inside.
    nothing = np.zeros((1, len(tracks)))
    below = np.concatenate([nothing, np.maximum.accumulate(shares, axis=0)])
    above = np.concatenate([np.maximum.accumulate(shares[::-1], axis=0)[::-1], nothing])
    lower = below[np.maximum(best - SAME_REGION, 0), tracks]
    higher = above[np.minimum(best + SAME_REGION + 1, len(shares)), tracks]
    rival = np.maximum(lower, higher)
    return np.asarray(np.clip((gained - rival) / np.where(gained > 0, gained, 1.0), 0.0, 1.0))


def shares_by_shift(seconds_per_semitone: NDArray[np.floating], tessitura_midi: Pitches) -> NDArray[np.float64]:
    """Compute the share of sung time inside a tessitura for histograms of shape (tracks, 128).

    Returns:
        float64 (tracks, 25), one column for each of `SHIFTS`, in [0, 1]; 0 for a track without voiced sound.
    """
    demands = song_demands(seconds_per_semitone, [None] * len(seconds_per_semitone))
    return demands.shares_inside(tessitura_midi, SHIFTS).T
