"""Use case: why something is suggested, and why somebody is not."""

from dataclasses import replace
from math import isfinite, isnan

import numpy as np

from singalike.embeddings.profile import VoiceProfile
from singalike.recsys.abstention import missing_voice_s
from singalike.recsys.explanations.facts import IN_RANGE, IN_TESSITURA, Facts, KeyFacts, Standing
from singalike.recsys.explanations.languages import phrases_for
from singalike.recsys.explanations.sentences import reason_of, told_evidence
from singalike.recsys.key_fit import STRETCH
from singalike.recsys.presets import SONGS
from singalike.recsys.suggestions import (
    Abstention,
    Evidence,
    Likeness,
    Moment,
    SignalGap,
    SingerExplanation,
    SingerSuggestion,
    VoiceSummary,
)
from singalike.recsys.voice_likeness import voice_likeness
from singalike.services.recommender.ranking import Ranking


def likenesses_of(ranking: Ranking, singer_rows: list[int]) -> list[Likeness | None]:
    """Say how alike the person and some singers are; None without the person's voice."""
    profile, space = ranking.heard.profile, ranking.view.timbre
    if profile is None or space is None:
        return [None] * len(singer_rows)
    rows = np.asarray(singer_rows, dtype=np.intp)
    return list(voice_likeness(space, profile.timbre, profile.segments.timbre, rows))


def say_why(
    ranking: Ranking, row: int, likeness: Likeness | None, moments: tuple[Moment, ...]
) -> tuple[str, tuple[Evidence, ...]]:
    """Put what a row of a ranking is suggested for into words.

    Args:
        ranking: Of singers or songs.
        row: Of the view.
        likeness: Of the person and the singer.
        moments: Best first.

    Returns:
        The reason as one sentence, and the evidence with its texts.
    """
    facts = facts_of(ranking, row, likeness, moments)
    phrases = phrases_for(ranking.options.language_code)
    return reason_of(facts, phrases), told_evidence(facts, phrases)


def facts_of(ranking: Ranking, row: int, likeness: Likeness | None, moments: tuple[Moment, ...]) -> Facts:
    """Gather what may be said of a row of a ranking."""
    view, query = ranking.view, ranking.heard.query
    song = ranking.ranks == SONGS
    singer = int(view.track_singer[row]) if song else row
    band = query.undecided_band
    return Facts(
        singer=view.singers[singer].name,
        evidence=ranking.blend.evidence_of(row),
        title=view.tracks[row].title if song else "",
        own_voice=query.voice_share == 1.0,
        likeness=likeness,
        person_midi=_known(query.tessitura_midi),
        singer_midi=_known((float(view.tessitura[singer, 0]), float(view.tessitura[singer, 1]))),
        person_gender=band.answer(query.female_probability) if isfinite(query.female_probability) else "",
        singer_gender=band.answer(float(view.female_probability[singer])),
        moment=moments[0] if moments else None,
        moment_title=view.tracks[view.track_rows[moments[0].track_id]].title if moments else "",
        key=_key_facts(ranking, row) if song else None,
        anybody_likes=_anybody_likes(ranking, row),
        usual=ranking.usual,
    )


def _anybody_likes(ranking: Ranking, row: int) -> bool:
    """Smoothing gives everything some popularity; only where somebody is known to like it may a sentence say so."""
    popularity = ranking.listener.popularity
    liked = popularity.liked_tracks if ranking.ranks == SONGS else popularity.liked_singers
    return liked is None or bool(liked[row])


def say_abstention(ranking: Ranking) -> Abstention | None:
    """Say why a ranking names nobody; None when it does."""
    profile = ranking.heard.profile
    if profile is None or not ranking.abstention:
        return None
    missing_s = missing_voice_s(profile)
    phrases = phrases_for(ranking.options.language_code)
    message = phrases.abstention(ranking.abstention, profile.quality.voiced_s, missing_s)
    return Abstention(ranking.abstention, message, missing_s)


def say_heard(profile: VoiceProfile | None, language_code: str) -> VoiceSummary | None:
    """Sum up what was heard, with its advice in a language; None without a voice."""
    if profile is None:
        return None
    summary = VoiceSummary.of(profile)
    return replace(summary, quality=replace(summary.quality, advice=phrases_for(language_code).advice(summary.quality)))


def explain_standing(ranking: Ranking, row: int, singer: SingerSuggestion) -> SingerExplanation:
    """Say where a singer stands in a ranking of singers, and what keeps them from the first page.

    Args:
        ranking: Of singers.
        row: The singer's.
        singer: As a suggestion.
    """
    score, allowed = ranking.blend.score, ranking.allowed.singers
    page = [] if ranking.abstention else ranking.listing.take(0, allowed)[0]
    last = min(page, key=lambda each: score[each]) if page else None
    above = np.count_nonzero(allowed & ((score > score[row]) | ((score == score[row]) & (np.arange(len(score)) < row))))
    standing = Standing(
        rank=int(above) + 1 if allowed[row] else 0,
        ranked_count=int(allowed.sum()),
        suggested=row in page,
        barriers=ranking.allowed.barriers_of(ranking.view, row),
        gaps=() if last is None else _gaps(ranking, row, last),
        last="" if last is None else ranking.view.singers[last].name,
    )
    told = phrases_for(ranking.options.language_code).standing(singer.name, standing, singer.reason)
    abstention = say_abstention(ranking)
    return SingerExplanation(
        singer=singer,
        rank=standing.rank,
        ranked_count=standing.ranked_count,
        suggested=standing.suggested,
        barriers=standing.barriers,
        gaps=standing.gaps,
        explanation=f"{abstention.message} {told}" if abstention and not standing.barriers else told,
    )


def _gaps(ranking: Ranking, row: int, last: int) -> tuple[SignalGap, ...]:
    here, there = ranking.blend.contributions_of(row), ranking.blend.contributions_of(last)
    gaps = [SignalGap(name, here.get(name, 0.0) - there.get(name, 0.0)) for name in sorted({*here, *there})]
    return tuple(sorted(gaps, key=lambda gap: gap.difference))


def _key_facts(ranking: Ranking, row: int) -> KeyFacts | None:
    keys = ranking.heard.keys
    wide = ranking.options.singing_mode == STRETCH
    shares = (keys.placed_before, keys.placed_after) if wide else (keys.before, keys.after)
    before, after, confidence = (float(column[row]) for column in (*shares, keys.confidence))
    if isnan(before) or isnan(after):
        return None
    return KeyFacts(
        int(keys.shift[row]),
        before,
        after,
        None if isnan(confidence) else confidence,
        zone=IN_RANGE if wide else IN_TESSITURA,
        own_zone=ranking.heard.profile is not None,
    )


def _known(midi: tuple[float, float]) -> tuple[float, float] | None:
    return midi if isfinite(midi[0]) and isfinite(midi[1]) else None
