"""From a request to candidates in order: what a voice says, what listeners say, and what is allowed."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.profile import Vectors, VoiceProfile
from singalike.recsys.abstention import contrast, reason_to_abstain
from singalike.recsys.blend import Blend, BlendPreset, blend
from singalike.recsys.catalogue_view import CatalogueView
from singalike.recsys.diversity import POOL, best_first, spread_out
from singalike.recsys.key_fit import EASY, KeyFit, choose_keys
from singalike.recsys.listener_taste import ListenerTaste, Popularity
from singalike.recsys.medoids import unit_rows
from singalike.recsys.neighbours import SegmentHits
from singalike.recsys.pages import cut_page
from singalike.recsys.presets import SINGERS
from singalike.recsys.query import VoiceQuery
from singalike.recsys.signals import (
    LISTENER_SIGNALS,
    TIMBRE,
    TIMBRE_APART,
    SignalTable,
    nearness_to_unlike,
    singer_listener_signals,
    singer_signals,
)
from singalike.recsys.singability import SingabilityTable, singability, undemanding
from singalike.recsys.song_demands import SingingVoice, singing_voice
from singalike.recsys.songs import song_listener_signals, song_signals
from singalike.services.ports import IndexFilter
from singalike.services.recently_used import RecentlyUsed
from singalike.services.recommender.recommend_filter import Allowed, Mask
from singalike.services.recommender.recommend_options import RecommendOptions

LOOK_UPS_KEPT = 4

FEWEST_RIVALS, MOST_RIVALS = 20, 4096

VOICE_DECIDES = 0.5
"""Where taste, popularity and freshness weigh more than this share, names do not hang on the voice."""


@dataclass(frozen=True, eq=False)
class Heard:
    """What a voice and seeds alone say of one state of the catalogue, the same for all listeners.

    Attributes:
        profile: The person's voice; None where a request holds only seeds.
        query: Voice and seeds in one.
        view: The catalogue.
        hits: Nearest segments of the person's recording.
        singing_mode, original_key: Which keys are looked for.
    """

    profile: VoiceProfile | None
    query: VoiceQuery
    view: CatalogueView
    hits: SegmentHits
    singing_mode: str
    original_key: bool

    @property
    def voice(self) -> SingingVoice:
        """Who is to sing: the person; without one, somebody with the tessitura of the seeds."""
        return SingingVoice(self.query.tessitura_midi) if self.profile is None else singing_voice(self.profile)

    @cached_property
    def singers(self) -> SignalTable:
        """Signals of all singers."""
        return singer_signals(self.query, self.view, self.hits)

    @cached_property
    def contrast(self) -> float:
        """How far the person's voice tells singers apart; 0 without a voice."""
        if self.profile is None or self.view.timbre is None:
            return 0.0
        return contrast(self.view.timbre, self.profile.timbre)

    @cached_property
    def keys(self) -> KeyFit:
        """Key fit of all tracks."""
        return choose_keys(self.view.demands, self.voice, self.singing_mode, original_key=self.original_key)

    @cached_property
    def how_hard(self) -> SingabilityTable:
        """How hard all tracks are for who is to sing, each in its key."""
        return singability(self.view.demands, self.voice, self.keys.shift, np.arange(len(self.view.tracks)))

    @cached_property
    def found_again(self) -> RecentlyUsed[IndexFilter, SegmentHits]:
        """What was looked up for the moments of a page."""
        return RecentlyUsed(LOOK_UPS_KEPT)

    @cached_property
    def songs(self) -> SignalTable:
        """Signals of all tracks."""
        ease = undemanding(self.view.demands, self.voice) if self.singing_mode == EASY else 1.0
        return song_signals(self.query, self.view, self.singers, self.keys, ease)

    @cached_property
    def unlike(self) -> NDArray[np.float64]:
        """How near each singer is to a seed below zero, float64 (singers,)."""
        return nearness_to_unlike(self.query, self.view)


@dataclass(frozen=True, eq=False)
class ListenerNow:
    """What is known of who asks, at the moment of asking.

    Attributes:
        taste: In rows of the view.
        popularity: What all listeners like.
        today: In whole days since 1970-01-01, UTC.
        state: Changes whenever any of this may have changed.
    """

    taste: ListenerTaste
    popularity: Popularity
    today: int
    state: str


class Listing:
    """Candidates in their order, cut into pages when they are asked for; safe to share between threads.

    Args:
        order: Rows, best first.
        groups: intp (rows of the view,), the singer of each row; None: every row is a singer.
        size: Places of a page.
        each: Places of one singer in a turn.
    """

    def __init__(self, order: NDArray[np.intp], groups: NDArray[np.intp] | None, size: int, each: int) -> None:
        self.order = order
        self._listed: list[int] = [] if groups is not None else [int(row) for row in order]
        self._left = order if groups is not None else order[:0]
        self._groups = order[:0] if groups is None else groups
        self._size, self._each = size, each
        self._lock = Lock()

    def take(self, offset: int, allowed: Mask) -> tuple[list[int], int | None]:
        """Return the next page.

        Args:
            offset: Where it begins; 0 is the first one.
            allowed: Rows that may still be shown.

        Returns:
            At most `size` rows, and where the page after it begins; None when nothing is left.
        """
        rows: list[int] = []
        with self._lock:
            while len(rows) < self._size and self._reaches(offset):
                row = self._listed[offset]
                offset += 1
                if allowed[row]:
                    rows.append(row)
            more = any(allowed[row] for row in self._listed[offset:]) or bool(allowed[self._left].any())
        return rows, offset if more else None

    def _reaches(self, offset: int) -> bool:
        while offset >= len(self._listed) and len(self._left):
            places = cut_page(self._groups[self._left], self._size, self._each)
            self._listed.extend(self._left[places].tolist())
            self._left = np.delete(self._left, places)
        return offset < len(self._listed)


@dataclass(frozen=True, eq=False)
class Ranking:
    """Singers or songs for one request.

    Attributes:
        ranks: "singers" or "songs".
        options: What was asked for, with the listener's lasting exclusions.
        preset: Weights in force.
        heard, listener, allowed: What it was made from.
        blend: Scores of all rows of the view.
        listing: The candidates.
        candidate_count: How many candidates there are.
        singer_count: How many singers are among them.
        revision: Of the catalogue.
        state: Equal for equal rankings of one request.
        stood_in: Whether nothing that the preset asked for was known, and the most liked stand in.
    """

    ranks: str
    options: RecommendOptions
    preset: BlendPreset
    heard: Heard
    listener: ListenerNow
    allowed: Allowed
    blend: Blend
    listing: Listing
    candidate_count: int
    singer_count: int
    revision: int
    state: str
    stood_in: bool = False

    @property
    def view(self) -> CatalogueView:
        """The catalogue that the rows are of."""
        return self.heard.view

    @cached_property
    def usual(self) -> dict[str, float]:
        """Mean of each signal over the rivals of a suggestion: the best tenth of the rows, at least `FEWEST_RIVALS`."""
        rows = np.flatnonzero(self.allowed_rows)
        count = max(FEWEST_RIVALS, min(len(rows) // 10, MOST_RIVALS))
        if count < len(rows):
            rows = rows[np.argpartition(-self.blend.score[rows], count)[:count]]
        known = {name: values[rows][np.isfinite(values[rows])] for name, values in self.blend.signals.items()}
        return {name: float(values.mean()) for name, values in known.items() if len(values)}

    @cached_property
    def abstention(self) -> str:
        """Why nobody should be named, as a word; empty when names may be given.

        Only where the person's own voice decides: with seeds, or with a taste that weighs more, names mean something.
        """
        profile, weights = self.heard.profile, self.preset.shares()
        if profile is None or self.options.even_if_unsure or self.heard.query.voice_share < 1.0:
            return ""
        if sum(weights.get(name, 0.0) for name in LISTENER_SIGNALS) > VOICE_DECIDES:
            return ""
        told_apart = self.heard.contrast if {TIMBRE, TIMBRE_APART} & weights.keys() else 1.0
        return reason_to_abstain(profile, told_apart, self.singer_count, self.options.k)

    @property
    def allowed_rows(self) -> Mask:
        """Rows that might be suggested."""
        return self.allowed.singers if self.ranks == SINGERS else self.allowed.tracks

    def rows_with(self, tracks: Mask) -> Mask:
        """Return the rows that have any of some tracks, bool (tracks,)."""
        return np.logical_or.reduceat(tracks, self.view.first_track) if self.ranks == SINGERS else tracks

    def centred_timbre(self, rows: NDArray[np.intp] | list[int]) -> Vectors:
        """Return the timbre of some rows after centring, unit rows, float32 (rows, dim)."""
        return centred_timbre(self.view, self.ranks, rows)


def rank(
    ranks: str,
    options: RecommendOptions,
    preset: BlendPreset,
    popular: BlendPreset,
    heard: Heard,
    listener: ListenerNow,
    allowed: Allowed,
    revision: int,
    state: str,
) -> Ranking:
    """Score all rows of the view and put the allowed ones in order.

    Where nothing is known that a preset about the person asks for, `popular` stands in.
    """
    scores = _blend(ranks, preset, heard, listener)
    stood_in = preset.is_personal and not scores.is_personal
    if stood_in:
        preset, scores = popular, _blend(ranks, popular, heard, listener)
    view = heard.view
    if ranks == SINGERS:
        order, groups = best_first(scores.score, allowed.singers, options.random_seed), None
    else:
        order = best_first(scores.score, allowed.tracks, options.random_seed)
        order, groups = _one_version(order, view), view.track_singer
    pool = order[:POOL]
    spread = spread_out(scores.score[pool], centred_timbre(view, ranks, pool), options.diversity)
    order = np.concatenate([pool[spread], order[POOL:]])
    listing = Listing(order, groups, options.k, options.songs_per_singer)
    singer_count = len(order) if groups is None else int(np.count_nonzero(np.bincount(groups[order])))
    return Ranking(
        ranks=ranks,
        options=options,
        preset=preset,
        heard=heard,
        listener=listener,
        allowed=allowed,
        blend=scores,
        listing=listing,
        candidate_count=len(order),
        singer_count=singer_count,
        revision=revision,
        state=state,
        stood_in=stood_in,
    )


def _blend(ranks: str, preset: BlendPreset, heard: Heard, listener: ListenerNow) -> Blend:
    view, taste, popularity = heard.view, listener.taste, listener.popularity
    if ranks == SINGERS:
        signals = {**heard.singers, **singer_listener_signals(view, taste, popularity, listener.today)}
        return blend(signals, preset, np.maximum(taste.disliked_singers, heard.unlike))
    signals = {**heard.songs, **song_listener_signals(view, taste, popularity, listener.today)}
    return blend(signals, preset, np.maximum(taste.disliked_tracks, heard.unlike[view.track_singer]))


def _one_version(order: NDArray[np.intp], view: CatalogueView) -> NDArray[np.intp]:
    """Keep the best track of each song."""
    songs, places = view.song[order], np.arange(len(order))
    first = np.empty(len(view.tracks), dtype=np.intp)
    first[songs[::-1]] = places[::-1]  # of equal indices the last one stays: the first place
    return np.asarray(order[first[songs] == places])


def centred_timbre(view: CatalogueView, ranks: str, rows: NDArray[np.intp] | list[int]) -> Vectors:
    """Return the timbre of singers or tracks after centring, unit rows, float32 (rows, dim)."""
    assert view.timbre is not None
    if ranks == SINGERS:
        return view.timbre.centroids[rows]
    if not len(rows):
        return view.timbre.centroids[:0]
    return unit_rows(np.stack([view.tracks[row].timbre for row in rows]) - view.timbre.mean)


_DIGESTS: "WeakKeyDictionary[VoiceProfile, str]" = WeakKeyDictionary()
"""Of profiles that are in memory anyway: an enrolled voice is asked for again and again."""


def profile_digest(profile: VoiceProfile | None) -> str:
    """Return a text that is equal for equal profiles."""
    if profile is None:
        return ""
    known = _DIGESTS.get(profile)
    if known is None:
        known = _DIGESTS[profile] = _digest_of(profile)
    return known


def _digest_of(profile: VoiceProfile) -> str:
    digest = hashlib.blake2b(digest_size=16)
    parts, sung = profile.segments, profile.vocal_range
    for values in (
        profile.timbre,
        profile.style,
        profile.melody,
        parts.start_s,
        parts.end_s,
        parts.timbre,
        sung.seconds_per_semitone,
    ):
        digest.update(np.ascontiguousarray(values).tobytes())
    digest.update(repr((profile.female_probability, sung.tessitura_midi, sung.voiced_s, profile.sung_notes)).encode())
    digest.update(repr((sung.lowest_midi, sung.highest_midi, profile.quality)).encode())
    digest.update(f"{profile.model_version} {profile.undecided_band}".encode())
    return digest.hexdigest()
