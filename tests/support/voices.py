"""Catalogue views and voices with chosen traits, without any sound."""

import numpy as np

from singalike.audio.quality import QualityReport
from singalike.embeddings.profile import MIDI_PITCHES, Segments, SungNotes, Vectors, VocalRange, VoiceProfile
from singalike.recsys.catalogue_view import CatalogueView, TrackView, build_view, track_view
from tests.support.fake_ear import unit_rows

TIMBRE_DIM, STYLE_DIM, MELODY_DIM = 16, 8, 6


def voice(
    seed: int,
    take: int = 0,
    *,
    spread: float = 0.3,
    semitones: tuple[int, ...] = (57, 59, 60, 62, 64),
    voiced_s: float = 20.0,
    female_probability: float = 0.5,
    segments: int = 6,
    model_version: str = "fake-1",
    sung_notes: SungNotes | None = None,
) -> VoiceProfile:
    """Draw a take of the voice `seed`: takes of one voice lie `spread` around its centre."""
    centres, random = np.random.default_rng(seed), np.random.default_rng([seed, take])
    rows = []
    for dim in (TIMBRE_DIM, STYLE_DIM, MELODY_DIM):
        centre = unit_rows(centres.standard_normal((1, dim)))
        rows.append(unit_rows(centre + spread * random.standard_normal((segments, dim)) / np.sqrt(dim)))
    starts = np.arange(segments) * 3.0
    duration_s = 3.0 * segments
    return VoiceProfile(
        *(unit_rows(part.mean(axis=0, keepdims=True))[0] for part in rows),
        segments=Segments(starts, starts + 3.0, *rows),
        female_probability=female_probability,
        vocal_range=sung(semitones, voiced_s),
        quality=QualityReport(duration_s, voiced_s, 30.0, 0.0, more_than_one_voice=False, advice=()),
        model_version=model_version,
        sung_notes=sung_notes,
    )


def sung(semitones: tuple[int, ...], voiced_s: float) -> VocalRange:
    """Spread the voiced time evenly over some semitones."""
    histogram = np.zeros(MIDI_PITCHES, dtype=np.float32)
    histogram[list(semitones)] = voiced_s / len(semitones)
    low, high = float(min(semitones)), float(max(semitones))
    return VocalRange(low, high, (low, high), voiced_s, histogram)


def zeros_like(vectors: Vectors) -> Vectors:
    """Return vectors without direction."""
    return np.zeros_like(vectors)


def track_of(singer: str, title: str, profile: VoiceProfile, **said: str) -> TrackView:
    """Put a profile under a singer and title."""
    return track_view(f"{singer}-{title}", singer, singer.title(), title, profile, **said)


def small_view(singers: int = 6, tracks: int = 3) -> CatalogueView:
    """Arrange `singers` voices (seed = row) with some takes each."""
    return build_view(
        track_of(f"s{singer:02}", f"song {singer} {take}", voice(singer, take + 1))
        for singer in range(singers)
        for take in range(tracks)
    )
