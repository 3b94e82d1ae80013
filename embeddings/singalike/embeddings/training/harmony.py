"""Guess the chords of a score, so that more instruments can play along.

Source:
    Fujishima 1999, Realtime chord recognition of musical sound, ICMC: pitch-class profiles against chord templates.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.training.scores import Part, Score

_TRIADS = {"major": (0, 4, 7), "minor": (0, 3, 7)}
_BASS_WEIGHT = 1.5
_HELD_OVER = 0.25
"""Weight of the chord before, as notes of it may still sound."""


@dataclass(frozen=True)
class ChordSpan:
    """A chord and how long it lasts.

    Attributes:
        start: Beat at which it begins.
        beats: Length.
        root: Pitch class, 0 for C.
        pitch_classes: Root, third and fifth.
    """

    start: float
    beats: float
    root: int
    pitch_classes: tuple[int, ...]


def guess_chords(score: Score, step_beats: float = 2.0) -> tuple[ChordSpan, ...]:
    """Name the triad that fits best what sounds in each stretch of a score.

    Args:
        score: The song.
        step_beats: Length of a stretch.

    Returns:
        One chord a stretch, from beat zero to the end.
    """
    spans: list[ChordSpan] = []
    profile = np.zeros(12)
    for step in range(int(np.ceil(score.beats / step_beats))):
        start = step * step_beats
        profile = _HELD_OVER * profile + _profile(score.parts, start, start + step_beats)
        root, quality = _best_triad(profile)
        pitch_classes = tuple((root + third) % 12 for third in _TRIADS[quality])
        spans.append(ChordSpan(start, step_beats, root, pitch_classes))
    return tuple(spans)


def _profile(parts: tuple[Part, ...], start: float, end: float) -> NDArray[np.float64]:
    """Sounding time of each pitch class, more for the lowest note, (12,)."""
    notes = np.concatenate([part.notes for part in parts])
    overlap = np.minimum(notes[:, 0] + notes[:, 1], end) - np.maximum(notes[:, 0], start)
    notes, overlap = notes[overlap > 0.0], overlap[overlap > 0.0]
    if len(notes) == 0:
        return np.zeros(12)
    weight = overlap * np.where(notes[:, 2] == notes[:, 2].min(), 1.0 + _BASS_WEIGHT, 1.0)
    return np.asarray(np.bincount(notes[:, 2].astype(np.int64) % 12, weight, minlength=12), dtype=np.float64)


def _best_triad(profile: NDArray[np.float64]) -> tuple[int, str]:
    def fit(root: int, quality: str) -> float:
        inside = [(root + third) % 12 for third in _TRIADS[quality]]
        return float(profile[inside].sum() + 0.5 * profile[root])

    return max(((root, quality) for root in range(12) for quality in _TRIADS), key=lambda chord: fit(*chord))
