"""Compose: chord loops and singable phrases over them, from our own rules.

A melody is made of motifs. A motif has a rhythm and a contour in scale steps; phrases repeat it, move it, change its
end, and leave time to breathe. Strong beats lean on the chord, and the whole stays around a centre pitch.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from singalike.audio.synthesis.melody import CONSONANTS, VOWELS, Chord, Melody, Note
from singalike.errors import InvalidInputError

SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "pentatonic": (0, 2, 4, 7, 9),
    "minor_pentatonic": (0, 3, 5, 7, 10),
}
"""Semitones of each scale above its tonic."""

_SEVEN_NOTES = {"pentatonic": "major", "minor_pentatonic": "minor"}
# Roots as scale degrees counted from 0; four bars each, played in a loop.
_LOOPS = {
    "major": ((0, 4, 5, 3), (0, 5, 3, 4), (0, 3, 0, 4), (5, 3, 0, 4), (0, 2, 3, 4), (1, 4, 0, 5)),
    "minor": ((0, 5, 2, 6), (0, 3, 6, 2), (0, 6, 5, 6), (0, 3, 0, 4), (5, 6, 0, 0)),
    "dorian": ((0, 3, 0, 3), (0, 6, 3, 0), (0, 2, 3, 0)),
}
# Rhythms in beats that fill at most seven of the eight beats of a phrase: the last one is for breath.
_RHYTHMS = (
    (1.0, 1.0, 1.0, 1.0, 1.0, 2.0),
    (0.5, 0.5, 1.0, 1.0, 0.5, 0.5, 3.0),
    (1.5, 0.5, 1.0, 1.0, 1.0, 1.5),
    (0.5, 0.5, 0.5, 0.5, 1.0, 1.0, 0.5, 0.5, 1.5),
    (2.0, 1.0, 1.0, 3.0),
    (1.0, 0.5, 0.5, 1.0, 1.0, 0.5, 0.5, 1.5),
    (0.75, 0.75, 0.5, 1.0, 1.0, 2.5),
    (3.0, 1.0, 1.5, 1.5),
)
_PHRASE_BEATS = 8.0
_BEATS_A_BAR = 4.0
_FORMS = ("AABA", "ABAB", "AABC", "ABAC")
_STEPS, _STEP_ODDS = (-2, -1, 0, 1, 2, 4), (0.14, 0.27, 0.16, 0.27, 0.12, 0.04)
_CONSONANT_ODDS = (0.14, 0.13, 0.12, 0.13, 0.07, 0.09, 0.05, 0.05, 0.09, 0.07, 0.06)
_REACH = 9.0
"""Semitones from the centre that a melody never exceeds."""


@dataclass(frozen=True)
class Motif:
    """A short idea that a melody comes back to.

    Attributes:
        beats: Length of each note in beats.
        degrees: Pitch of each note in scale steps from the middle of the melody.
        syllables: (consonant, vowel) of each note.
    """

    beats: tuple[float, ...]
    degrees: tuple[int, ...]
    syllables: tuple[tuple[str, str], ...]


def compose_chords(
    rng: Generator, seconds: float, tonic: int, scale: str = "major", tempo_bpm: float = 96.0, sevenths: bool = False
) -> tuple[Chord, ...]:
    """Compose a loop of four chords, a bar of four beats each, repeated to the end.

    Args:
        rng: Source of randomness.
        seconds: Length to fill; the last chord is cut.
        tonic: Pitch class of the key, 0 for C.
        scale: A key of `SCALES`.
        tempo_bpm: Beats a minute.
        sevenths: Whether chords have four notes.

    Raises:
        InvalidInputError: SCALE_UNKNOWN.
    """
    family = _SEVEN_NOTES.get(scale, scale)
    _check_scale(scale)
    steps = SCALES[family]
    loop = _LOOPS[family][int(rng.integers(len(_LOOPS[family])))]
    bar_s = _BEATS_A_BAR * 60.0 / tempo_bpm
    chords = []
    for bar in range(int(np.ceil(seconds / bar_s - 1e-9))):
        root = loop[bar % len(loop)]
        thirds = [(tonic + steps[(root + third) % 7]) % 12 for third in (0, 2, 4, 6)[: 4 if sevenths else 3]]
        start_s = bar * bar_s
        chords.append(Chord(thirds[0], tuple(thirds), start_s, min(bar_s, seconds - start_s)))
    return tuple(chords)


def compose_melody(
    rng: Generator,
    centre_midi: float,
    seconds: float,
    scale: str = "major",
    tempo_bpm: float = 96.0,
    tonic: int | None = None,
    chords: tuple[Chord, ...] = (),
) -> Melody:
    """Compose a melody that one voice can sing without haste.

    Args:
        rng: Source of randomness.
        centre_midi: Middle of the melody; no note lies more than nine semitones away.
        seconds: Length to fill; at least one note is made.
        scale: A key of `SCALES`.
        tempo_bpm: Beats a minute.
        tonic: Pitch class of the key; drawn when None.
        chords: When given, notes on strong beats move to the nearest chord note.

    Returns:
        A melody of `seconds` with breathing rests after every phrase of two bars.

    Raises:
        InvalidInputError: SCALE_UNKNOWN; MELODY_TOO_SHORT, less than a second asked for.
    """
    _check_scale(scale)
    if seconds < 1.0:
        raise InvalidInputError("MELODY_TOO_SHORT", "ask for at least one second of melody")
    key = int(rng.integers(12)) if tonic is None else tonic
    pitches = _scale_pitches(centre_midi, key, scale)
    motifs = {letter: _draw_motif(rng) for letter in "ABC"}
    form = _FORMS[int(rng.integers(len(_FORMS)))]
    beat_s = 60.0 / tempo_bpm
    phrase_s = _PHRASE_BEATS * beat_s
    notes: list[Note] = []
    for phrase in range(int(np.ceil(seconds / phrase_s - 1e-9))):
        motif = motifs[form[phrase % len(form)]]
        if phrase >= 2:
            motif = _varied(motif, rng)
        # A breath before the first note as well: consonants begin ahead of their vowel.
        at_s = phrase * phrase_s + 0.25 * beat_s
        notes.extend(_phrase_notes(motif, pitches, at_s, beat_s, chords))
    end_s = seconds - 0.1
    kept = [note for note in notes if note.start_s + 0.2 <= end_s]
    fitted = tuple(Note(n.midi_pitch, n.start_s, min(n.end_s, end_s) - n.start_s, n.vowel, n.consonant) for n in kept)
    return Melody(fitted, seconds)


def _check_scale(scale: str) -> None:
    if scale not in SCALES:
        raise InvalidInputError("SCALE_UNKNOWN", f"scale is {scale!r}: choose one of {', '.join(SCALES)}")


def _scale_pitches(centre_midi: float, tonic: int, scale: str) -> tuple[int, ...]:
    low, high = int(np.ceil(centre_midi - _REACH)), int(np.floor(centre_midi + _REACH))
    return tuple(pitch for pitch in range(low, high + 1) if (pitch - tonic) % 12 in SCALES[scale])


def _draw_motif(rng: Generator) -> Motif:
    beats = _RHYTHMS[int(rng.integers(len(_RHYTHMS)))]
    degrees = [int(rng.integers(-2, 3))]
    for _ in beats[1:]:
        step = int(rng.choice(_STEPS, p=_STEP_ODDS))
        # The further from the middle, the stronger the pull back: a random walk would leave the voice's range.
        if rng.random() < 0.16 * abs(degrees[-1]):
            step = -int(np.sign(degrees[-1])) * abs(step)
        degrees.append(degrees[-1] + step)
    return Motif(beats, tuple(degrees), tuple(_draw_syllable(rng) for _ in beats))


def _draw_syllable(rng: Generator) -> tuple[str, str]:
    return str(rng.choice(CONSONANTS, p=_CONSONANT_ODDS)), str(rng.choice(VOWELS))


def _varied(motif: Motif, rng: Generator) -> Motif:
    shift = int(rng.choice((-1, 0, 0, 1)))
    degrees = [degree + shift for degree in motif.degrees]
    degrees[-1] += int(rng.integers(-2, 3))
    syllables = tuple(_draw_syllable(rng) if rng.random() < 0.5 else old for old in motif.syllables)
    return Motif(motif.beats, tuple(degrees), syllables)


def _phrase_notes(
    motif: Motif, pitches: tuple[int, ...], at_s: float, beat_s: float, chords: tuple[Chord, ...]
) -> list[Note]:
    notes, beat = [], 0.0
    for length, degree, (consonant, vowel) in zip(motif.beats, motif.degrees, motif.syllables, strict=True):
        index = min(max(len(pitches) // 2 + degree, 0), len(pitches) - 1)
        start_s = at_s + beat * beat_s
        pitch = pitches[index]
        if beat % 2.0 == 0.0 and length >= 1.0:
            pitch = _nearest_chord_pitch(pitch, pitches, start_s, chords)
        notes.append(Note(float(pitch), start_s, length * beat_s * 0.97, vowel, consonant))
        beat += length
    return notes


def _nearest_chord_pitch(pitch: int, pitches: tuple[int, ...], start_s: float, chords: tuple[Chord, ...]) -> int:
    for chord in chords:
        if chord.start_s <= start_s < chord.start_s + chord.duration_s:
            allowed = [other for other in pitches if other % 12 in chord.pitch_classes]
            return min(allowed, key=lambda other: (abs(other - pitch), other), default=pitch)
    return pitch
