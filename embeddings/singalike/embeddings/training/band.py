"""Arrange a song for a band: who plays what is drawn anew for every excerpt.

The notes of the song are given to instruments, and more of them join by the chords: a bass, strummed guitars, held
pads, broken chords, drums. The melody of the singer is left out or played by an instrument, as solos are: what makes a
voice is not that it leads.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from singalike.embeddings.training.chord_playing import bass_line, broken_chords, held_chords, struck_chords
from singalike.embeddings.training.drum_patterns import PATTERNS, play_drums
from singalike.embeddings.training.harmony import guess_chords
from singalike.embeddings.training.scores import Notes, Score, moved

KEYS = (0, 1, 2, 3, 4, 5, 6, 7, 11, 16, 17, 18, 19, 21, 24, 25, 46)
GUITARS = (24, 25, 26, 27, 28, 29, 29, 30, 30)
BASSES = (32, 33, 33, 34, 34, 35, 36, 37, 38, 38, 39, 39, 43, 58)
PADS = (16, 17, 18, 19, 44, 48, 49, 50, 51, 61, 62, 63, 88, 89, 90, 92, 93, 94, 95)
BROKEN = (0, 4, 5, 6, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 27, 45, 46, 80, 81, 84, 87, 98, 104, 107)
LEADS = (11, 21, 22, 23, 26, 27, 29, 30, 40, 40, 41, 42, 56, 57, 59, 60, 64, 65, 66, 67, 68, 69, 71, 71, 72, 73, 73, 73,
         74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 86, 87, 105, 109, 110, 111)  # fmt: skip
KITS = (0, 0, 0, 8, 8, 16, 24, 25, 32, 40)
"""General MIDI programs, counted from 0, by role. No program that imitates voices is among them (52 to 54, 85, 91)."""


@dataclass(frozen=True, eq=False)
class Player:
    """One instrument of a band.

    Attributes:
        role: What it plays: melody, song, bass, strum, pad, broken or drums.
        program: General MIDI program, counted from 0; the kit of a drummer.
        notes: float64 (notes, 4), start and length in beats, MIDI pitch and velocity.
        gain: Of the channel, 0 to 127.
        pan: 0 is left, 127 right.
        reverb: 0 to 127.
        chorus: 0 to 127.
        vibrato: Depth of the modulation, 0 to 127.
        glide: Whether it slides into its notes.
    """

    role: str
    program: int
    notes: Notes
    gain: int
    pan: int
    reverb: int
    chorus: int
    vibrato: int = 0
    glide: bool = False


def arrange(score: Score, melody: bool, rng: Generator) -> tuple[Player, ...]:
    """Let a band play a score without its singer.

    Args:
        score: What is played, an excerpt.
        melody: Whether an instrument plays what is sung; otherwise nobody does.
        rng: Source of all chance.

    Returns:
        The players, at least one; each has notes.
    """
    chords = guess_chords(score)
    big = rng.random() < 0.75
    played = [part.notes for part in score.parts if not part.sung]
    players = [_player("song", KEYS if rng.random() < 0.7 else PADS + GUITARS, notes, rng) for notes in played]
    if melody:
        players += [_lead(part.notes, rng) for part in score.parts if part.sung][:2]
    if rng.random() < (0.9 if big else 0.3):
        players.append(_player("bass", BASSES, bass_line(chords, rng), rng))
    if rng.random() < (0.6 if big else 0.2):
        players.append(_player("strum", GUITARS, struck_chords(chords, rng), rng))
    if rng.random() < (0.6 if big else 0.4) or not players:
        players.append(_player("pad", PADS, held_chords(chords, rng), rng))
    if rng.random() < 0.35:
        players.append(_player("broken", BROKEN, broken_chords(chords, rng), rng))
    if rng.random() < (0.9 if big else 0.1):
        players.append(_player("drums", KITS, _drums(score, rng), rng))
    return tuple(player for player in players if len(player.notes) > 0)


def _player(role: str, programs: Sequence[int], notes: Notes, rng: Generator) -> Player:
    return Player(
        role=role,
        program=int(rng.choice(programs)),
        notes=notes,
        gain=int(np.clip(rng.normal(108.0 if role == "drums" else 92.0, 14.0), 45, 127)),
        pan=int(np.clip(rng.normal(64.0, 6.0 if role in {"bass", "drums", "melody"} else 30.0), 0, 127)),
        reverb=int(rng.integers(0, 40 if role == "bass" else 90)),
        chorus=int(rng.integers(0, 80)) if rng.random() < 0.4 else 0,
    )


def _lead(notes: Notes, rng: Generator) -> Player:
    """Play the melody as somebody who means it: vibrato, slides, an octave of one's own."""
    played = moved(notes, 0.0, 12.0 * rng.choice([-1, 0, 0, 0, 1]))
    played[:, 3] = np.clip(played[:, 3] + rng.uniform(0.0, 25.0), 1.0, 127.0)
    return replace(
        _player("melody", LEADS, played, rng),
        gain=int(rng.integers(85, 127)),
        vibrato=int(rng.integers(20, 110)) if rng.random() < 0.6 else 0,
        glide=bool(rng.random() < 0.4),
    )


def _drums(score: Score, rng: Generator) -> Notes:
    pattern = str(rng.choice(sorted(PATTERNS)))
    beats = score.beats
    notes = play_drums(pattern, beats, min(score.beats_a_bar, 4.0), rng)
    enters = rng.uniform(0.0, 0.4) * beats if rng.random() < 0.3 else 0.0
    return notes[notes[:, 0] >= enters]
