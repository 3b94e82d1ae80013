"""Profiles and their parts to messages and back; both sides of the wire use these."""

import math
from collections.abc import Iterable

import numpy as np

from singalike.audio.quality import QualityReport
from singalike.embeddings.profile import (
    FEMALE,
    MALE,
    UNDECIDED,
    Segments,
    SungNotes,
    UndecidedBand,
    Vectors,
    VocalRange,
    VoiceProfile,
)
from singalike.recsys.suggestions import VoiceSummary
from singalike.v1 import voice_pb2

_HEARD = {
    FEMALE: voice_pb2.HEARD_VOICE_GENDER_FEMALE,
    MALE: voice_pb2.HEARD_VOICE_GENDER_MALE,
    UNDECIDED: voice_pb2.HEARD_VOICE_GENDER_UNDECIDED,
}
_WORDS = {number: word for word, number in _HEARD.items()}


def profile_to_message(profile: VoiceProfile) -> voice_pb2.VoiceProfile:
    """Write a profile; its vectors become packed floats."""
    return voice_pb2.VoiceProfile(
        timbre=profile.timbre.tolist(),
        style=profile.style.tolist(),
        melody=profile.melody.tolist(),
        segments=_segments_to_messages(profile.segments),
        female_probability=profile.female_probability,
        vocal_range=range_to_message(profile.vocal_range),
        quality=quality_to_message(profile.quality),
        model_version=profile.model_version,
        undecided_band=voice_pb2.UndecidedBand(
            male_up_to=profile.undecided_band.male_up_to, female_from=profile.undecided_band.female_from
        ),
        voice_gender=_HEARD[profile.voice_gender],
        sung_notes=_notes_to_message(profile.sung_notes) if profile.sung_notes else None,
    )


def profile_from_message(message: voice_pb2.VoiceProfile) -> VoiceProfile:
    """Read a profile whose lengths have been checked: rows of a matrix agree."""
    return VoiceProfile(
        timbre=np.array(message.timbre, dtype=np.float32),
        style=np.array(message.style, dtype=np.float32),
        melody=np.array(message.melody, dtype=np.float32),
        segments=_segments_from_message(message),
        female_probability=message.female_probability,
        vocal_range=range_from_message(message.vocal_range),
        quality=quality_from_message(message.quality),
        model_version=message.model_version,
        undecided_band=_band_from_message(message),
        sung_notes=_notes_from_message(message.sung_notes) if message.HasField("sung_notes") else None,
    )


def _band_from_message(message: voice_pb2.VoiceProfile) -> UndecidedBand:
    if not message.HasField("undecided_band"):
        return UndecidedBand()
    return UndecidedBand(message.undecided_band.male_up_to, message.undecided_band.female_from)


def _segments_to_messages(segments: Segments) -> Iterable[voice_pb2.Segment]:
    rows = zip(segments.start_s, segments.end_s, segments.timbre, segments.style, segments.melody, strict=True)
    return [
        voice_pb2.Segment(
            start_s=start_s, end_s=end_s, timbre=timbre.tolist(), style=style.tolist(), melody=melody.tolist()
        )
        for start_s, end_s, timbre, style, melody in rows
    ]


def _segments_from_message(message: voice_pb2.VoiceProfile) -> Segments:
    def rows(vectors: list[Vectors], dim: int) -> Vectors:
        return np.array(vectors, dtype=np.float32).reshape(len(vectors), dim)

    parts = message.segments
    return Segments(
        start_s=np.array([part.start_s for part in parts], dtype=np.float64),
        end_s=np.array([part.end_s for part in parts], dtype=np.float64),
        timbre=rows([np.array(part.timbre, dtype=np.float32) for part in parts], len(message.timbre)),
        style=rows([np.array(part.style, dtype=np.float32) for part in parts], len(message.style)),
        melody=rows([np.array(part.melody, dtype=np.float32) for part in parts], len(message.melody)),
    )


def _notes_to_message(notes: SungNotes) -> voice_pb2.SungNotes:
    return voice_pb2.SungNotes(
        highest_held_midi=_known(notes.highest_held_midi),
        longest_midi=_known(notes.longest_midi),
        longest_s=notes.longest_s,
        notes_per_s=notes.notes_per_s,
        phrase_s=notes.phrase_s,
        leap_semitones=notes.leap_semitones,
        note_count=notes.note_count,
    )


def _notes_from_message(message: voice_pb2.SungNotes) -> SungNotes:
    return SungNotes(
        highest_held_midi=message.highest_held_midi if message.HasField("highest_held_midi") else math.nan,
        longest_midi=message.longest_midi if message.HasField("longest_midi") else math.nan,
        longest_s=message.longest_s,
        notes_per_s=message.notes_per_s,
        phrase_s=message.phrase_s,
        leap_semitones=message.leap_semitones,
        note_count=message.note_count,
    )


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def range_to_message(vocal_range: VocalRange) -> voice_pb2.VocalRange:
    """Write a range; what is NaN stays absent."""
    low, high = vocal_range.tessitura_midi
    return voice_pb2.VocalRange(
        lowest_midi=_known(vocal_range.lowest_midi),
        highest_midi=_known(vocal_range.highest_midi),
        tessitura_low_midi=_known(low),
        tessitura_high_midi=_known(high),
        voiced_s=vocal_range.voiced_s,
        seconds_per_semitone=vocal_range.seconds_per_semitone.tolist(),
    )


def range_from_message(message: voice_pb2.VocalRange) -> VocalRange:
    """Read a range; what is absent becomes NaN."""

    def read(name: str) -> float:
        return float(getattr(message, name)) if message.HasField(name) else math.nan  # type: ignore[arg-type]

    return VocalRange(
        lowest_midi=read("lowest_midi"),
        highest_midi=read("highest_midi"),
        tessitura_midi=(read("tessitura_low_midi"), read("tessitura_high_midi")),
        voiced_s=message.voiced_s,
        seconds_per_semitone=np.array(message.seconds_per_semitone, dtype=np.float32),
    )


def quality_to_message(quality: QualityReport) -> voice_pb2.QualityReport:
    """Write a quality report."""
    return voice_pb2.QualityReport(
        duration_s=quality.duration_s,
        voiced_s=quality.voiced_s,
        signal_to_noise_db=_known(quality.signal_to_noise_db),
        clipped_share=quality.clipped_share,
        more_than_one_voice=quality.more_than_one_voice,
        advice=quality.advice,
    )


def quality_from_message(message: voice_pb2.QualityReport) -> QualityReport:
    """Read a quality report."""
    known = message.HasField("signal_to_noise_db")
    return QualityReport(
        duration_s=message.duration_s,
        voiced_s=message.voiced_s,
        signal_to_noise_db=message.signal_to_noise_db if known else math.nan,
        clipped_share=message.clipped_share,
        more_than_one_voice=message.more_than_one_voice,
        advice=tuple(message.advice),
    )


def summary_to_message(summary: VoiceSummary) -> voice_pb2.VoiceSummary:
    """Write what was heard."""
    return voice_pb2.VoiceSummary(
        female_probability=summary.female_probability,
        vocal_range=range_to_message(summary.vocal_range),
        quality=quality_to_message(summary.quality),
        voice_gender=_HEARD[summary.voice_gender],
    )


def summary_from_message(message: voice_pb2.VoiceSummary) -> VoiceSummary:
    """Read what was heard."""
    return VoiceSummary(
        female_probability=message.female_probability,
        vocal_range=range_from_message(message.vocal_range),
        quality=quality_from_message(message.quality),
        # A server older than the answer says nothing: then nothing is claimed.
        voice_gender=_WORDS.get(message.voice_gender, UNDECIDED),
    )
