"""Suggestions as JSON values; what is not known is null, never NaN."""

import math
from dataclasses import asdict
from typing import Any

from singalike.recsys.suggestions import (
    Moment,
    SingerExplanation,
    SingerSuggestion,
    SongSuggestion,
    Suggestions,
    VoiceSummary,
)


def suggestions_to_json(suggestions: Suggestions) -> dict[str, Any]:
    """Arrange an answer as `singalike recommend --json` prints it."""
    arranged: dict[str, Any] = without_nan(
        {
            "singers": [_singer(singer) for singer in suggestions.singers],
            "songs": [_song(song) for song in suggestions.songs],
            "voice": suggestions.voice and _voice(suggestions.voice),
            "notes": list(suggestions.notes),
            "next_page_token": suggestions.next_page_token,
            "abstention": suggestions.abstention and asdict(suggestions.abstention),
            "summary": asdict(suggestions.summary),
        }
    )
    return arranged


def explanation_to_json(found: SingerExplanation) -> dict[str, Any]:
    """Arrange an explanation as `singalike why --json` prints it."""
    arranged: dict[str, Any] = without_nan(
        {
            "singer": _singer(found.singer),
            "rank": found.rank,
            "ranked_count": found.ranked_count,
            "suggested": found.suggested,
            "barriers": list(found.barriers),
            "gaps": {gap.signal: gap.difference for gap in found.gaps},
            "explanation": found.explanation,
        }
    )
    return arranged


def voice_to_json(voice: VoiceSummary) -> dict[str, Any]:
    """Arrange what was heard of a voice."""
    arranged: dict[str, Any] = without_nan(_voice(voice))
    return arranged


def without_nan(value: Any) -> Any:
    """Replace every float that is not finite by None, in nested dictionaries and lists."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: without_nan(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(part) for part in value]
    return value


def _singer(singer: SingerSuggestion) -> dict[str, Any]:
    return {
        "singer_id": singer.singer_id,
        "name": singer.name,
        "score": singer.score,
        "signals": dict(singer.signals),
        "likeness": singer.likeness and asdict(singer.likeness),
        "reason": singer.reason,
        "evidence": [asdict(part) for part in singer.evidence],
        "moments": [_moment(moment) for moment in singer.moments],
    }


def _song(song: SongSuggestion) -> dict[str, Any]:
    return {
        "track_id": song.track_id,
        "title": song.title,
        "singer_id": song.singer_id,
        "singer_name": song.singer_name,
        "score": song.score,
        "signals": dict(song.signals),
        "reason": song.reason,
        "evidence": [asdict(part) for part in song.evidence],
        "key_shift_semitones": song.key_shift_semitones,
        "in_range_before": song.in_range_before,
        "in_range_after": song.in_range_after,
        "key_shift_confidence": song.key_shift_confidence,
        "highest_note_midi": song.highest_note_midi,
        "longest_note": song.longest_note and asdict(song.longest_note),
        "singability": song.singability and asdict(song.singability),
        "conversion": song.conversion and asdict(song.conversion),
        "moments": [_moment(moment) for moment in song.moments],
    }


def _moment(moment: Moment) -> dict[str, Any]:
    return asdict(moment)


def _voice(voice: VoiceSummary) -> dict[str, Any]:
    return {
        "range": {
            "lowest_midi": voice.vocal_range.lowest_midi,
            "highest_midi": voice.vocal_range.highest_midi,
            "tessitura_midi": list(voice.vocal_range.tessitura_midi),
            "voiced_s": voice.vocal_range.voiced_s,
            "sufficient": voice.vocal_range.sufficient,
        },
        "female_probability": voice.female_probability,
        "voice_gender": voice.voice_gender,
        "quality": asdict(voice.quality),
    }
