"""Use case: singers and songs for a voice."""

from collections.abc import Callable, Hashable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from singalike.embeddings.profile import VoiceProfile
from singalike.errors import NotFoundError
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.presets import SINGERS, SONGS, Presets, shipped_presets
from singalike.recsys.suggestions import (
    SingerExplanation,
    SingerSuggestion,
    SongSuggestion,
    Suggestions,
)
from singalike.services.listeners.listener_ports import Listeners
from singalike.services.page_tokens import bad_token, make_token, read_token
from singalike.services.ports import Catalogue, VoiceIndex
from singalike.services.recommender.explain import explain_standing, say_abstention, say_heard
from singalike.services.recommender.interleaved_ranking import InterleavedListing, giver_of, with_teams, write_rows
from singalike.services.recommender.ranking import Ranking, profile_digest
from singalike.services.recommender.ranking_keeper import RankingKeeper, options_for
from singalike.services.recommender.recommend_answer import hits_to_show, suggest_singers, suggest_songs, summarise
from singalike.services.recommender.recommend_filter import Mask
from singalike.services.recommender.recommend_options import RecommendOptions
from singalike.services.recommender.request_lookup import RequestLookup
from singalike.services.view_keeper import ViewKeeper
from singalike.services.voice_notes import voice_notes

__all__ = ["DEFAULT_OPTIONS", "RecommendOptions", "Recommender"]

DEFAULT_OPTIONS = RecommendOptions()

utc_now = partial(datetime.now, UTC)

LONGEST_OFFSET = 9
"""Digits of a place in a list."""


class Recommender:
    """Ranks the singers and songs of a catalogue for a voice; safe to call from several threads.

    Args:
        catalogue: The truth.
        index: Nearest segments of the same ear.
        model_version: The ear whose profiles it takes.
        listeners: Knows what listeners like; None: nobody does.
        presets: Weights of the signals; None: those that ship.
        now: The clock, in UTC.
        index_revision: Up to which revision of the catalogue the index holds it; None: it never lags.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        index: VoiceIndex,
        model_version: str,
        listeners: Listeners | None = None,
        presets: Presets | None = None,
        now: Callable[[], datetime] = utc_now,
        index_revision: Callable[[], int] | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._index = index
        self._index_revision = index_revision
        self._keeper = ViewKeeper(catalogue, model_version)
        self._listeners = listeners
        self._presets = presets or shipped_presets()
        self._lookup = RequestLookup(catalogue, self._keeper, model_version, listeners, now)
        self._rankings = RankingKeeper(self._presets, index, index_revision)

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

    def fingerprint(self, listener_id: str = "") -> Hashable | None:
        """Return what stays equal as long as equal requests have equal answers; quick, also on an event loop.

        None where it cannot be told without a call to the database.

        Args:
            listener_id: Whom the requests name; empty: nobody.
        """
        pulse = self._catalogue.pulse()
        if pulse is None:
            return None
        learnt = self._listeners.state("") if self._listeners else ""
        lapsed = self._listeners.has_lapsed(listener_id) if self._listeners and listener_id else False
        searched = self._index_revision() if self._index_revision else 0
        return (pulse, self._keeper.latest.revision, searched, learnt, lapsed, self._lookup.today())

    def forget_people(self, listener_id: str = "") -> None:
        """Let go of what memory still holds of people, when one of them has been erased: rankings are made again.

        Args:
            listener_id: The listener who was erased; empty: it was a voice.
        """
        self._rankings.forget()
        if self._listeners and listener_id:
            self._listeners.forget(listener_id)

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
        singers = self.recommend_singers(profile, options_for(self._presets, SINGERS, options))
        songs = self.recommend_songs(profile, options_for(self._presets, SONGS, options))
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
        ranking, allowed, rows, token = self._page(SINGERS, profile, options, page_token)
        hits = hits_to_show(ranking, rows, self._index, allowed)
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
        ranking, allowed, rows, token = self._page(SONGS, profile, options, page_token)
        hits = hits_to_show(ranking, rows, self._index, allowed)
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
        hits, giver = hits_to_show(ranking, [row], self._index, ranking.allowed.tracks), giver_of(ranking, row)
        return explain_standing(giver, row, suggest_singers(giver, hits, [row])[0])

    def rank(self, ranks: str, profile: VoiceProfile | None, options: RecommendOptions = DEFAULT_OPTIONS) -> Ranking:
        """Return the whole ranking behind a first page, for those who explain or measure it."""
        return self._rankings.find(ranks, self._lookup.look_up(profile, options))

    def _page(
        self, ranks: str, profile: VoiceProfile | None, options: RecommendOptions, page_token: str
    ) -> tuple[Ranking, Mask, list[int], str]:
        """Return the ranking, tracks that may be shown, the rows of a page, best first, and the next page's token."""
        scope = (ranks, options.digest(), profile_digest(profile))
        state, offset = _read_place(page_token, scope)
        asked = self._lookup.look_up(profile, options)
        ranking = self._rankings.find(ranks, asked, state)
        if offset > ranking.candidate_count:
            raise bad_token("it is not one that this list gave out")
        if ranking.abstention:
            return ranking, ranking.allowed.tracks, [], ""
        allowed = self._rankings.still_allowed(ranking, asked) if state else ranking.allowed.tracks
        rows, after = ranking.listing.take(offset, ranking.rows_with(allowed))
        if not isinstance(ranking.listing, InterleavedListing):
            rows.sort(key=lambda row: -ranking.blend.score[row])
        token = "" if after is None else make_token("suggestions", scope, f"{ranking.state}:{after}")
        return ranking, allowed, rows, token

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
            voice=say_heard(profile, ranking.options.language_code),
            notes=notes,
            next_page_token=token,
            abstention=abstention,
            summary=summarise(ranking, rows),
        )
        return with_teams(found, ranking, rows)


def _read_place(page_token: str, scope: tuple[str, ...]) -> tuple[str, int]:
    """Read of which ranking a page is and where it begins; nothing and 0 for the first page."""
    if not page_token:
        return "", 0
    state, _, offset = read_token(page_token, "suggestions", scope).partition(":")
    if not state or not offset.isdecimal() or len(offset) > LONGEST_OFFSET:
        raise bad_token("it is not one that this list gave out")
    return state, int(offset)
