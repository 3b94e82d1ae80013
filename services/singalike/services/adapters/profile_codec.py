"""Voice profiles as columns: vectors as little-endian bytes, bit by bit; measures as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from singalike.audio.quality import QualityReport
from singalike.embeddings.profile import Segments, SungNotes, UndecidedBand, Vectors, VocalRange, VoiceProfile

Columns = dict[str, Any]
Row = Mapping[Any, Any]


def profile_columns(profile: VoiceProfile) -> Columns:
    """Turn all of a profile but its segments into columns."""
    return {
        "timbre": pack(profile.timbre),
        "style": pack(profile.style),
        "melody": pack(profile.melody),
        "seconds_per_semitone": pack(profile.vocal_range.seconds_per_semitone),
        "measures": json.dumps(_measures(profile), ensure_ascii=False),
    }


def segments_columns(segments: Segments) -> list[Columns]:
    """Turn segments into one set of columns each."""
    rows = zip(segments.start_s, segments.end_s, segments.timbre, segments.style, segments.melody, strict=True)
    return [
        {
            "position": position,
            "start_s": float(start_s),
            "end_s": float(end_s),
            "timbre": pack(timbre),
            "style": pack(style),
            "melody": pack(melody),
        }
        for position, (start_s, end_s, timbre, style, melody) in enumerate(rows)
    ]


def read_profile(row: Row, segment_rows: Sequence[Row], model_version: str) -> VoiceProfile:
    """Put a profile together again from its columns and those of its segments, in order of position."""
    measures = json.loads(row["measures"])
    timbre, style, melody = (unpack(row[name]) for name in ("timbre", "style", "melody"))
    return VoiceProfile(
        timbre=timbre,
        style=style,
        melody=melody,
        segments=Segments(
            start_s=np.array([segment["start_s"] for segment in segment_rows], dtype=np.float64),
            end_s=np.array([segment["end_s"] for segment in segment_rows], dtype=np.float64),
            timbre=_unpack_rows(segment_rows, "timbre", timbre.size),
            style=_unpack_rows(segment_rows, "style", style.size),
            melody=_unpack_rows(segment_rows, "melody", melody.size),
        ),
        female_probability=measures["female_probability"],
        vocal_range=_read_range(measures["range"], unpack(row["seconds_per_semitone"])),
        quality=_read_quality(measures["quality"]),
        model_version=model_version,
        undecided_band=UndecidedBand(*measures.get("undecided_band", ())),  # ears before the band did not store one
        sung_notes=_read_notes(measures.get("sung_notes")),  # nor did those before notes were measured
    )


def pack(vector: NDArray[np.floating]) -> bytes:
    """Write float32 values as little-endian bytes."""
    return np.ascontiguousarray(vector, dtype="<f4").tobytes()


def unpack(data: bytes) -> Vectors:
    """Read what `pack` wrote; the array is a writable copy."""
    return np.frombuffer(data, dtype="<f4").astype(np.float32)


def _unpack_rows(rows: Sequence[Row], name: str, dim: int) -> Vectors:
    return unpack(b"".join(row[name] for row in rows)).reshape(len(rows), dim)


def _measures(profile: VoiceProfile) -> Columns:
    vocal_range, quality = profile.vocal_range, profile.quality
    return {
        "female_probability": float(profile.female_probability),
        "undecided_band": [profile.undecided_band.male_up_to, profile.undecided_band.female_from],
        "range": {
            "lowest_midi": float(vocal_range.lowest_midi),  # NaN without voiced sound; Python's JSON keeps it
            "highest_midi": float(vocal_range.highest_midi),
            "tessitura_midi": [float(midi) for midi in vocal_range.tessitura_midi],
            "voiced_s": float(vocal_range.voiced_s),
        },
        "quality": {
            "duration_s": float(quality.duration_s),
            "voiced_s": float(quality.voiced_s),
            "signal_to_noise_db": float(quality.signal_to_noise_db),
            "clipped_share": float(quality.clipped_share),
            "more_than_one_voice": bool(quality.more_than_one_voice),
            "advice": list(quality.advice),
        },
        "sung_notes": profile.sung_notes and asdict(profile.sung_notes),
    }


def _read_range(measures: Mapping[str, Any], seconds_per_semitone: Vectors) -> VocalRange:
    low, high = measures["tessitura_midi"]
    return VocalRange(
        lowest_midi=measures["lowest_midi"],
        highest_midi=measures["highest_midi"],
        tessitura_midi=(low, high),
        voiced_s=measures["voiced_s"],
        seconds_per_semitone=seconds_per_semitone,
    )


def _read_quality(measures: Mapping[str, Any]) -> QualityReport:
    return QualityReport(**{**measures, "advice": tuple(measures["advice"])})


def _read_notes(measures: Mapping[str, Any] | None) -> SungNotes | None:
    return None if measures is None else SungNotes(**measures)
