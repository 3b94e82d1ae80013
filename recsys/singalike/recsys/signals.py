"""The named signals of singers: each in [0, 1], NaN where it cannot be computed; docs/recommender.md lists them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import UndecidedBand, Vectors
from singalike.recsys.calibration import Calibration, Similarities, likeness, nearness
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.listener_taste import ListenerTaste, Popularity
from singalike.recsys.neighbours import CLOSE_MOMENT_SHARE, SegmentHits, close_moments
from singalike.recsys.query import VoiceQuery
from singalike.recsys.vector_space import VectorSpace

SignalTable = Mapping[str, Similarities]
"""Signals by name, float64 (rows,) each."""

TIMBRE, STYLE, MELODY = "timbre", "style", "melody"
VOICE_GENDER, TESSITURA = "voice_gender", "tessitura"
COLLABORATIVE, POPULARITY, FRESHNESS = "collaborative", "popularity", "freshness"
KEY_FIT_GAIN = "key_fit_gain"
TIMBRE_APART, STYLE_APART, TESSITURA_APART = "timbre_apart", "style_apart", "tessitura_apart"
DUET_COMPASS = "duet_compass"

VOICE_SIGNALS = (TIMBRE, STYLE, MELODY, VOICE_GENDER, TESSITURA, KEY_FIT_GAIN)
LISTENER_SIGNALS = (COLLABORATIVE, POPULARITY, FRESHNESS)
RELATION_SIGNALS = (TIMBRE_APART, STYLE_APART, TESSITURA_APART, DUET_COMPASS)
"""Used by presets for singers who are something else than alike."""

SIGNALS = (*VOICE_SIGNALS, *LISTENER_SIGNALS, *RELATION_SIGNALS)

FRESHNESS_HALF_LIFE_DAYS = 180.0

DUET_CLOSE, DUET_FAR, DUET_OUT_OF_REACH = 4.0, 12.0, 24.0
"""Semitones between the middles of two tessituras: a major third to an octave apart two voices lie well together."""


def singer_signals(query: VoiceQuery, view: CatalogueView, timbre_hits: SegmentHits) -> dict[str, Similarities]:
    """Compute what a voice alone says of all singers of a view that is not empty.

    Args:
        query: The voice, seeds, or both.
        view: The catalogue.
        timbre_hits: Nearest segments by timbre, for the singers that an index found.

    Returns:
        timbre, style, melody, voice_gender, tessitura and the signals of relations, float64 (singers,) each.
    """
    assert view.timbre is not None
    assert view.style is not None
    timbre_z = timbre_deviations(view.timbre, query, timbre_hits)
    style_z = deviations(view.style, query.style)
    overlap = tessitura_overlap(query.tessitura_midi, view.tessitura)
    return {
        TIMBRE: likeness(timbre_z),
        STYLE: likeness(style_z),
        MELODY: melody_taste(query.melody, view.mean_melody, view.mean_melody_known, view.singer_melody_calibration),
        VOICE_GENDER: same_gender(query.female_probability, view.female_probability, query.undecided_band),
        TESSITURA: overlap,
        TIMBRE_APART: likeness(-timbre_z),
        STYLE_APART: likeness(-style_z),
        TESSITURA_APART: 1.0 - overlap,
        DUET_COMPASS: duet_compass(query.tessitura_midi, view.tessitura),
    }


def listener_signals(
    collaborative: Similarities, popularity: Similarities, newest_day: Similarities, today: int
) -> dict[str, Similarities]:
    """Arrange what listeners and the calendar say of singers or tracks.

    Args:
        collaborative: `ListenerTaste.singers` or `.tracks`.
        popularity: `Popularity.singers` or `.tracks`.
        newest_day: Day on which each came, NaN where not known.
        today: In whole days since 1970-01-01, UTC.
    """
    return {COLLABORATIVE: collaborative, POPULARITY: popularity, FRESHNESS: freshness(newest_day, today)}


def singer_listener_signals(
    view: CatalogueView, taste: ListenerTaste, popularity: Popularity, today: int
) -> dict[str, Similarities]:
    """Compute what listeners and the calendar say of all singers."""
    return listener_signals(taste.singers, popularity.singers, view.newest_day, today)


def timbre_deviations(space: VectorSpace, query: VoiceQuery, hits: SegmentHits) -> Similarities:
    """Compare vocal-tract colour: z of the whole recording + bonus for close moments.

    The bonus is `CLOSE_MOMENT_SHARE` x share of the voice in the query x (cosine by which the singer's nearest segments
    stand out / deviation between singers).
    """
    bonus = close_moments(hits, len(space.centroids)) / space.raw_deviation
    return deviations(space, query.timbre) + CLOSE_MOMENT_SHARE * query.voice_share * bonus


def deviations(space: VectorSpace, centred: Vectors) -> Similarities:
    """Return deviations above unrelated singers, float64 (singers,), NaN for a zero vector.

    Args:
        space: Timbre or style of all singers.
        centred: Unit vector after centring, or zero, float32 (dim,).
    """
    if not np.any(centred):
        return np.full(len(space.centroids), np.nan)
    return space.calibration.z(space.centred_similarities(centred[None])[0])


def melody_taste(melody: Vectors, tracks: Vectors, known: NDArray[np.bool_], calibration: Calibration) -> Similarities:
    """Compare melodies: likeness(z of the cosine).

    Args:
        melody: The person's, float32 (melody_dim,), unit or zero.
        tracks: Of tracks, or means over a singer's tracks (their dot product is the mean cosine), (rows, melody_dim).
        known: bool (rows,), which rows are not zero.
        calibration: Of unrelated pairs of the same kind.

    Returns:
        float64 (rows,), NaN where either sang too little for a melody.
    """
    if not np.any(melody):
        return np.full(len(tracks), np.nan)
    return np.where(known, likeness(calibration.z((tracks @ melody).astype(np.float64))), np.nan)


def same_gender(person: float, singers: Similarities, band: UndecidedBand) -> Similarities:
    """Return the probability that both recordings sound of one voice_gender: p q + (1 - p)(1 - q).

    Inside the undecided band both p and q are pulled towards 1/2, so a voice that could be either hardly moves singers
    past each other.

    Args:
        person: Probability that the person sounds female; NaN when not known.
        singers: float64 (singers,), the same of the singers.
        band: Where the ear leaves the voice gender open.
    """
    p, q = band.faded(np.asarray(person)), band.faded(singers)
    return np.asarray(p * q + (1.0 - p) * (1.0 - q))


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


def duet_compass(person: tuple[float, float], singers: NDArray[np.float64]) -> Similarities:
    """Say how well the places of two voices in the compass suit a duet.

    With d, the distance in semitones of the middles of the tessituras: d / 4 up to a major third, 1 from there to an
    octave, then falling evenly to 0 at two octaves. Thirds, sixths and octaves are what second voices sing, so both are
    at home in one song; a choice of the house, not a measurement.

    Args:
        person: Lowest and highest MIDI pitch of the tessitura.
        singers: float64 (singers, 2), the same.

    Returns:
        float64 (singers,), in [0, 1], NaN where either is unknown.
    """
    apart = np.abs(singers.mean(axis=1) - (person[0] + person[1]) / 2.0)
    return np.asarray(np.interp(apart, [0.0, DUET_CLOSE, DUET_FAR, DUET_OUT_OF_REACH], [0.0, 1.0, 1.0, 0.0]))


def freshness(day: Similarities, today: int) -> Similarities:
    """Halve what is 180 days in the catalogue: 2^(-days / 180), in [0, 1], NaN where the day is not known."""
    return np.asarray(np.exp2(-np.maximum(today - day, 0.0) / FRESHNESS_HALF_LIFE_DAYS))


def nearness_to_unlike(query: VoiceQuery, view: CatalogueView) -> Similarities:
    """Say how near each singer is to a seed below zero: the largest of -weight x nearness(z), float64 (singers,)."""
    assert view.timbre is not None
    greatest = np.zeros(len(view))
    for part in query.unlike:
        near = np.nan_to_num(nearness(deviations(view.timbre, part.timbre)))
        greatest = np.maximum(greatest, -part.weight * near)
    return np.clip(greatest, 0.0, 1.0)
