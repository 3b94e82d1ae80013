"""Use case: the singers of a catalogue on a map."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.errors import FieldViolation, InvalidInputError, WrongStateError
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.map import FEWEST_SINGERS, place_on_map, silhouette, trustworthiness

SURE_FEMALE, SURE_MALE = 0.65, 0.35
"""Between these probabilities a voice_gender is not stated."""

LOW_BELOW_MIDI, HIGH_FROM_MIDI = 53.0, 60.0
"""Middle of the tessitura: below F3 is called low, from C4 on high."""


@dataclass(frozen=True)
class MapPoint:
    """A singer on the map.

    Attributes:
        singer_id, name: Who.
        x, y: Where, without unit.
        label: Value of the colour that was asked for; None when unknown.
        voice_gender, genre: What the owner said most often; None when not said.
        track_count: Tracks of the singer.
        female_probability: Mean over the tracks.
        tessitura_midi: In MIDI pitch; None when too little was sung.
    """

    singer_id: str
    name: str
    x: float
    y: float
    label: str | None
    voice_gender: str | None
    genre: str | None
    track_count: int
    female_probability: float
    tessitura_midi: tuple[float, float] | None


@dataclass(frozen=True)
class SingerMap:
    """All singers with what the map is worth.

    Attributes:
        points: By singer id.
        colour: What the labels mean.
        trustworthiness: Share of true neighbours kept, in [0, 1].
        silhouette: How well the labels part the map, in [-1, 1]; None when they cannot.
    """

    points: tuple[MapPoint, ...]
    colour: str
    trustworthiness: float
    silhouette: float | None


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the singers of a view stand, float32 (singers, 2), and the share of true neighbours kept."""

    positions: NDArray[np.float32]
    trustworthiness: float


def lay_out(view: CatalogueView, seed: int = 0) -> Layout:
    """Place all singers by timbre, which takes seconds; every colouring can use the same layout.

    Raises:
        WrongStateError: TOO_FEW_SINGERS.
    """
    if view.timbre is None:
        raise WrongStateError("TOO_FEW_SINGERS", f"a map needs {FEWEST_SINGERS} singers, the catalogue is empty")
    positions = place_on_map(view.timbre.centroids, seed)
    return Layout(positions, trustworthiness(view.timbre.centroids, positions))


def check_colour(colour: str) -> None:
    """Refuse a colouring that is none: InvalidInputError BAD_COLOUR."""
    if colour not in LABELS:
        message = f"no colour {colour!r}: take one of {', '.join(LABELS)}"
        raise InvalidInputError("BAD_COLOUR", message, (FieldViolation("colour", message),))


def map_singers(view: CatalogueView, colour: str = "gender", layout: Layout | None = None) -> SingerMap:
    """Place all singers by timbre and label them.

    Args:
        view: The catalogue.
        colour: "gender", "genre" or "range".
        layout: Of this view; made here when not given.

    Raises:
        InvalidInputError: BAD_COLOUR.
        WrongStateError: TOO_FEW_SINGERS.
    """
    check_colour(colour)
    layout = layout or lay_out(view)
    labels = [LABELS[colour](view, row) for row in range(len(view))]
    points = tuple(_point(view, row, layout.positions[row], labels[row]) for row in range(len(view)))
    return SingerMap(points, colour, layout.trustworthiness, silhouette(layout.positions, labels))


def _gender(view: CatalogueView, row: int) -> str | None:
    probability = view.female_probability[row]
    measured = "female" if probability >= SURE_FEMALE else "male" if probability <= SURE_MALE else None
    return view.singers[row].voice_gender or measured


def _genre(view: CatalogueView, row: int) -> str | None:
    return view.singers[row].genre


def _range(view: CatalogueView, row: int) -> str | None:
    middle = view.tessitura[row].mean()
    if np.isnan(middle):
        return None
    return "low" if middle < LOW_BELOW_MIDI else "middle" if middle < HIGH_FROM_MIDI else "high"


LABELS: dict[str, Callable[[CatalogueView, int], str | None]] = {"gender": _gender, "genre": _genre, "range": _range}


def _point(view: CatalogueView, row: int, position: np.ndarray, label: str | None) -> MapPoint:
    singer = view.singers[row]
    low, high = view.tessitura[row]
    return MapPoint(
        singer.singer_id,
        singer.name,
        float(position[0]),
        float(position[1]),
        label,
        singer.voice_gender,
        singer.genre,
        singer.track_count,
        float(view.female_probability[row]),
        None if np.isnan(low) else (float(low), float(high)),
    )
