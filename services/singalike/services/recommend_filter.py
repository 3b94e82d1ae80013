"""What a request for suggestions may ask for, and which singers and tracks that leaves."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from singalike.errors import FieldViolation, InvalidInputError
from singalike.recsys.catalogue_view import CatalogueView
from singalike.services.ports import IndexFilter

MAX_K = 100


@dataclass(frozen=True)
class RecommendOptions:
    """How to answer; empty fields do not restrict.

    Attributes:
        k: Singers and songs to suggest at most, 1 to 100.
        timbre_style: Dial: 0 listens to timbre alone, .5 is balanced, 1 listens to style alone.
        excluded_singer_ids, excluded_track_ids: Never suggested; unknown ids are ignored.
        genres, languages, voice_genders: Only tracks and singers whose owner said one of these.
        signals_off: Names of signals that do not count.

    Raises:
        InvalidInputError: BAD_K, BAD_TIMBRE_STYLE.
    """

    k: int = 10
    timbre_style: float = 0.5
    excluded_singer_ids: frozenset[str] = frozenset()
    excluded_track_ids: frozenset[str] = frozenset()
    genres: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    voice_genders: frozenset[str] = frozenset()
    signals_off: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not 1 <= self.k <= MAX_K:
            raise _refused("BAD_K", "k", f"k is {self.k}: ask for 1 to {MAX_K} suggestions")
        if not 0.0 <= self.timbre_style <= 1.0:
            raise _refused("BAD_TIMBRE_STYLE", "timbre_style", "timbre_style lies between 0 (timbre) and 1 (style)")

    @property
    def index_filter(self) -> IndexFilter:
        """The same restrictions in the words of the index."""
        return IndexFilter(
            genres=self.genres,
            languages=self.languages,
            voice_genders=self.voice_genders,
            excluded_singer_ids=self.excluded_singer_ids,
            excluded_track_ids=self.excluded_track_ids,
        )

    def filter_for(self, singer_ids: frozenset[str]) -> IndexFilter:
        """Return the same restrictions for some singers only."""
        return replace(self.index_filter, singer_ids=singer_ids)


@dataclass(frozen=True, eq=False)
class Allowed:
    """What may be suggested.

    Attributes:
        singers: bool (singers,), those with at least one allowed track.
        tracks: bool (tracks,).
    """

    singers: NDArray[np.bool_]
    tracks: NDArray[np.bool_]


def allow(view: CatalogueView, options: RecommendOptions) -> Allowed:
    """Apply the restrictions of a request to a view that is not empty."""
    tracks = np.ones(len(view.tracks), dtype=bool)
    for wanted, stated in (("genres", "genre"), ("languages", "language"), ("voice_genders", "voice_gender")):
        values = getattr(options, wanted)
        if values:
            tracks &= np.array([getattr(track, stated) in values for track in view.tracks])
    barred = [view.singer_rows[key] for key in options.excluded_singer_ids if key in view.singer_rows]
    tracks &= ~np.isin(view.track_singer, barred)
    tracks[[view.track_rows[key] for key in options.excluded_track_ids if key in view.track_rows]] = False
    return Allowed(np.logical_or.reduceat(tracks, view.first_track), tracks)


def _refused(reason: str, field: str, message: str) -> InvalidInputError:
    return InvalidInputError(reason, message, (FieldViolation(field, message),))
