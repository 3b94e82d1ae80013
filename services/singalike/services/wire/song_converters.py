"""What a song asks of a voice, and the request to hear it in that voice, as messages."""

from singalike.recsys.suggestions import Conversion, HeldNote, Singability
from singalike.v1 import conversions_pb2, suggestions_pb2

_EASE = {
    "easy": suggestions_pb2.EASE_EASY,
    "comfortable": suggestions_pb2.EASE_COMFORTABLE,
    "stretch": suggestions_pb2.EASE_STRETCH,
}


def write_singability(found: Singability | None) -> suggestions_pb2.Singability | None:
    """Write how hard a song is; nothing where nothing is known."""
    if found is None:
        return None
    return suggestions_pb2.Singability(
        overall=found.overall,
        range=found.range,
        tempo=found.tempo,
        phrases=found.phrases,
        leaps=found.leaps,
        ease=_EASE.get(found.ease, suggestions_pb2.EASE_UNSPECIFIED),
    )


def write_held_note(note: HeldNote | None) -> suggestions_pb2.HeldNote | None:
    """Write a held note."""
    if note is None:
        return None
    return suggestions_pb2.HeldNote(midi_pitch=note.midi_pitch, duration_s=note.duration_s)


def write_conversion(asked: Conversion | None) -> conversions_pb2.CreateConversionRequest | None:
    """Write the request for a song in the person's voice."""
    if asked is None:
        return None
    return conversions_pb2.CreateConversionRequest(
        voice_id=asked.voice_id, track_id=asked.track_id, key_shift_semitones=asked.key_shift_semitones
    )
