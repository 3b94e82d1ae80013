"""Use case: singers and songs for a voice."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import VoiceProfile
from singalike.errors import InvalidInputError
from singalike.recsys.blend import VOICE_SINGERS, VOICE_SONGS, Blend, BlendPreset, blend
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.moments import best_moments
from singalike.recsys.neighbours import SegmentHits
from singalike.recsys.signals import singer_signals
from singalike.recsys.songs import ScoredSongs, rank_songs, score_songs
from singalike.recsys.suggestions import SingerSuggestion, SongSuggestion, Suggestions, VoiceSummary
from singalike.services.ports import Catalogue, VoiceIndex
from singalike.services.recommend_filter import Allowed, RecommendOptions, allow
from singalike.services.segment_search import find_hits
from singalike.services.view_keeper import ViewKeeper
from singalike.services.voice_checks import check_voice
from singalike.services.voice_notes import voice_notes

__all__ = ["DEFAULT_OPTIONS", "RecommendOptions", "Recommender"]

DEFAULT_OPTIONS = RecommendOptions()

SINGERS_PER_SONG, FEWEST_SINGERS = 2, 10
"""Songs come from the nearest singers only: this many for each song asked for, and never fewer than the second."""

SEGMENTS_TO_SHOW = 3
"""Segments looked up a second time, for the moments of singers whom the first search did not meet."""


@dataclass(frozen=True, eq=False)
class _Ranking:
    """What singers and songs have in common for one voice."""

    profile: VoiceProfile
    options: RecommendOptions
    view: CatalogueView
    allowed: Allowed
    hits: SegmentHits
    singers: Blend
    song_preset: BlendPreset

    @cached_property
    def singer_order(self) -> NDArray[np.intp]:
        """Rows of the allowed singers, best first; equal scores go by singer id."""
        rows = np.flatnonzero(self.allowed.singers)
        return rows[np.argsort(-self.singers.score[rows], kind="stable")]

    @cached_property
    def songs(self) -> ScoredSongs:
        """The allowed tracks of the nearest singers."""
        near = np.zeros(len(self.view), dtype=bool)
        near[self.singer_order[: max(SINGERS_PER_SONG * self.options.k, FEWEST_SINGERS)]] = True
        rows = np.flatnonzero(self.allowed.tracks & near[self.view.track_singer])
        return score_songs(self.profile, self.view, rows, self.singers.score, self.song_preset)

    @property
    def best_singers(self) -> list[int]:
        """Rows of the singers to suggest."""
        return [int(row) for row in self.singer_order[: self.options.k]]

    @cached_property
    def best_songs(self) -> list[int]:
        """Places in `songs` of the tracks to suggest."""
        return rank_songs(self.songs, self.view, self.options.k)


class Recommender:
    """Ranks the singers and songs of a catalogue for a voice; safe to call from several threads.

    Args:
        catalogue: The truth.
        index: Nearest segments of the same ear.
        model_version: The ear whose profiles it takes.
        singer_preset, song_preset: Weights of the signals.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        index: VoiceIndex,
        model_version: str,
        singer_preset: BlendPreset = VOICE_SINGERS,
        song_preset: BlendPreset = VOICE_SONGS,
    ) -> None:
        self._index = index
        self._model_version = model_version
        self._keeper = ViewKeeper(catalogue, model_version)
        self._singer_preset = singer_preset
        self._song_preset = song_preset

    def refresh(self) -> CatalogueView:
        """Bring the view up to date with the catalogue and wait for it; requests do this by themselves, beside them."""
        return self._keeper.refresh()

    @property
    def views(self) -> ViewKeeper:
        """What keeps the view, for others who follow the same catalogue."""
        return self._keeper

    def view(self) -> CatalogueView:
        """Return the view that requests work on."""
        return self._keeper.view()

    def check_ready(self) -> CatalogueView:
        """Return the view that requests work on, or refuse: WrongStateError CATALOGUE_EMPTY, MODEL_VERSION_MISMATCH."""
        return self._keeper.check_ready().view

    def recommend(self, profile: VoiceProfile, options: RecommendOptions = DEFAULT_OPTIONS) -> Suggestions:
        """Suggest singers and songs.

        Args:
            profile: The person's voice.
            options: How many, which not, and the dial.

        Raises:
            InvalidInputError: NO_VOICE (nothing sung), BAD_K, BAD_TIMBRE_STYLE, UNKNOWN_SIGNAL.
            WrongStateError: MODEL_VERSION_MISMATCH (another ear), CATALOGUE_EMPTY.
        """
        ranking = self._rank(profile, options)
        return self._answer(ranking, ranking.best_singers, ranking.best_songs)

    def recommend_singers(self, profile: VoiceProfile, options: RecommendOptions = DEFAULT_OPTIONS) -> Suggestions:
        """Suggest singers only; as `recommend` otherwise."""
        ranking = self._rank(profile, options)
        return self._answer(ranking, ranking.best_singers, [])

    def recommend_songs(self, profile: VoiceProfile, options: RecommendOptions = DEFAULT_OPTIONS) -> Suggestions:
        """Suggest songs only; as `recommend` otherwise."""
        ranking = self._rank(profile, options)
        return self._answer(ranking, [], ranking.best_songs)

    def _rank(self, profile: VoiceProfile, options: RecommendOptions) -> _Ranking:
        singer_preset = self._singer_preset.dialled(options.timbre_style).without(
            options.signals_off & self._singer_preset.weights.keys()
        )
        song_preset = self._song_preset.without(options.signals_off & self._song_preset.weights.keys())
        _check_signals_off(
            options, singer_preset, song_preset, {*self._singer_preset.weights, *self._song_preset.weights}
        )
        check_voice(profile, self._model_version)
        view = self.check_ready()
        allowed = allow(view, options)
        hits = find_hits(self._index, profile, view, options.index_filter)
        singers = blend(singer_signals(profile, view, hits), singer_preset)
        return _Ranking(profile, options, view, allowed, hits, singers, song_preset)

    def _answer(self, ranking: _Ranking, singer_rows: list[int], song_places: list[int]) -> Suggestions:
        hits = self._hits_to_show(ranking, singer_rows, song_places)
        missing = [*ranking.singers.missing, *(ranking.songs.blend.missing if song_places else ())]
        profile = ranking.profile
        return Suggestions(
            singers=tuple(_singer(ranking, hits, row) for row in singer_rows),
            songs=tuple(_song(ranking, hits, place) for place in song_places),
            voice=VoiceSummary.of(profile),
            notes=voice_notes(profile, tuple(dict.fromkeys(missing)), any_allowed=bool(len(ranking.singer_order))),
        )

    def _hits_to_show(self, ranking: _Ranking, singer_rows: list[int], song_places: list[int]) -> SegmentHits:
        """Search once more for singers who are near as a whole but had no segment among the nearest."""
        view = ranking.view
        shown = {*singer_rows, *(view.track_singer[ranking.songs.rows[song_places]].tolist() if song_places else ())}
        silent = shown - set(ranking.hits.singer.tolist())
        if not silent:
            return ranking.hits
        where = ranking.options.filter_for(frozenset(view.singers[row].singer_id for row in silent))
        found = find_hits(self._index, ranking.profile, view, where, segments=SEGMENTS_TO_SHOW)
        return ranking.hits.joined(found)


def _check_signals_off(
    options: RecommendOptions, singer_preset: BlendPreset, song_preset: BlendPreset, known: set[str]
) -> None:
    unknown = sorted(options.signals_off - known)
    if unknown:
        raise InvalidInputError("UNKNOWN_SIGNAL", f"no signal {unknown[0]!r}: name some of {', '.join(sorted(known))}")
    if not singer_preset.weights or not song_preset.weights:
        raise InvalidInputError("NO_SIGNAL_LEFT", "every signal is switched off: leave at least one on")


def _singer(ranking: _Ranking, hits: SegmentHits, row: int) -> SingerSuggestion:
    singer = ranking.view.singers[row]
    return SingerSuggestion(
        singer_id=singer.singer_id,
        name=singer.name,
        score=float(ranking.singers.score[row]),
        signals=ranking.singers.contributions_of(row),
        moments=best_moments(hits, hits.singer == row, ranking.view, ranking.profile.segments),
    )


def _song(ranking: _Ranking, hits: SegmentHits, place: int) -> SongSuggestion:
    songs, keys = ranking.songs.blend, ranking.songs.keys
    row = ranking.songs.rows[place]
    track = ranking.view.tracks[row]
    return SongSuggestion(
        track_id=track.track_id,
        title=track.title,
        singer_id=track.singer_id,
        singer_name=track.singer_name,
        score=float(songs.score[place]),
        signals=songs.contributions_of(place),
        key_shift_semitones=int(keys.shift[place]),
        in_range_before=_known(keys.before[place]),
        in_range_after=_known(keys.after[place]),
        moments=best_moments(hits, hits.track == row, ranking.view, ranking.profile.segments),
    )


def _known(share: float) -> float | None:
    return None if np.isnan(share) else float(share)
