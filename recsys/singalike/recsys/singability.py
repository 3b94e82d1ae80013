"""How hard a song is for a voice: how high and low, how fast, in what breaths and by what leaps.

Each part falls in a straight line from 1, which asks nothing, to 0. The ends are

- tempo: 1.35 and 3.3 notes a second, leaps: 3 and 9 semitones. Nine of ten written pop melodies ask more than the
  first and one of a hundred more than the second; half of them come to about two thirds, the hardest tenth to a third
  and less (POP909, `python -m benchmarks.song_demands DATA`).
- phrases: 7 and 21 s. Women over sixty hold a vowel for 21 s on one breath, men and younger people longer: a third of
  that is no effort, all of it is the end.

Somebody who sang faster, longer or wider than the first end has shown that they can: both ends move up by as much.

Source:
    Maslan, Leng, Rees, Blalock and Butler 2011, Maximum phonation time in healthy older adults,
    https://doi.org/10.1016/j.jvoice.2010.10.002, for the 21 s.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from singalike.recsys.key_fit import COMFORTABLE, EASY, STRETCH
from singalike.recsys.song_demands import Floats, Rows, SingingVoice, SongDemands
from singalike.recsys.suggestions import HeldNote, Singability

NOTES_PER_S = (1.35, 3.3)
PHRASE_S = (7.0, 21.0)
LEAP_SEMITONES = (3.0, 9.0)

EASY_FROM, COMFORTABLE_FROM = 2.0 / 3.0, 1.0 / 3.0
"""Least part from which a song is easy, and comfortable: as half, and as nine tenths of pop melodies."""

EASY_IN_RANGE, COMFORTABLE_IN_RANGE = 0.98, 0.9
"""Share of the sung time inside the range from which it is easy, and comfortable: one note of a song spoils it."""

EASY_IN_TESSITURA, COMFORTABLE_IN_TESSITURA = 0.8, 0.5
"""The same inside the tessitura, which holds .8 of the person's own singing."""


@dataclass(frozen=True, eq=False)
class SingabilityTable:
    """How hard tracks are for one voice.

    Attributes:
        range, tempo, phrases, leaps: float64 (tracks,), in [0, 1], 1 is easy; NaN where not known.
        tessitura: float64 (tracks,), share of the sung time inside the person's tessitura; NaN where not known.
    """

    range: Floats
    tempo: Floats
    phrases: Floats
    leaps: Floats
    tessitura: Floats

    @cached_property
    def overall(self) -> Floats:
        """The least of the known parts, float64 (tracks,); NaN where none is known."""
        return np.asarray(np.fmin(self.range, self.least_demand))

    @cached_property
    def ease(self) -> NDArray[np.str_]:
        """What each track is called, "easy", "comfortable" or "stretch"; "" where no share inside a range is known.

        Easy to hurry through says nothing of whether it can be reached: a song without a known range has no name.
        """
        parts = (self.least_demand, self.range, self.tessitura)
        demand, inside, at_home = (np.nan_to_num(part, nan=1.0) for part in parts)
        easy = (demand >= EASY_FROM) & (inside >= EASY_IN_RANGE) & (at_home >= EASY_IN_TESSITURA)
        comfortable = (
            (demand >= COMFORTABLE_FROM) & (inside >= COMFORTABLE_IN_RANGE) & (at_home >= COMFORTABLE_IN_TESSITURA)
        )
        called = np.where(easy, EASY, np.where(comfortable, COMFORTABLE, STRETCH))
        return np.where(np.isnan(self.range), "", called)

    def of(self, place: int) -> Singability | None:
        """Return one track's, None where nothing is known."""
        if np.isnan(self.overall[place]):
            return None
        return Singability(
            overall=float(self.overall[place]),
            range=_known(self.range[place]),
            tempo=_known(self.tempo[place]),
            phrases=_known(self.phrases[place]),
            leaps=_known(self.leaps[place]),
            ease=str(self.ease[place]),
        )

    @cached_property
    def least_demand(self) -> Floats:
        """The least of tempo, phrases and leaps, float64 (tracks,); NaN where none is known."""
        return np.asarray(np.fmin(np.fmin(self.tempo, self.phrases), self.leaps))


def undemanding(demands: SongDemands, voice: SingingVoice) -> Floats:
    """Return the least of tempo, phrases and leaps of all tracks, float64 (tracks,), in [0, 1]; 1 where not known."""
    rows = np.arange(len(demands))
    table = singability(demands, voice, np.zeros(len(demands), dtype=np.int64), rows)
    return np.nan_to_num(table.least_demand, nan=1.0)


def singability(demands: SongDemands, voice: SingingVoice, shift: NDArray[np.int64], rows: Rows) -> SingabilityTable:
    """Judge how hard tracks are for a voice.

    Args:
        demands: What the tracks ask.
        voice: Who sings.
        shift: int64 (rows,), by how many semitones each is moved.
        rows: intp (rows,), which tracks.
    """
    shown = voice.notes
    return SingabilityTable(
        demands.share_inside(voice.range_midi, shift, rows),
        _part(demands.notes_per_s[rows], NOTES_PER_S, shown.notes_per_s if shown else 0.0),
        _part(demands.phrase_s[rows], PHRASE_S, shown.phrase_s if shown else 0.0),
        _part(demands.leap_semitones[rows], LEAP_SEMITONES, shown.leap_semitones if shown else 0.0),
        demands.share_inside(voice.tessitura_midi, shift, rows),
    )


def held_notes(demands: SongDemands, row: int, shift: int) -> tuple[float | None, HeldNote | None]:
    """Return the highest held note of a track in MIDI pitch and its longest note, both after a shift."""
    highest = _known(demands.highest_held_midi[row] + shift)
    pitch = _known(demands.longest_midi[row] + shift)
    return highest, None if pitch is None else HeldNote(pitch, float(demands.longest_s[row]))


def _part(asked: Floats, ends: tuple[float, float], shown: float) -> Floats:
    """Fall from 1 at the first end to 0 at the second; what was shown moves both up."""
    first = max(ends[0], shown)
    return np.asarray(np.clip(1.0 - (asked - first) / (ends[1] - ends[0]), 0.0, 1.0))


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
