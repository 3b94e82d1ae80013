"""What a song asks of a voice, and the request to hear it in that voice, from messages."""

from singalike.recsys.suggestions import Conversion, HeldNote, Singability
from singalike.v1 import suggestions_pb2

_EASE = {
    suggestions_pb2.EASE_EASY: "easy",
    suggestions_pb2.EASE_COMFORTABLE: "comfortable",
    suggestions_pb2.EASE_STRETCH: "stretch",
}


def read_singability(song: suggestions_pb2.SongSuggestion) -> Singability | None:
    """Read how hard a suggested song is."""
    if not song.HasField("singability"):
        return None
    found = song.singability
    return Singability(
        overall=found.overall,
        range=found.range if found.HasField("range") else None,
        tempo=found.tempo if found.HasField("tempo") else None,
        phrases=found.phrases if found.HasField("phrases") else None,
        leaps=found.leaps if found.HasField("leaps") else None,
        ease=_EASE.get(found.ease, ""),
    )


def read_longest_note(song: suggestions_pb2.SongSuggestion) -> HeldNote | None:
    """Read the longest note of a suggested song."""
    if not song.HasField("longest_note"):
        return None
    return HeldNote(song.longest_note.midi_pitch, song.longest_note.duration_s)


def read_conversion(song: suggestions_pb2.SongSuggestion) -> Conversion | None:
    """Read the request for a suggested song in the person's voice."""
    if not song.HasField("conversion"):
        return None
    asked = song.conversion
    return Conversion(asked.voice_id, asked.track_id, asked.key_shift_semitones)
