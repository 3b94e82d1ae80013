"""An invented catalogue and invented listeners whose voice, range and taste are known: what nobody can ask of people.

Every singer, track and listener has hidden numbers. The recommender sees only what it would see of real ones: vectors
with the noise of a recording, a histogram of the pitches of some seconds, and who chose what. What a listener chooses
is drawn from the hidden numbers: the n largest of utility + Gumbel noise, which is choosing n times without
replacement with probabilities proportional to exp(utility).

Source:
    Kool, van Hoof & Welling 2019, Stochastic beams and where to find them (Gumbel-top-k),
    https://arxiv.org/abs/1903.06059.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.recsys.calibration import Similarities
from singalike.recsys.evaluation.invented_profiles import (
    Hidden,
    cosines,
    draw_singers,
    draw_strangers,
    repeat_with_change,
    true_seconds,
)
from singalike.recsys.key_fit import MAX_SHIFT, shares_by_shift

GENRES = 8
TASTE_DIM = 8
OLDEST_DAYS = 1500
FRESH_FOR_DAYS = 180.0
"""After so many days what is new about a song has halved."""

MIXED: Mapping[str, float] = MappingProxyType(
    {
        "voice": 0.45,
        "style": 0.15,
        "gender": 0.2,
        "range": 0.4,
        "melody": 0.15,
        "taste": 0.6,
        "appeal": 0.4,
        "new": 0.15,
    }
)
"""What moves people, in deviations over the tracks: set before any result was seen, an assumption and not a finding."""

VOICE_ALONE: Mapping[str, float] = MappingProxyType({"voice": 0.8, "style": 0.25, "gender": 0.3, "range": 0.5})
"""What people go by who look for voices like theirs and for songs that they can sing, whatever else they like."""

MIXES: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "mixed": MIXED,
        "voice leads": MappingProxyType({**MIXED, "voice": 0.9, "range": 0.6, "taste": 0.3, "appeal": 0.2}),
        "taste leads": MappingProxyType({**MIXED, "voice": 0.25, "range": 0.2, "taste": 1.0}),
        "hits lead": MappingProxyType({**MIXED, "voice": 0.25, "range": 0.2, "taste": 0.35, "appeal": 1.0}),
    }
)


@dataclass(frozen=True)
class WorldSize:
    """How large a world is.

    Attributes:
        singers: In the catalogue.
        tracks_per_singer: Of each.
        taught: Listeners whose choices teach taste and popularity.
        asked: Other listeners, for whom suggestions are judged.
        chosen: What each taught listener chooses, and what each asked one will choose.
        history_lengths: What asked listeners have chosen before, in turn.
    """

    singers: int = 150
    tracks_per_singer: int = 8
    taught: int = 800
    asked: int = 1000
    chosen: int = 20
    history_lengths: tuple[int, ...] = (0, 2, 5, 10, 20, 40)


USUAL_SIZE = WorldSize()


@dataclass(frozen=True, eq=False)
class World:
    """Everything that is true.

    Attributes:
        singers: Hidden numbers of the singers.
        tracks: Those of the tracks, singer by singer.
        track_singer: intp (tracks,).
        genre: intp (singers,).
        age_days: float64 (tracks,), since the track came.
        listeners: Hidden numbers of the listeners, the taught ones first.
        taught: How many of them are taught.
        histories: What each listener has chosen so far, rows of tracks.
        futures: What each asked listener chooses next, rows of tracks; no track twice.
        utility: float64 (listeners, tracks), how much each would like each; of asked ones as they choose next.
    """

    singers: Hidden
    tracks: Hidden
    track_singer: NDArray[np.intp]
    genre: NDArray[np.intp]
    age_days: Similarities
    listeners: Hidden
    taught: int
    histories: tuple[NDArray[np.intp], ...]
    futures: tuple[NDArray[np.intp], ...]
    utility: Similarities = field(repr=False)


def draw_world(
    seed: int,
    mix: Mapping[str, float] = MIXED,
    size: WorldSize = USUAL_SIZE,
    choosiness: float = 2.5,
    sought: Mapping[str, float] | None = None,
) -> World:
    """Invent a catalogue, its listeners and what they choose.

    Args:
        seed: The same seed draws the same world.
        mix: What moves people, by part of the utility, in deviations over the tracks.
        size: How large.
        choosiness: What the utility, of about unit deviation, is multiplied by; 0 chooses by chance.
        sought: What moves asked listeners in what they choose next; None: the same as before.

    Returns:
        The world.
    """
    random = np.random.default_rng(seed)
    genre = np.arange(size.singers) % GENRES
    genre_taste = random.standard_normal((GENRES, TASTE_DIM))
    singers = draw_singers(size.singers, genre_taste[genre], random)
    track_singer = np.repeat(np.arange(size.singers), size.tracks_per_singer)
    tracks = repeat_with_change(singers, track_singer, random)
    age_days = np.floor(np.minimum(random.exponential(400.0, len(track_singer)), OLDEST_DAYS))
    count = size.taught + size.asked
    listeners = draw_strangers(singers, genre_taste[random.integers(0, GENRES, count)], random)
    utility = choosiness * _utility(listeners, tracks, age_days, mix)
    lengths = [size.chosen] * size.taught + [
        size.history_lengths[place % len(size.history_lengths)] for place in range(size.asked)
    ]
    histories = [_choose(row, length, random) for row, length in zip(utility, lengths, strict=True)]
    if sought is not None:
        asked = listeners.rows(slice(size.taught, None))
        utility[size.taught :] = choosiness * _utility(asked, tracks, age_days, sought)
    futures = [
        _choose(_without(row, history), size.chosen, random)
        for row, history in zip(utility[size.taught :], histories[size.taught :], strict=True)
    ]
    return World(
        singers=singers,
        tracks=tracks,
        track_singer=track_singer,
        genre=genre,
        age_days=age_days,
        listeners=listeners,
        taught=size.taught,
        histories=tuple(histories),
        futures=tuple(futures),
        utility=utility,
    )


def _choose(utility: Similarities, count: int, random: Generator) -> NDArray[np.intp]:
    """Choose without replacement, in random order: what comes first says nothing about how much it is liked."""
    best = np.argsort(-(utility + random.gumbel(size=len(utility))))[:count]
    return np.asarray(random.permutation(best), dtype=np.intp)


def _without(utility: Similarities, history: NDArray[np.intp]) -> Similarities:
    left = utility.copy()
    left[history] = -np.inf
    return left


def _utility(listeners: Hidden, tracks: Hidden, age_days: Similarities, mix: Mapping[str, float]) -> Similarities:
    parts = {
        "voice": cosines(listeners.voice, tracks.voice),
        "style": cosines(listeners.style, tracks.style),
        "gender": (listeners.female[:, None] == tracks.female[None]).astype(np.float64),
        "range": _ease(listeners, tracks),
        "melody": cosines(listeners.melody, tracks.melody),
        "taste": listeners.taste @ tracks.taste.T,
        "appeal": np.broadcast_to(tracks.appeal, (len(listeners), len(tracks))),
        "new": np.broadcast_to(2.0 ** (-age_days / FRESH_FOR_DAYS), (len(listeners), len(tracks))),
    }
    return np.asarray(sum(weight * _standardised(parts[name]) for name, weight in mix.items()))


def _standardised(part: Similarities) -> Similarities:
    spread = np.maximum(part.std(axis=1, keepdims=True), 1e-9)
    return np.asarray((part - part.mean(axis=1, keepdims=True)) / spread)


def _ease(listeners: Hidden, tracks: Hidden) -> Similarities:
    """Say how well tracks can be sung: as recorded, and half as much what a better key adds."""
    seconds = true_seconds(tracks)
    found = np.empty((len(listeners), len(tracks)))
    for row, (low, high) in enumerate(listeners.tessitura_midi):
        shares = shares_by_shift(seconds, (float(low), float(high)))
        before = shares[:, MAX_SHIFT]
        found[row] = before + 0.5 * (shares.max(axis=1) - before)
    return found
