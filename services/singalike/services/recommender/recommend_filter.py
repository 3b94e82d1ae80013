"""Which singers and tracks a request leaves, and what bars the others."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.listener_taste import ListenerTaste
from singalike.recsys.seeds import SINGER, TRACK
from singalike.recsys.unlike import like_any
from singalike.services.recommender.recommend_options import RecommendOptions

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Allowed:
    """What may be suggested.

    Attributes:
        singers: bool (singers,), those with at least one allowed track.
        tracks: bool (tracks,).
        barred: Tracks that each barrier keeps away, bool (tracks,), by the words of `ExplainSingerResponse.barriers`.
    """

    singers: Mask
    tracks: Mask
    barred: Mapping[str, Mask]

    def barriers_of(self, view: CatalogueView, singer_row: int) -> tuple[str, ...]:
        """Name what keeps a singer away: barriers before all tracks, else all that together do; empty: nothing."""
        if self.singers[singer_row]:
            return ()
        own = view.track_singer == singer_row
        alone = tuple(name for name, mask in self.barred.items() if mask[own].all())
        return alone or tuple(name for name, mask in self.barred.items() if mask[own].any())


def within(view: CatalogueView, options: RecommendOptions) -> RecommendOptions:
    """Leave out ids and words that nothing in a view has: they restrict nothing, and options are kept with rankings."""
    genres, languages = view.genre.code_of, view.language.code_of
    return replace(
        options,
        excluded_singer_ids=_among(options.excluded_singer_ids, view.singer_rows),
        excluded_track_ids=_among(options.excluded_track_ids, view.track_rows),
        unlike_singer_ids=_among(options.unlike_singer_ids, view.singer_rows),
        excluded_genres=_among(options.excluded_genres, genres),
        excluded_languages=_among(options.excluded_languages, languages),
        # Where all are unknown one has to stay: it leaves nothing of the catalogue.
        genres=_among(options.genres, genres) or frozenset(sorted(options.genres)[:1]),
        languages=_among(options.languages, languages) or frozenset(sorted(options.languages)[:1]),
    )


def _among(words: frozenset[str], known: Mapping[str, int]) -> frozenset[str]:
    """Look up the few words, not the many known ones."""
    return frozenset(word for word in words if word in known)


def allow(view: CatalogueView, options: RecommendOptions, taste: ListenerTaste | None = None) -> Allowed:
    """Apply the restrictions of a request, and what a listener hid, to a view that is not empty."""
    barred = {name: mask for name, mask in _barriers(view, options, taste) if mask.any()}
    tracks = ~np.logical_or.reduce([np.zeros(len(view.tracks), dtype=bool), *barred.values()])
    return Allowed(np.logical_or.reduceat(tracks, view.first_track), tracks, barred)


def _barriers(view: CatalogueView, options: RecommendOptions, taste: ListenerTaste | None) -> list[tuple[str, Mask]]:
    """List only those that were asked for: most requests restrict nothing, and masks of all tracks take time."""
    found: list[tuple[str, Mask]] = []
    if options.excluded_singer_ids:
        found.append(("excluded_singer", _tracks_of(view, _rows(view.singer_rows, options.excluded_singer_ids))))
    if taste is not None and (taste.hidden_singers.any() or taste.hidden_tracks.any()):
        found.append(("hidden", taste.hidden_singers[view.track_singer] | taste.hidden_tracks))
    if options.excluded_genres:
        found.append(("excluded_genre", view.genre.among(options.excluded_genres)))
    if options.excluded_languages:
        found.append(("excluded_language", view.language.among(options.excluded_languages)))
    if options.excluded_track_ids:
        found.append(("excluded_tracks", _marked(view, _rows(view.track_rows, options.excluded_track_ids))))
    if options.unlike_singer_ids:
        like = like_any(view, _rows(view.singer_rows, options.unlike_singer_ids))
        found.append(("unlike_voice", like[view.track_singer]))
    return found + _filters(view, options)


def _filters(view: CatalogueView, options: RecommendOptions) -> list[tuple[str, Mask]]:
    found: list[tuple[str, Mask]] = []
    if options.genres:
        found.append(("filter_genre", ~view.genre.among(options.genres)))
    if options.languages:
        found.append(("filter_language", ~view.language.among(options.languages)))
    if options.voice_genders:
        found.append(("filter_voice_gender", ~view.voice_gender.among(options.voice_genders)))
    if options.seeds:
        found.append(("seed", _seeds(view, options)))
    return found


def _seeds(view: CatalogueView, options: RecommendOptions) -> Mask:
    """What was given as an example is known already."""
    singers = _rows(view.singer_rows, {seed.id for seed in options.seeds if seed.kind == SINGER})
    tracks = _rows(view.track_rows, {seed.id for seed in options.seeds if seed.kind == TRACK})
    return _tracks_of(view, singers) | _marked(view, tracks)


def _rows(row_of: Mapping[str, int], ids: frozenset[str] | set[str]) -> list[int]:
    return [row_of[key] for key in sorted(ids) if key in row_of]


def _tracks_of(view: CatalogueView, singers: list[int]) -> Mask:
    return np.isin(view.track_singer, singers)


def _marked(view: CatalogueView, tracks: list[int]) -> Mask:
    mask = np.zeros(len(view.tracks), dtype=bool)
    mask[tracks] = True
    return mask
