"""What the encoder knows about a voice, as values without behaviour that needs torch."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from singalike.audio.quality import QualityReport

Vectors = NDArray[np.float32]

FEMALE, MALE, UNDECIDED = "female", "male", "undecided"
"""What a recording may be called."""

MIDI_PITCHES = 128
"""Semitones of a pitch histogram: index i holds the time sung within half a semitone of MIDI pitch i."""

SUFFICIENT_VOICED_S = 5.0
"""Below this much voiced singing a range is a guess, and signals built on it are left out."""


@dataclass(frozen=True)
class UndecidedBand:
    """Between these probabilities a recording is called neither female nor male.

    Attributes:
        male_up_to: Highest probability of sounding female at which it is called male, in [0, 0.5].
        female_from: Lowest at which it is called female, in [0.5, 1].
    """

    male_up_to: float = 0.3
    female_from: float = 0.7

    def answer(self, female_probability: float) -> str:
        """Return "female", "male" or "undecided"."""
        if female_probability >= self.female_from:
            return FEMALE
        return MALE if female_probability <= self.male_up_to else UNDECIDED

    def faded(self, female_probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pull probabilities inside the band towards 1/2, the more the nearer to it they are; others stay.

        Without a step at either end of the band: p becomes 1/2 + (p - 1/2) |p - 1/2| / (half the band).

        Args:
            female_probability: float64, any shape, in [0, 1].
        """
        away = np.asarray(female_probability, dtype=np.float64) - 0.5
        half = np.where(away >= 0, self.female_from - 0.5, 0.5 - self.male_up_to)
        return np.asarray(0.5 + away * np.minimum(np.abs(away) / np.maximum(half, 1e-9), 1.0))


USUAL_BAND = UndecidedBand()
"""The band of ears that do not say theirs."""


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

    def told(self) -> "VocalRange":
        """Return what may be said to a person: this, without its pitches when too little was sung."""
        if self.sufficient:
            return self
        return replace(self, lowest_midi=np.nan, highest_midi=np.nan, tessitura_midi=(np.nan, np.nan))


@dataclass(frozen=True)
class SungNotes:
    """What the notes of a recording ask of a voice.

    Attributes:
        highest_held_midi: Highest note that is held for half a second or more, in MIDI pitch, NaN without one.
        longest_midi: Pitch of the longest note, NaN without notes.
        longest_s: Its length in seconds.
        notes_per_s: Notes a second while the voice sings, pauses left out.
        phrase_s: 90th percentile of the length of phrases between pauses of 0.3 s or more, in seconds.
        leap_semitones: 90th percentile of the distance from one note to the next where they touch.
        note_count: Notes behind the figures.
    """

    highest_held_midi: float
    longest_midi: float
    longest_s: float
    notes_per_s: float
    phrase_s: float
    leap_semitones: float
    note_count: int


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
        undecided_band: Where this ear leaves the voice gender open.
        sung_notes: What its notes ask of a voice; None in a profile made before they were measured.
    """

    timbre: Vectors
    style: Vectors
    melody: Vectors
    segments: Segments
    female_probability: float
    vocal_range: VocalRange
    quality: QualityReport
    model_version: str
    undecided_band: UndecidedBand = USUAL_BAND
    sung_notes: SungNotes | None = None

    @property
    def voice_gender(self) -> str:
        """What the recording is called: "female", "male" or "undecided"."""
        return self.undecided_band.answer(self.female_probability)
