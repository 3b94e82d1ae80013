"""Use case: singers and songs for a voice."""

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

import numpy as np

from singalike.embeddings.profile import VoiceProfile
from singalike.errors import ConcurrentChangeError, FieldViolation, InvalidInputError, NotFoundError
from singalike.recsys.blend import BlendPreset
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.listener_taste import no_popularity, no_taste
from singalike.recsys.presets import POPULAR, SINGERS, SONGS, Presets, shipped_presets
from singalike.recsys.query import QueryPart, compose_query, singer_part, track_part, voice_part
from singalike.recsys.seeds import SINGER, TRACK, Seed
from singalike.recsys.signals import KEY_FIT_GAIN, SIGNALS
from singalike.recsys.suggestions import (
    SingerExplanation,
    SingerSuggestion,
    SongSuggestion,
    Suggestions,
    VoiceSummary,
)
from singalike.services.adapters.page_tokens import bad_token, make_token, read_token
from singalike.services.explain import explain_standing, say_abstention
from singalike.services.interleaved_ranking import InterleavedListing, interleave, with_teams, write_rows
from singalike.services.listener_ports import Listeners
from singalike.services.ports import Catalogue, VoiceIndex
from singalike.services.ranking import Heard, ListenerNow, Ranking, profile_digest, rank
from singalike.services.recently_used import RecentlyUsed
from singalike.services.recommend_answer import hits_to_show, suggest_singers, suggest_songs, summarise
from singalike.services.recommend_filter import Mask, allow
from singalike.services.recommend_options import RecommendOptions
from singalike.services.segment_search import find_hits
from singalike.services.view_keeper import CatalogueState, ViewKeeper
from singalike.services.voice_checks import check_voice
from singalike.services.voice_notes import voice_notes

__all__ = ["DEFAULT_OPTIONS", "RecommendOptions", "Recommender"]

DEFAULT_OPTIONS = RecommendOptions()

VOICES_BYTES, RANKINGS_BYTES = 128 * 2**20, 64 * 2**20
"""Room for what was heard in voices, and for rankings, in bytes."""

VOICE_NUMBERS, RANKING_NUMBERS = 20, 6
"""Numbers of 8 bytes that each keeps of a track, about."""

FEWEST_KEPT, MOST_KEPT = 8, 2000

utc_now = partial(datetime.now, UTC)

ATTEMPTS = 3
"""How often a listener is read again who does something while being read."""

LONGEST_OFFSET = 9
"""Digits of a place in a list."""

SINGER_SIGNALS = frozenset(SIGNALS) - {KEY_FIT_GAIN}


@dataclass(frozen=True, eq=False)
class _Request:
    """One request, with everything that it names looked up."""

    profile: VoiceProfile | None
    options: RecommendOptions
    state: CatalogueState
    seeds: tuple[QueryPart, ...]
    listener: ListenerNow

    @property
    def view(self) -> CatalogueView:
        return self.state.view


class Recommender:
    """Ranks the singers and songs of a catalogue for a voice; safe to call from several threads.

    Args:
        catalogue: The truth.
        index: Nearest segments of the same ear.
        model_version: The ear whose profiles it takes.
        listeners: Knows what listeners like; None: nobody does.
        presets: Weights of the signals; None: those that ship.
        now: The clock, in UTC.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        index: VoiceIndex,
        model_version: str,
        listeners: Listeners | None = None,
        presets: Presets | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._catalogue = catalogue
        self._index = index
        self._model_version = model_version
        self._keeper = ViewKeeper(catalogue, model_version)
        self._listeners = listeners
        self._presets = presets or shipped_presets()
        self._now = now
        self._heard: RecentlyUsed[tuple[object, ...], Heard] = RecentlyUsed(FEWEST_KEPT)
        self._rankings: RecentlyUsed[tuple[str, str], Ranking] = RecentlyUsed(FEWEST_KEPT)

    def refresh(self) -> CatalogueView:
        """Bring the view up to date with the catalogue and wait for it; requests do this by themselves, beside them."""
        return self._keeper.refresh()

    @property
    def views(self) -> ViewKeeper:
        """What keeps the view, for others who follow the same catalogue."""
        return self._keeper

    @property
    def presets(self) -> Presets:
        """The presets that a request may name."""
        return self._presets

    def moment(self) -> Hashable | None:
        """Return what stays equal as long as equal requests have equal answers; quick, also on an event loop.

        None where it cannot be told without a call to the database.
        """
        pulse = self._catalogue.pulse()
        learnt = self._listeners.state("") if self._listeners else ""
        today = int(self._now().timestamp() // 86400)
        return None if pulse is None else (pulse, self._keeper.latest.revision, learnt, today)

    def view(self) -> CatalogueView:
        """Return the view that requests work on."""
        return self._keeper.view()

    def check_ready(self) -> CatalogueView:
        """Return the view that requests work on, or refuse: WrongStateError CATALOGUE_EMPTY, MODEL_VERSION_MISMATCH."""
        return self._keeper.check_ready().view

    def recommend(self, profile: VoiceProfile | None, options: RecommendOptions = DEFAULT_OPTIONS) -> Suggestions:
        """Suggest singers and songs; a preset that ranks one of them leaves the other with its default.

        Args:
            profile: The person's voice; None when seeds or a listener stand for it.
            options: How many, which not, and how they are chosen.

        Raises:
            InvalidInputError: NO_VOICE (nothing sung, or no voice, seed and listener), UNKNOWN_SIGNAL, NO_SIGNAL_LEFT.
            NotFoundError: PRESET_NOT_FOUND, SINGER_NOT_FOUND, TRACK_NOT_FOUND, VOICE_NOT_FOUND (seeds).
            WrongStateError: MODEL_VERSION_MISMATCH (another ear), CATALOGUE_EMPTY.
        """
        singers = self.recommend_singers(profile, self._preset_for(SINGERS, options))
        songs = self.recommend_songs(profile, self._preset_for(SONGS, options))
        notes = tuple(dict.fromkeys((*singers.notes, *songs.notes)))
        abstention = singers.abstention or songs.abstention
        return replace(singers, songs=songs.songs, notes=notes, next_page_token="", abstention=abstention)

    def recommend_singers(
        self, profile: VoiceProfile | None, options: RecommendOptions = DEFAULT_OPTIONS, page_token: str = ""
    ) -> Suggestions:
        """Suggest singers; as `recommend` otherwise.

        Args:
            profile: As in `recommend`.
            options: As in `recommend`; the same for all pages of a list.
            page_token: Of the page before; empty: the first page.

        Raises:
            InvalidInputError: BAD_PAGE_TOKEN, and as in `recommend`.
            ConcurrentChangeError: RANKING_CHANGED, the list of the token is not kept any more and would be another now.
        """
        ranking, rows, token = self._page(SINGERS, profile, options, page_token)
        hits = hits_to_show(ranking, rows, self._index)
        singers = write_rows(ranking, rows, lambda giver, own: suggest_singers(giver, hits, own))
        return self._answer(ranking, rows, token, singers=singers)

    def recommend_songs(
        self,
        profile: VoiceProfile | None,
        options: RecommendOptions = DEFAULT_OPTIONS,
        page_token: str = "",
        voice_id: str = "",
    ) -> Suggestions:
        """Suggest songs; as `recommend_singers` otherwise.

        Args:
            profile: As in `recommend_singers`.
            options: As in `recommend_singers`.
            page_token: As in `recommend_singers`.
            voice_id: The enrolled voice that the profile is of, if any: conversions name it.
        """
        ranking, rows, token = self._page(SONGS, profile, options, page_token)
        hits = hits_to_show(ranking, rows, self._index)
        songs = write_rows(ranking, rows, lambda giver, own: suggest_songs(giver, hits, own, voice_id))
        return self._answer(ranking, rows, token, songs=songs)

    def explain_singer(
        self, profile: VoiceProfile | None, singer_id: str, options: RecommendOptions = DEFAULT_OPTIONS
    ) -> SingerExplanation:
        """Say why a singer is, or is not, among those suggested.

        Args:
            profile: As in `recommend_singers`.
            singer_id: Who.
            options: As in the call for singers that the question is about.

        Raises:
            NotFoundError: SINGER_NOT_FOUND, and as in `recommend_singers`.
        """
        ranking = self.rank(SINGERS, profile, options)
        if singer_id not in ranking.view.singer_rows:
            raise NotFoundError("SINGER_NOT_FOUND", f"no singer {singer_id!r}: take an id of ListSingers")
        row = ranking.view.singer_rows[singer_id]
        return explain_standing(
            ranking, row, suggest_singers(ranking, hits_to_show(ranking, [row], self._index), [row])[0]
        )

    def rank(self, ranks: str, profile: VoiceProfile | None, options: RecommendOptions = DEFAULT_OPTIONS) -> Ranking:
        """Return the whole ranking behind a first page, for those who explain or measure it."""
        return self._ranking(ranks, self._look_up(profile, options))

    def _page(
        self, ranks: str, profile: VoiceProfile | None, options: RecommendOptions, page_token: str
    ) -> tuple[Ranking, list[int], str]:
        """Return the ranking, the rows of a page, best first, and the token of the page after it."""
        scope = (ranks, options.digest(), profile_digest(profile))
        state, offset = _read_place(page_token, scope)
        request = self._look_up(profile, options)
        ranking = self._ranking(ranks, request, state)
        if ranking.abstention:
            return ranking, [], ""
        allowed = ranking.allowed_rows & self._still_allowed(ranking, request) if state else ranking.allowed_rows
        rows, after = ranking.listing.take(offset, allowed)
        if not isinstance(ranking.listing, InterleavedListing):
            rows.sort(key=lambda row: -ranking.blend.score[row])
        token = "" if after is None else make_token("suggestions", scope, f"{ranking.state}:{after}")
        return ranking, rows, token

    def _look_up(self, profile: VoiceProfile | None, options: RecommendOptions) -> _Request:
        if profile is not None:
            check_voice(profile, self._model_version)
        elif not options.listener_id and not any(seed.weight > 0 for seed in options.seeds):
            message = "give a voice, a seed with a weight above zero, or a listener"
            raise InvalidInputError("NO_VOICE", message, (FieldViolation("voice", message),))
        state = self._keeper.check_ready()
        self._heard.hold(_room(VOICES_BYTES, VOICE_NUMBERS, state.view))
        self._rankings.hold(_room(RANKINGS_BYTES, RANKING_NUMBERS, state.view))
        exclusions = self._listeners.exclusions(options.listener_id) if self._listeners and options.listener_id else ()
        seeds = tuple(self._seed(seed, state.view) for seed in options.seeds)
        listener = self._listener(options.listener_id, state.view)
        return _Request(profile, options.with_exclusions(exclusions), state, seeds, listener)

    def _listener(self, listener_id: str, view: CatalogueView) -> ListenerNow:
        today = int(self._now().timestamp() // 86400)
        if self._listeners is None:
            return ListenerNow(no_taste(view), no_popularity(view), today, f"{today}")
        state = self._listeners.state(listener_id)
        for _ in range(ATTEMPTS):
            taste = self._listeners.taste(listener_id, view) if listener_id else no_taste(view)
            popularity, before = self._listeners.popularity(view), state
            state = self._listeners.state(listener_id)
            if state == before:  # else something changed while it was read, and the name of this state is another's
                break
        return ListenerNow(taste, popularity, today, f"{today} {before}")

    def _seed(self, seed: Seed, view: CatalogueView) -> QueryPart:
        if seed.kind == SINGER:
            if seed.id not in view.singer_rows:
                raise NotFoundError("SINGER_NOT_FOUND", f"no singer {seed.id!r} for a seed: take an id of ListSingers")
            return singer_part(view.singer_rows[seed.id], view, seed.weight)
        if seed.kind == TRACK:
            if seed.id not in view.track_rows:
                raise NotFoundError("TRACK_NOT_FOUND", f"no track {seed.id!r} for a seed: take an id of ListTracks")
            return track_part(view.track_rows[seed.id], view, seed.weight)
        profile = self._catalogue.get_voice(seed.id).profile
        check_voice(profile, self._model_version)
        return voice_part(profile, view, seed.weight)

    def _ranking(self, ranks: str, request: _Request, of_state: str = "") -> Ranking:
        """Find or make the ranking of a request; the one of a token is found, or made when nothing has changed."""
        if "+" in request.options.preset:
            return self._interleaved(ranks, request, of_state)
        return self._plain_ranking(ranks, request, of_state)

    def _plain_ranking(self, ranks: str, request: _Request, of_state: str = "") -> Ranking:
        preset = self._preset(ranks, request)
        key = (ranks, profile_digest(request.profile), request.options.digest())
        state = _digest(*key, str(request.state.revision), request.listener.state, repr(preset))
        if of_state and of_state != state:
            return self._ranking_of(ranks, of_state)
        return self._rankings.get((ranks, state), lambda: self._rank(ranks, request, preset, state))

    def _interleaved(self, ranks: str, request: _Request, of_state: str) -> Ranking:
        options = request.options
        first, second = (
            self._plain_ranking(ranks, replace(request, options=replace(options, preset=preset)))
            for preset in options.preset.split("+", 1)
        )
        state = _digest(first.state, second.state)
        if of_state and of_state != state:
            return self._ranking_of(ranks, of_state)
        return self._rankings.get((ranks, state), lambda: interleave(first, second, state))

    def _ranking_of(self, ranks: str, state: str) -> Ranking:
        kept = self._rankings.find((ranks, state))
        if kept is None:
            raise ConcurrentChangeError(
                "RANKING_CHANGED", "the list has changed since its first page: start again without a token"
            )
        return kept

    def _rank(self, ranks: str, request: _Request, preset: BlendPreset, state: str) -> Ranking:
        options, view, listener = request.options, request.view, request.listener
        allowed = allow(view, options, listener.taste)
        popular = self._presets.default(POPULAR, ranks)
        revision = request.state.revision
        return rank(ranks, options, preset, popular, self._hear(request), listener, allowed, revision, state)

    def _hear(self, request: _Request) -> Heard:
        profile, options, view = request.profile, request.options, request.view
        where = options.index_filter

        def hear() -> Heard:
            query = compose_query(profile, request.seeds, view)
            hits = find_hits(self._index, profile, view, where)
            return Heard(profile, query, view, hits, options.singing_mode, options.original_key)

        asked = (options.seeds, where, options.singing_mode, options.original_key)
        key = (profile_digest(profile), *asked, request.state.revision)
        return self._heard.get(key, hear)

    def _still_allowed(self, ranking: Ranking, request: _Request) -> Mask:
        """Leave out of a kept ranking what was hidden, excluded or erased since its first page."""
        view, taste = ranking.view, request.listener.taste
        erased = np.zeros(len(view.tracks), dtype=bool)
        if view is not request.view:
            taste = self._listener(request.options.listener_id, view).taste
            erased = np.array([track.track_id not in request.view.track_rows for track in view.tracks])
        tracks = allow(view, request.options, taste).tracks & ~erased
        return np.logical_or.reduceat(tracks, view.first_track) if ranking.ranks == SINGERS else tracks

    def _preset(self, ranks: str, request: _Request) -> BlendPreset:
        options = request.options
        named = options.preset
        preset = self._presets.find(named, ranks) if named else self._presets.default(options.relation, ranks)
        if options.weights:
            preset = preset.weighing(options.weights)
        off = options.signals_off | (frozenset() if ranks == SONGS else frozenset(SIGNALS) - SINGER_SIGNALS)
        return preset.dialled(options.timbre_style).without(off).with_taste_of(request.listener.taste.event_count)

    def _preset_for(self, ranks: str, options: RecommendOptions) -> RecommendOptions:
        """Leave out a preset's name where it ranks the other kind."""
        other = SONGS if ranks == SINGERS else SINGERS
        named = options.preset
        if named and any(
            preset.ranks == other and named in (preset.name, preset.label) for preset in self._presets.all()
        ):
            return replace(options, preset="")
        return options

    def _answer(
        self,
        ranking: Ranking,
        rows: list[int],
        token: str,
        singers: tuple[SingerSuggestion, ...] = (),
        songs: tuple[SongSuggestion, ...] = (),
    ) -> Suggestions:
        profile = ranking.heard.profile
        abstention = say_abstention(ranking)
        notes = voice_notes(
            profile,
            ranking.blend.missing,
            any_allowed=bool(ranking.candidate_count),
            language_code=ranking.options.language_code,
            abstained=abstention is not None,
        )
        found = Suggestions(
            singers=singers,
            songs=songs,
            voice=None if profile is None else VoiceSummary.of(profile),
            notes=notes,
            next_page_token=token,
            abstention=abstention,
            summary=summarise(ranking, rows),
        )
        return with_teams(found, ranking, rows)


def _digest(*parts: str) -> str:
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()


def _room(size: int, numbers: int, view: CatalogueView) -> int:
    """Say how many values of so many numbers for each track there is room for."""
    return min(max(size // (8 * numbers * max(len(view.tracks), 1)), FEWEST_KEPT), MOST_KEPT)


def _read_place(page_token: str, scope: tuple[str, ...]) -> tuple[str, int]:
    """Read of which ranking a page is and where it begins; nothing and 0 for the first page."""
    if not page_token:
        return "", 0
    state, _, offset = read_token(page_token, "suggestions", scope).partition(":")
    if not state or not offset.isdecimal() or len(offset) > LONGEST_OFFSET:
        raise bad_token("it is not one that this list gave out")
    return state, int(offset)
