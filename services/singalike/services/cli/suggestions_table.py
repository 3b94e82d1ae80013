"""Suggestions as tables on a terminal."""

import math
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from singalike.recsys.suggestions import Moment, SingerSuggestion, SongSuggestion, Suggestions, VoiceSummary

NOTE_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
UNKNOWN = "?"


def print_suggestions(suggestions: Suggestions, titles: Mapping[str, str], console: Console) -> None:
    """Print an answer.

    Args:
        suggestions: The answer.
        titles: Title of each track by id, for the moments.
        console: Where to.
    """
    console.print(_voice_line(suggestions.voice))
    console.print(_singer_table(suggestions.singers, titles))
    console.print(_song_table(suggestions.songs))
    for note in suggestions.notes:
        console.print(Text(f"note: {note}", style="yellow"))


def note_name(midi_pitch: float) -> str:
    """Name the note nearest to a MIDI pitch, for instance 69 as A4."""
    if math.isnan(midi_pitch):
        return UNKNOWN
    nearest = round(midi_pitch)
    return f"{NOTE_NAMES[nearest % 12]}{nearest // 12 - 1}"


def _voice_line(voice: VoiceSummary) -> Text:
    sung = voice.vocal_range
    low, high = sung.tessitura_midi
    return Text(
        f"your voice: {note_name(sung.lowest_midi)} to {note_name(sung.highest_midi)}, at home from "
        f"{note_name(low)} to {note_name(high)}; sounds female with probability {voice.female_probability:.2f}; "
        f"{voice.quality.voiced_s:.1f} s of clear voice"
    )


def _singer_table(singers: tuple[SingerSuggestion, ...], titles: Mapping[str, str]) -> Table:
    named = {name for singer in singers for name in singer.signals}
    # What counts most stands first, in whatever order a message brought the signals.
    names = sorted(named, key=lambda name: (-sum(singer.signals.get(name, 0.0) for singer in singers), name))
    table = Table("#", "singer", "score", *(name.replace("_", " ") for name in names), "sounds alike (you = them)")
    for place, singer in enumerate(singers, start=1):
        shares = [f"{singer.signals[name]:.2f}" if name in singer.signals else UNKNOWN for name in names]
        moment = _moment(singer.moments[0], titles) if singer.moments else ""
        table.add_row(str(place), Text(singer.name), f"{singer.score:.2f}", *shares, Text(moment))
    return table


def _song_table(songs: tuple[SongSuggestion, ...]) -> Table:
    table = Table("#", "song", "singer", "score", "sing it", "in your tessitura")
    for place, song in enumerate(songs, start=1):
        table.add_row(str(place), Text(song.title), Text(song.singer_name), f"{song.score:.2f}", _key(song), _fit(song))
    return table


def _key(song: SongSuggestion) -> str:
    if song.in_range_after is None:
        return UNKNOWN
    shift = song.key_shift_semitones
    if not shift:
        return "as it is"
    return f"{abs(shift)} semitone{'s' * (abs(shift) > 1)} {'higher' if shift > 0 else 'lower'}"


def _fit(song: SongSuggestion) -> str:
    if song.in_range_before is None or song.in_range_after is None:
        return UNKNOWN
    return f"{song.in_range_before:.0%} -> {song.in_range_after:.0%}"


def _moment(moment: Moment, titles: Mapping[str, str]) -> str:
    title = titles.get(moment.track_id, moment.track_id)
    return (
        f"{_clock(moment.voice_start_s)}-{_clock(moment.voice_end_s)} = "
        f"{title} {_clock(moment.track_start_s)}-{_clock(moment.track_end_s)}"
    )


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
