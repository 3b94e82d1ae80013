"""Checks a profile that a caller sends: every figure in it reaches the index, the catalogue or the ranking."""

from collections.abc import Sequence

import numpy as np

from singalike.embeddings.profile import MIDI_PITCHES
from singalike.services.wire.faults import Faults
from singalike.v1 import voice_pb2

MOST_SEGMENTS = 2000
LONGEST_VECTOR = 16384
LONGEST_S = 3600.0
MOST_NOTES = 100_000
UNIT_TOLERANCE = 1e-3


def check_profile(faults: Faults, field: str, message: voice_pb2.VoiceProfile) -> None:
    """Check lengths, units and bounds; which ear made it is checked where the ear is known."""
    faults.text(f"{field}.model_version", message.model_version, 200, shortest=1)
    faults.number(f"{field}.female_probability", message.female_probability, 0.0, 1.0)
    _check_band(faults, f"{field}.undecided_band", message)
    _check_vectors(faults, field, message)
    _check_segments(faults, field, message)
    _check_range(faults, f"{field}.vocal_range", message.vocal_range)
    _check_quality(faults, f"{field}.quality", message.quality)
    if message.HasField("sung_notes"):
        _check_notes(faults, f"{field}.sung_notes", message.sung_notes)


def _check_band(faults: Faults, field: str, message: voice_pb2.VoiceProfile) -> None:
    if message.HasField("undecided_band"):
        faults.number(f"{field}.male_up_to", message.undecided_band.male_up_to, 0.0, 0.5)
        faults.number(f"{field}.female_from", message.undecided_band.female_from, 0.5, 1.0)


def _check_vectors(faults: Faults, field: str, message: voice_pb2.VoiceProfile | voice_pb2.Segment) -> None:
    _check_unit(faults, f"{field}.timbre", message.timbre)
    _check_unit(faults, f"{field}.style", message.style)
    _check_unit(faults, f"{field}.melody", message.melody, zero_allowed=True)


def _check_unit(faults: Faults, field: str, values: Sequence[float], *, zero_allowed: bool = False) -> None:
    if not 1 <= len(values) <= LONGEST_VECTOR:
        faults.add(field, f"holds {len(values)} values: send what GetModel says")
        return
    length = float(np.linalg.norm(np.array(values, dtype=np.float64)))
    if not abs(length - 1.0) <= UNIT_TOLERANCE and not (zero_allowed and length == 0.0):
        faults.add(field, f"has length {length:g}: send a unit vector" + (" or all zeros" if zero_allowed else ""))


def _check_segments(faults: Faults, field: str, message: voice_pb2.VoiceProfile) -> None:
    if len(message.segments) > MOST_SEGMENTS:
        faults.add(f"{field}.segments", f"holds {len(message.segments)} values: use at most {MOST_SEGMENTS}")
        return
    dims = (len(message.timbre), len(message.style), len(message.melody))
    before_s = 0.0
    for place, segment in enumerate(message.segments):
        name = f"{field}.segments[{place}]"
        faults.number(f"{name}.start_s", segment.start_s, before_s, LONGEST_S)
        faults.number(f"{name}.end_s", segment.end_s, segment.start_s, LONGEST_S)
        _check_vectors(faults, name, segment)
        if (len(segment.timbre), len(segment.style), len(segment.melody)) != dims:
            faults.add(name, "has vectors of another length than the profile")
        before_s = segment.start_s


def _check_range(faults: Faults, field: str, message: voice_pb2.VocalRange) -> None:
    known = [message.HasField(name) for name in PITCHES]  # type: ignore[arg-type]  # each is one of the literals
    if any(known) and not all(known):
        faults.add(field, "gives some of its pitches: give all four or none")
    elif all(known):
        pitches = [message.lowest_midi, message.tessitura_low_midi, message.tessitura_high_midi, message.highest_midi]
        for name, pitch in zip(PITCHES, pitches, strict=True):
            faults.number(f"{field}.{name}", pitch, 0.0, MIDI_PITCHES - 1)
        if pitches != sorted(pitches):
            faults.add(field, "has pitches out of order: lowest, tessitura low, tessitura high, highest")
    faults.number(f"{field}.voiced_s", message.voiced_s, 0.0, LONGEST_S)
    seconds = np.array(message.seconds_per_semitone, dtype=np.float64)
    if seconds.shape != (MIDI_PITCHES,) or not np.all((seconds >= 0.0) & (seconds <= LONGEST_S)):
        faults.add(f"{field}.seconds_per_semitone", f"must hold {MIDI_PITCHES} values of 0 to {LONGEST_S:g}")


PITCHES = ("lowest_midi", "tessitura_low_midi", "tessitura_high_midi", "highest_midi")


def _check_quality(faults: Faults, field: str, message: voice_pb2.QualityReport) -> None:
    faults.number(f"{field}.duration_s", message.duration_s, 0.0, LONGEST_S)
    faults.number(f"{field}.voiced_s", message.voiced_s, 0.0, LONGEST_S)
    faults.number(f"{field}.clipped_share", message.clipped_share, 0.0, 1.0)
    if message.HasField("signal_to_noise_db"):
        faults.number(f"{field}.signal_to_noise_db", message.signal_to_noise_db, -200.0, 200.0)
    faults.texts(f"{field}.advice", message.advice, 20, 300)


def _check_notes(faults: Faults, field: str, message: voice_pb2.SungNotes) -> None:
    if message.HasField("highest_held_midi"):
        faults.number(f"{field}.highest_held_midi", message.highest_held_midi, 0.0, MIDI_PITCHES - 1)
    if message.HasField("longest_midi"):
        faults.number(f"{field}.longest_midi", message.longest_midi, 0.0, MIDI_PITCHES - 1)
    faults.number(f"{field}.longest_s", message.longest_s, 0.0, LONGEST_S)
    faults.number(f"{field}.notes_per_s", message.notes_per_s, 0.0, 1000.0)
    faults.number(f"{field}.phrase_s", message.phrase_s, 0.0, LONGEST_S)
    faults.number(f"{field}.leap_semitones", message.leap_semitones, 0.0, MIDI_PITCHES - 1)
    faults.number(f"{field}.note_count", message.note_count, 0, MOST_NOTES)
