"""What the encoder knows about a voice, as values without behaviour that needs torch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.audio.quality import QualityReport

Vectors = NDArray[np.float32]

MIDI_PITCHES = 128
"""Semitones of a pitch histogram: index i holds the time sung within half a semitone of MIDI pitch i."""

SUFFICIENT_VOICED_S = 5.0
"""Below this much voiced singing a range is a guess, and signals built on it are left out."""


@dataclass(frozen=True, eq=False)
class VocalRange:
    """Where a voice sings.

    Attributes:
        lowest_midi: Lowest voiced note, in MIDI pitch (fractions allowed), NaN without voiced sound.
        highest_midi: Highest voiced note.
        tessitura_midi: 10th and 90th percentile of the voiced pitch.
        voiced_s: Seconds of confidently voiced sound behind the figures.
        seconds_per_semitone: float32 (128,), voiced seconds around each MIDI pitch.
    """

    lowest_midi: float
    highest_midi: float
    tessitura_midi: tuple[float, float]
    voiced_s: float
    seconds_per_semitone: Vectors

    @property
    def sufficient(self) -> bool:
        """Whether enough was sung to rely on the range."""
        return self.voiced_s >= SUFFICIENT_VOICED_S


@dataclass(frozen=True, eq=False)
class Segments:
    """Fixed-length cuts of one recording, each embedded on its own.

    Attributes:
        start_s: float64 (segments,), where each begins in the recording, in seconds.
        end_s: float64 (segments,), where each ends.
        timbre: float32 (segments, timbre_dim), unit rows.
        style: float32 (segments, style_dim), unit rows.
        melody: float32 (segments, melody_dim), unit rows or zero rows where too little was sung.
    """

    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    timbre: Vectors
    style: Vectors
    melody: Vectors

    def __len__(self) -> int:
        return len(self.start_s)


@dataclass(frozen=True, eq=False)
class VoiceProfile:
    """Everything that the encoder says about one recording of one voice.

    Attributes:
        timbre: float32 (timbre_dim,), unit: vocal-tract colour of the whole recording.
        style: float32 (style_dim,), unit: way of singing.
        melody: float32 (melody_dim,), unit, or zero where too little was sung.
        segments: The same for the segments, for matching moments.
        female_probability: Calibrated probability in [0, 1] that the recording sounds female.
        vocal_range: Range, tessitura and pitch histogram.
        quality: What the recording is good for.
        model_version: Version of the ear that made the vectors; vectors of two versions never mix.
    """

    timbre: Vectors
    style: Vectors
    melody: Vectors
    segments: Segments
    female_probability: float
    vocal_range: VocalRange
    quality: QualityReport
    model_version: str
