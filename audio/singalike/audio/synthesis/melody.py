"""What is sung: notes with their syllables, and the chords below them."""

from dataclasses import dataclass, replace
from itertools import pairwise

from singalike.errors import InvalidInputError

VOWELS = ("a", "e", "i", "o", "u")
CONSONANTS = ("", "m", "n", "l", "h", "s", "sh", "f", "t", "k", "p")
"""Sounds that may open a syllable; "" is a vowel alone."""


@dataclass(frozen=True)
class Note:
    """One syllable on one pitch.

    Attributes:
        midi_pitch: MIDI pitch, fractions allowed.
        start_s: When the vowel begins, in seconds.
        duration_s: How long it lasts.
        vowel: One of `VOWELS`.
        consonant: One of `CONSONANTS`; it takes its time before `start_s`.
    """

    midi_pitch: float
    start_s: float
    duration_s: float
    vowel: str = "a"
    consonant: str = ""

    def __post_init__(self) -> None:
        if self.vowel not in VOWELS or self.consonant not in CONSONANTS:
            raise InvalidInputError(
                "SYLLABLE_UNKNOWN", f"cannot sing {self.consonant + self.vowel!r}: vowels {VOWELS}, before {CONSONANTS}"
            )
        if self.start_s < 0 or self.duration_s <= 0:
            raise InvalidInputError("NOTE_TIME_INVALID", "a note starts at 0 s or later and lasts longer than 0 s")

    @property
    def end_s(self) -> float:
        """When the note ends."""
        return self.start_s + self.duration_s


@dataclass(frozen=True)
class Melody:
    """Notes in order of time, one voice.

    Attributes:
        notes: Not overlapping, by start.
        duration_s: Length of the whole in seconds, with the rest after the last note.
    """

    notes: tuple[Note, ...]
    duration_s: float

    def __post_init__(self) -> None:
        ends_after_start = any(before.end_s > after.start_s + 1e-6 for before, after in pairwise(self.notes))
        if ends_after_start or (self.notes and self.notes[-1].end_s > self.duration_s + 1e-6):
            raise InvalidInputError("MELODY_OVERLAPS", "notes must follow one another and end within duration_s")

    def transposed(self, semitones: float) -> "Melody":
        """Return the melody `semitones` higher, or lower when negative."""
        return replace(self, notes=tuple(replace(note, midi_pitch=note.midi_pitch + semitones) for note in self.notes))


@dataclass(frozen=True)
class Chord:
    """Notes that sound together in the accompaniment.

    Attributes:
        root: Pitch class of the bass, 0 for C to 11 for B.
        pitch_classes: All pitch classes of the chord, root first.
        start_s, duration_s: When, in seconds.
    """

    root: int
    pitch_classes: tuple[int, ...]
    start_s: float
    duration_s: float
