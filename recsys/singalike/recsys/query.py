"""What singers and songs are compared with: a voice, seeds that stand for what is liked, or both in one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import USUAL_BAND, UndecidedBand, Vectors, VoiceProfile
from singalike.recsys.catalogue_view import CatalogueView, tessitura_of
from singalike.recsys.medoids import unit_rows
from singalike.recsys.vector_space import VectorSpace


@dataclass(frozen=True, eq=False)
class QueryPart:
    """One voice, singer or track among those that a query is made of.

    Attributes:
        weight: Above 0: more like this; below 0: less like this.
        timbre, style: float32 (dim,), unit vectors after centring; zero where nothing is known.
        melody: float32 (melody_dim,), unit or zero.
        female_probability: In [0, 1]; NaN when not known.
        tessitura_midi: float64 (2,), MIDI pitch; NaN when not known.
    """

    weight: float
    timbre: Vectors
    style: Vectors
    melody: Vectors
    female_probability: float
    tessitura_midi: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class VoiceQuery:
    """What everything in a catalogue is compared with.

    Attributes:
        timbre, style, melody: Unit vectors as in `QueryPart`; zero where nothing is known.
        female_probability: In [0, 1]; NaN when not known.
        tessitura_midi: Lowest and highest MIDI pitch; NaN when not known.
        voice_share: Share of the person's own voice in the parts above zero, in [0, 1]; 0 without a voice.
        undecided_band: Where the ear leaves the voice gender open.
        unlike: The parts below zero.
    """

    timbre: Vectors
    style: Vectors
    melody: Vectors
    female_probability: float
    tessitura_midi: tuple[float, float]
    voice_share: float = 1.0
    undecided_band: UndecidedBand = USUAL_BAND
    unlike: tuple[QueryPart, ...] = ()


def voice_query(profile: VoiceProfile, view: CatalogueView) -> VoiceQuery:
    """Compare with a voice alone."""
    return compose_query(profile, (), view)


def compose_query(profile: VoiceProfile | None, seeds: Sequence[QueryPart], view: CatalogueView) -> VoiceQuery:
    """Join a voice and seeds.

    Vectors are the normalised sum of weight x centred unit vector over the parts above zero (Rocchio 1971 without its
    negative term, which can point anywhere); voice gender and tessitura are weighted means over the parts where they
    are known. Parts below zero push away what is near to them, as dislikes do.

    Args:
        profile: The person's voice, of weight 1; None without one.
        seeds: More like these, less like those.
        view: A catalogue that is not empty.
    """
    own = () if profile is None else (voice_part(profile, view),)
    parts = (*own, *(seed for seed in seeds if seed.weight > 0))
    if not parts:
        return _nothing_known(seeds, view)
    weights = np.array([part.weight for part in parts])
    tessitura = _known_mean(np.array([part.tessitura_midi for part in parts]), weights)
    return VoiceQuery(
        timbre=_joined([part.timbre for part in parts], weights),
        style=_joined([part.style for part in parts], weights),
        melody=_joined([part.melody for part in parts], weights),
        female_probability=float(_known_mean(np.array([[part.female_probability] for part in parts]), weights)[0]),
        tessitura_midi=(float(tessitura[0]), float(tessitura[1])),
        voice_share=float(len(own) / weights.sum()),
        undecided_band=USUAL_BAND if profile is None else profile.undecided_band,
        unlike=tuple(seed for seed in seeds if seed.weight < 0),
    )


def voice_part(profile: VoiceProfile, view: CatalogueView, weight: float = 1.0) -> QueryPart:
    """Take a profile as part of a query."""
    sung = profile.vocal_range
    return QueryPart(
        weight,
        _centred(_space(view.timbre), profile.timbre),
        _centred(_space(view.style), profile.style),
        profile.melody,
        profile.female_probability,
        np.array(sung.tessitura_midi if sung.sufficient else (np.nan, np.nan)),
    )


def singer_part(row: int, view: CatalogueView, weight: float) -> QueryPart:
    """Take a singer of the catalogue as part of a query."""
    return QueryPart(
        weight,
        _space(view.timbre).centroids[row],
        _space(view.style).centroids[row],
        unit_rows(view.mean_melody[row][None])[0],
        float(view.female_probability[row]),
        view.tessitura[row],
    )


def track_part(row: int, view: CatalogueView, weight: float) -> QueryPart:
    """Take a track of the catalogue as part of a query."""
    track = view.tracks[row]
    return QueryPart(
        weight,
        _centred(_space(view.timbre), track.timbre),
        _centred(_space(view.style), track.style),
        track.melody,
        track.female_probability,
        tessitura_of(track.seconds_per_semitone[None])[0],
    )


def _nothing_known(seeds: Sequence[QueryPart], view: CatalogueView) -> VoiceQuery:
    timbre, style, melody = (
        np.zeros(vectors.shape[1], dtype=np.float32)
        for vectors in (_space(view.timbre).centroids, _space(view.style).centroids, view.melody)
    )
    return VoiceQuery(timbre, style, melody, np.nan, (np.nan, np.nan), 0.0, unlike=tuple(seeds))


def _space(space: VectorSpace | None) -> VectorSpace:
    assert space is not None
    return space


def _centred(space: VectorSpace, vector: Vectors) -> Vectors:
    return unit_rows((vector - space.mean)[None])[0] if np.any(vector) else vector


def _joined(vectors: Sequence[Vectors], weights: NDArray[np.float64]) -> Vectors:
    return np.asarray(unit_rows((weights @ np.stack(vectors))[None])[0])


def _known_mean(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average rows by weight, column by column, over those that are known; NaN where none is."""
    known = weights[:, None] * np.isfinite(values)
    total = known.sum(axis=0)
    mean = np.where(total > 0, (known * np.nan_to_num(values)).sum(axis=0) / np.where(total > 0, total, 1.0), np.nan)
    return np.asarray(mean)
