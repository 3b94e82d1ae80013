"""Suggested songs as a table: in which key, how well that fits, and how hard they are."""

import math
from collections.abc import Sequence

from rich.table import Column, Table
from rich.text import Text

from singalike.recsys.explanations.wording import FITS_AS_WELL
from singalike.recsys.suggestions import SongSuggestion

NOTE_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
UNKNOWN = "?"


def note_name(midi_pitch: float) -> str:
    """Name the note nearest to a MIDI pitch, for instance 69 as A4."""
    if math.isnan(midi_pitch):
        return UNKNOWN
    nearest = round(midi_pitch)
    return f"{NOTE_NAMES[nearest % 12]}{nearest // 12 - 1}"


def song_table(songs: Sequence[SongSuggestion]) -> Table:
    """Arrange songs, best first."""
    table = Table(
        "#",
        Column("song", overflow="fold"),
        "score",
        Column("sing it", min_width=len("semitones")),
        Column("in your tessitura", min_width=len("25% -> 75%")),
        Column("how hard", min_width=len("comfortable")),
        Column("top note", max_width=len("note")),
    )
    for place, song in enumerate(songs, start=1):
        name = Text.assemble(song.title, "\n", (song.singer_name, "dim"))
        table.add_row(str(place), name, f"{song.score:.2f}", _key(song), _fit(song), _hard(song), _top(song))
    if any(song.in_range_after is None for song in songs):
        table.caption_justify = "left"
        table.caption = f"{UNKNOWN} not known: too little was sung to tell, or no voice was given"
    return table


def _key(song: SongSuggestion) -> str:
    if song.in_range_after is None:
        return UNKNOWN
    shift = song.key_shift_semitones
    key = "as it is"
    if shift:
        key = f"{abs(shift)} semitone{'s' * (abs(shift) > 1)} {'higher' if shift > 0 else 'lower'}"
    unsure = song.key_shift_confidence is not None and song.key_shift_confidence < FITS_AS_WELL
    return f"{key} (others fit too)" if unsure else key


def _fit(song: SongSuggestion) -> str:
    if song.in_range_before is None or song.in_range_after is None:
        return UNKNOWN
    return f"{song.in_range_before:.0%} -> {song.in_range_after:.0%}"


def _hard(song: SongSuggestion) -> str:
    return (song.singability.ease if song.singability else "") or UNKNOWN


def _top(song: SongSuggestion) -> str:
    return UNKNOWN if song.highest_note_midi is None else note_name(song.highest_note_midi)
