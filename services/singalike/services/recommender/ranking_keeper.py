"""Makes rankings and keeps the last ones, so that later pages come from the list of the first."""

import hashlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from singalike.embeddings.profile import VoiceProfile
from singalike.errors import ConcurrentChangeError, NotFoundError
from singalike.recsys.blend import BlendPreset
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.presets import POPULAR, SINGERS, SONGS, Presets
from singalike.recsys.query import compose_query
from singalike.recsys.signals import KEY_FIT_GAIN, SIGNALS
from singalike.services.ports import VoiceIndex
from singalike.services.recently_used import RecentlyUsed
from singalike.services.recommender.interleaved_ranking import interleave
from singalike.services.recommender.ranking import Heard, Ranking, profile_digest, rank
from singalike.services.recommender.recommend_filter import Mask, allow
from singalike.services.recommender.recommend_options import RecommendOptions
from singalike.services.recommender.request_lookup import Asked
from singalike.services.recommender.segment_search import find_hits

VOICES_BYTES, RANKINGS_BYTES = 128 * 2**20, 64 * 2**20
"""Room for what was heard in voices, and for rankings, in bytes."""

VOICE_NUMBERS, RANKING_NUMBERS = 20, 10
"""Numbers of 8 bytes that each keeps of a track, about."""

FEWEST_KEPT, MOST_KEPT = 8, 2000

SEGMENT_BYTES = 128 * 2**20
"""Room for the segments of voices behind what is kept, in bytes: a recording of ten minutes has half a megabyte."""

INTERLEAVED = 2
"""Presets that may share a list."""

SINGER_SIGNALS = frozenset(SIGNALS) - {KEY_FIT_GAIN}


class RankingKeeper:
    """Finds the ranking of a request; safe to call from several threads.

    Args:
        presets: Weights of the signals.
        index: Nearest segments.
        index_revision: Up to which revision of the catalogue the index holds it: what was heard with an index that
            lags is not what is heard when it has caught up. None: it never lags.
    """

    def __init__(self, presets: Presets, index: VoiceIndex, index_revision: Callable[[], int] | None = None) -> None:
        self._presets = presets
        self._index = index
        self._index_revision = index_revision
        self._heard: RecentlyUsed[tuple[object, ...], Heard] = RecentlyUsed(
            FEWEST_KEPT, SEGMENT_BYTES, lambda heard: segment_bytes(heard.profile)
        )
        self._rankings: RecentlyUsed[tuple[str, str], Ranking] = RecentlyUsed(
            FEWEST_KEPT, SEGMENT_BYTES, lambda ranking: segment_bytes(ranking.heard.profile)
        )
        self._views: tuple[CatalogueView | None, CatalogueView | None] = (None, None)
        self._revision = -1

    def find(self, ranks: str, asked: Asked, of_state: str = "") -> Ranking:
        """Find or make the ranking of a request.

        Args:
            ranks: "singers" or "songs".
            asked: The request.
            of_state: The ranking that a page token is of; it is found, or made when nothing has changed.

        Raises:
            ConcurrentChangeError: RANKING_CHANGED.
            InvalidInputError: UNKNOWN_SIGNAL, NO_SIGNAL_LEFT.
            NotFoundError: PRESET_NOT_FOUND.
        """
        if asked.state.revision > self._revision:
            self._revision = asked.state.revision
            self._follow(asked.view)
        if "+" in asked.options.preset:
            return self._interleaved(ranks, asked, of_state)
        return self._plain_ranking(ranks, asked, of_state)

    def forget(self) -> None:
        """Let go of all rankings, and with them of what was heard in voices and known of listeners."""
        self._heard.clear()
        self._rankings.clear()

    def _follow(self, view: CatalogueView) -> None:
        """Keep what is of this view, and rankings of the one before it too: each holds its view, which is large."""
        self._views = (view, self._views[0])
        self._heard.hold(_room(VOICES_BYTES, VOICE_NUMBERS, view))
        self._rankings.hold(_room(RANKINGS_BYTES, RANKING_NUMBERS, view))
        self._heard.drop(lambda heard: heard.view is not view)
        self._rankings.drop(lambda ranking: ranking.view not in self._views)

    def _plain_ranking(self, ranks: str, asked: Asked, of_state: str = "") -> Ranking:
        preset = choose_preset(self._presets, ranks, asked)
        key = (ranks, profile_digest(asked.profile), asked.options.digest())
        state = _digest(*key, self._revisions(asked), asked.listener.state, repr(preset))
        if of_state and of_state != state:
            return self._ranking_of(ranks, of_state)
        return self._rankings.get((ranks, state), lambda: self._rank(ranks, asked, preset, state))

    def _interleaved(self, ranks: str, asked: Asked, of_state: str) -> Ranking:
        names = asked.options.preset.split("+")
        if len(names) > INTERLEAVED:
            raise NotFoundError("PRESET_NOT_FOUND", f"{len(names)} presets cannot share a list: name two, as in a+b")
        presets = [self._presets.find(name, ranks) for name in names]
        first, second = (
            self._plain_ranking(ranks, replace(asked, options=replace(asked.options, preset=preset.label)))
            for preset in presets
        )
        state = _digest(first.state, second.state)
        if of_state and of_state != state:
            return self._ranking_of(ranks, of_state)
        return self._rankings.get((ranks, state), lambda: interleave(first, second, state))

    def _revisions(self, asked: Asked) -> str:
        """Name the states of catalogue and index that a request meets."""
        revision = asked.state.revision
        return f"{revision} {revision if self._index_revision is None else min(self._index_revision(), revision)}"

    def _ranking_of(self, ranks: str, state: str) -> Ranking:
        kept = self._rankings.find((ranks, state))
        if kept is None:
            raise ConcurrentChangeError(
                "RANKING_CHANGED", "the list has changed since its first page: start again without a token"
            )
        return kept

    def _rank(self, ranks: str, asked: Asked, preset: BlendPreset, state: str) -> Ranking:
        options, view, listener = asked.options, asked.view, asked.listener
        allowed = allow(view, options, listener.taste)
        popular = self._presets.default(POPULAR, ranks)
        revision = asked.state.revision
        return rank(ranks, options, preset, popular, self._hear(asked), listener, allowed, revision, state)

    def _hear(self, asked: Asked) -> Heard:
        profile, options, view = asked.profile, asked.options, asked.view
        where = options.index_filter

        def hear() -> Heard:
            query = compose_query(profile, asked.seeds, view)
            hits = find_hits(self._index, profile, view, where)
            return Heard(profile, query, view, hits, options.singing_mode, options.original_key)

        chosen = (options.seeds, where, options.singing_mode, options.original_key)
        key = (profile_digest(profile), *chosen, self._revisions(asked))
        return self._heard.get(key, hear)

    def still_allowed(self, ranking: Ranking, asked: Asked) -> Mask:
        """Leave out of a kept ranking what was hidden, excluded or erased since its first page, bool (tracks,)."""
        view, tracks = ranking.view, allow(asked.view, asked.options, asked.listener.taste).tracks
        if view is not asked.view:
            rows = np.array([asked.view.track_rows.get(track.track_id, -1) for track in view.tracks], dtype=np.intp)
            tracks = (rows >= 0) & tracks[rows]
        return np.asarray(ranking.allowed.tracks & tracks)


def segment_bytes(profile: VoiceProfile | None) -> int:
    """Say how much memory the segments of a voice take."""
    if profile is None:
        return 0
    parts = profile.segments
    return sum(vectors.nbytes for vectors in (parts.timbre, parts.style, parts.melody))


def choose_preset(presets: Presets, ranks: str, asked: Asked) -> BlendPreset:
    """Return the weights in force for a request."""
    options = asked.options
    named = options.preset
    preset = presets.find(named, ranks) if named else presets.default(options.relation, ranks)
    if options.weights:
        preset = preset.weighing(options.weights)
    off = options.signals_off | (frozenset() if ranks == SONGS else frozenset(SIGNALS) - SINGER_SIGNALS)
    return preset.dialled(options.timbre_style).without(off).with_taste_of(asked.listener.taste.event_count)


def options_for(presets: Presets, ranks: str, options: RecommendOptions) -> RecommendOptions:
    """Leave out a preset's name where it ranks the other kind."""
    other = SONGS if ranks == SINGERS else SINGERS
    named = options.preset
    if named and any(preset.ranks == other and named in (preset.name, preset.label) for preset in presets.all()):
        return replace(options, preset="")
    return options


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()


def _room(size: int, numbers: int, view: CatalogueView) -> int:
    """Say how many values of so many numbers for each track there is room for."""
    return min(max(size // (8 * numbers * max(len(view.tracks), 1)), FEWEST_KEPT), MOST_KEPT)
