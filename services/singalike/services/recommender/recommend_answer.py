"""From a page of a ranking to suggestions that say why."""

import numpy as np

from singalike.recsys.diversity import list_diversity
from singalike.recsys.moments import best_moments
from singalike.recsys.neighbours import NO_HITS, SegmentHits
from singalike.recsys.presets import POPULAR, SINGERS
from singalike.recsys.signals import TIMBRE_APART
from singalike.recsys.singability import held_notes
from singalike.recsys.suggestions import (
    Conversion,
    Likeness,
    ListSummary,
    Moment,
    SingerSuggestion,
    SongSuggestion,
)
from singalike.services.ports import VoiceIndex
from singalike.services.recommender.explain import likenesses_of, say_why
from singalike.services.recommender.ranking import Ranking
from singalike.services.recommender.recommend_filter import Mask
from singalike.services.recommender.segment_search import find_hits

SEGMENTS_TO_SHOW = 3
"""Segments looked up a second time, for the moments of singers whom the first search did not meet."""

NO_HISTORY = "no_history"
"""Says that a listener is named of whom nothing is known."""


def hits_to_show(ranking: Ranking, rows: list[int], index: VoiceIndex, allowed: Mask) -> SegmentHits:
    """Find segments for the moments of a page.

    Searches once more for singers who are near as a whole but had no segment among the nearest. Nobody who is there for
    being unlike has moments that sound alike.

    Args:
        ranking: What the page is of.
        rows: The page.
        index: Where to search.
        allowed: Tracks whose segments may be shown: those of the ranking that nothing has happened to since.
    """
    view, heard = ranking.view, ranking.heard
    if heard.profile is None or not rows or TIMBRE_APART in ranking.preset.weights:
        return NO_HITS
    hits = heard.hits.only(allowed[heard.hits.track])
    shown = set(rows if ranking.ranks == SINGERS else view.track_singer[rows].tolist())
    silent = shown - set(hits.singer.tolist())
    if not silent:
        return hits
    where = ranking.options.filter_for(frozenset(view.singers[row].singer_id for row in silent))
    profile = heard.profile
    found = heard.found_again.get(where, lambda: find_hits(index, profile, view, where, segments=SEGMENTS_TO_SHOW))
    return hits.joined(found.only(allowed[found.track]))


def suggest_singers(ranking: Ranking, hits: SegmentHits, rows: list[int]) -> tuple[SingerSuggestion, ...]:
    """Write singers of a ranking as suggestions."""
    likenesses = likenesses_of(ranking, rows)
    return tuple(_suggest_singer(ranking, hits, row, alike) for row, alike in zip(rows, likenesses, strict=True))


def suggest_songs(ranking: Ranking, hits: SegmentHits, rows: list[int], voice_id: str) -> tuple[SongSuggestion, ...]:
    """Write tracks of a ranking as suggestions.

    Args:
        ranking: Of songs.
        hits: Segments to show.
        rows: Of the tracks.
        voice_id: The enrolled voice that asks, if any, for the conversion.
    """
    singers = ranking.view.track_singer[np.asarray(rows, dtype=np.intp)].tolist()
    likenesses = likenesses_of(ranking, singers)
    return tuple(
        _suggest_song(ranking, hits, row, voice_id, alike) for row, alike in zip(rows, likenesses, strict=True)
    )


def _suggest_singer(ranking: Ranking, hits: SegmentHits, row: int, likeness: Likeness | None) -> SingerSuggestion:
    singer = ranking.view.singers[row]
    moments = _moments(ranking, hits, hits.singer == row)
    reason, evidence = say_why(ranking, row, likeness, moments)
    return SingerSuggestion(
        singer_id=singer.singer_id,
        name=singer.name,
        score=float(ranking.blend.score[row]),
        signals={part.signal: part.contribution for part in evidence if part.value is not None},
        moments=moments,
        likeness=likeness,
        reason=reason,
        evidence=evidence,
    )


def _suggest_song(
    ranking: Ranking, hits: SegmentHits, row: int, voice_id: str, likeness: Likeness | None
) -> SongSuggestion:
    keys, view = ranking.heard.keys, ranking.view
    track = view.tracks[row]
    moments = _moments(ranking, hits, hits.track == row)
    reason, evidence = say_why(ranking, row, likeness, moments)
    shift = int(keys.shift[row])
    highest, longest = held_notes(view.demands, row, shift)
    return SongSuggestion(
        track_id=track.track_id,
        title=track.title,
        singer_id=track.singer_id,
        singer_name=track.singer_name,
        score=float(ranking.blend.score[row]),
        signals={part.signal: part.contribution for part in evidence if part.value is not None},
        key_shift_semitones=shift,
        in_range_before=_known(keys.before[row]),
        in_range_after=_known(keys.after[row]),
        moments=moments,
        key_shift_confidence=_known(keys.confidence[row]),
        highest_note_midi=highest,
        longest_note=longest,
        singability=ranking.heard.how_hard.of(row),
        reason=reason,
        evidence=evidence,
        conversion=Conversion(voice_id, track.track_id, shift),
    )


def summarise(ranking: Ranking, rows: list[int]) -> ListSummary:
    """Say how a page came about."""
    taste = ranking.listener.taste
    return ListSummary(
        preset=ranking.preset.label,
        weights=ranking.preset.shares(),
        candidate_count=ranking.candidate_count,
        diversity=list_diversity(ranking.centred_timbre(rows)),
        coverage=ranking.singer_count / len(ranking.view),
        fallbacks=_fallbacks(ranking),
        catalogue_revision=ranking.revision,
        learnt_from_events=taste.event_count,
    )


def _fallbacks(ranking: Ranking) -> tuple[str, ...]:
    """Own up to what stood in: nothing to compare with, and a listener without history."""
    asked = ranking.options.listener_id and not ranking.listener.taste.event_count
    return (*((POPULAR,) if ranking.stood_in else ()), *((NO_HISTORY,) if asked else ()))


def _moments(
    ranking: Ranking, hits: SegmentHits, chosen: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]"
) -> tuple[Moment, ...]:
    profile = ranking.heard.profile
    return () if profile is None else best_moments(hits, chosen, ranking.view, profile.segments)


def _known(share: float) -> float | None:
    return None if np.isnan(share) else float(share)
