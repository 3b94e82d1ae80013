"""The named signals of a singer for a voice: each in [0, 1], NaN where it cannot be computed."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import UndecidedBand, Vectors, VoiceProfile
from singalike.recsys.calibration import Calibration, Similarities, likeness
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.neighbours import CLOSE_MOMENT_SHARE, SegmentHits, close_moments
from singalike.recsys.vector_space import VectorSpace

SignalTable = Mapping[str, Similarities]
"""Signals by name, float64 (rows,) each."""


def singer_signals(profile: VoiceProfile, view: CatalogueView, timbre_hits: SegmentHits) -> SignalTable:
    """Compute all signals of all singers of a view that is not empty.

    Args:
        profile: The person's voice.
        view: The catalogue.
        timbre_hits: Nearest segments by timbre, for the singers that an index found.

    Returns:
        timbre, style, melody, voice_gender and tessitura, float64 (singers,) each.
    """
    assert view.timbre is not None
    assert view.style is not None
    return {
        "timbre": timbre_signal(view.timbre, profile.timbre, timbre_hits),
        "style": style_signal(view.style, profile.style),
        "melody": melody_taste(profile.melody, view.mean_melody, view.singer_melody_calibration),
        "voice_gender": same_gender(profile.female_probability, view.female_probability, profile.undecided_band),
        "tessitura": tessitura_overlap(person_tessitura(profile), view.tessitura),
    }


def timbre_signal(space: VectorSpace, timbre: Vectors, hits: SegmentHits) -> Similarities:
    """Compare vocal-tract colour: likeness(z of the whole recording + bonus for close moments).

    The bonus is `CLOSE_MOMENT_SHARE` x (cosine by which the singer's nearest segments stand out / deviation between
    singers).
    """
    bonus = close_moments(hits, len(space.centroids)) / space.raw_deviation
    return _silent_is_unknown(timbre, likeness(space.z(timbre) + CLOSE_MOMENT_SHARE * bonus))


def style_signal(space: VectorSpace, style: Vectors) -> Similarities:
    """Compare the way of singing: likeness(z of the whole recording)."""
    return _silent_is_unknown(style, likeness(space.z(style)))


def melody_taste(melody: Vectors, tracks: Vectors, calibration: Calibration) -> Similarities:
    """Compare melodies: likeness(z of the cosine).

    Args:
        melody: The person's, float32 (melody_dim,), unit or zero.
        tracks: Of tracks, or means over a singer's tracks (their dot product is the mean cosine), (rows, melody_dim).
        calibration: Of unrelated pairs of the same kind.

    Returns:
        float64 (rows,), NaN where either sang too little for a melody.
    """
    if not np.any(melody):
        return np.full(len(tracks), np.nan)
    known = np.einsum("rd,rd->r", tracks, tracks) > 0
    return np.where(known, likeness(calibration.z((tracks @ melody).astype(np.float64))), np.nan)


def same_gender(person: float, singers: Similarities, band: UndecidedBand) -> Similarities:
    """Return the probability that both recordings sound of one voice_gender: p q + (1 - p)(1 - q).

    Inside the undecided band both p and q are pulled towards 1/2, so a voice that could be either hardly moves singers
    past each other.

    Args:
        person: Probability that the person sounds female.
        singers: float64 (singers,), the same of the singers.
        band: Where the ear leaves the voice gender open.
    """
    p, q = band.faded(np.asarray(person)), band.faded(singers)
    return np.asarray(p * q + (1.0 - p) * (1.0 - q))


def person_tessitura(profile: VoiceProfile) -> tuple[float, float]:
    """Return the person's tessitura in MIDI pitch, NaN when too little was sung."""
    return profile.vocal_range.tessitura_midi if profile.vocal_range.sufficient else (np.nan, np.nan)


def tessitura_overlap(person: tuple[float, float], singers: NDArray[np.float64]) -> Similarities:
    """Divide the common part of two tessituras by all that either covers (Jaccard index of intervals).

    Args:
        person: Lowest and highest MIDI pitch; each end is widened by half a semitone, so that one note has a width.
        singers: float64 (singers, 2), the same.

    Returns:
        float64 (singers,), NaN where either is unknown.
    """
    low, high = person[0] - 0.5, person[1] + 0.5
    lows, highs = singers[:, 0] - 0.5, singers[:, 1] + 0.5
    common = np.maximum(np.minimum(high, highs) - np.maximum(low, lows), 0.0)
    covered = (high - low) + (highs - lows) - common
    return np.asarray(common / covered)


def _silent_is_unknown(vector: Vectors, signal: Similarities) -> Similarities:
    return signal if np.any(vector) else np.full_like(signal, np.nan)
