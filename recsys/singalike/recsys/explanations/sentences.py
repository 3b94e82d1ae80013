"""From facts to sentences: which findings make up a reason, and evidence with its texts."""

from collections.abc import Sequence

from singalike.embeddings.profile import UNDECIDED
from singalike.recsys.blend import DISLIKES
from singalike.recsys.explanations.facts import Facts
from singalike.recsys.explanations.phrases import Finding, Phrases
from singalike.recsys.explanations.wording import FEW, HALF, LESS, NOT, TOLD_GAP, amount, likeness_degree
from singalike.recsys.signals import (
    COLLABORATIVE,
    KEY_FIT_GAIN,
    MELODY,
    POPULARITY,
    STYLE,
    STYLE_APART,
    TESSITURA,
    TIMBRE,
    TIMBRE_APART,
    VOICE_GENDER,
)
from singalike.recsys.suggestions import Evidence

FINDINGS_TOLD = 2

DEGREE_SIGNALS = frozenset({STYLE, STYLE_APART, MELODY})

KEY_SIGNALS = frozenset({TESSITURA, KEY_FIT_GAIN})
"""Of a song: told by its key."""


def reason_of(facts: Facts, phrases: Phrases) -> str:
    """Say why, in one sentence: what sets the suggestion apart, and for a song in which key to sing it.

    Told are the signals i with the largest w_i (s_i - mean of s_i over the rivals): that the voice genders agree is
    weighty, but so it is for all who come into question.

    Args:
        facts: Of the suggestion.
        phrases: Of a language.

    Returns:
        A whole sentence; empty when there is no finding at all.
    """
    known = [part for part in facts.evidence if part.value is not None and part.signal != DISLIKES]
    telling = [part for part in known if _says_something(part, facts)]
    if facts.title and facts.key is not None:
        beside = [part for part in telling if part.signal not in KEY_SIGNALS]
        chosen = _lifting(beside, facts)[: FINDINGS_TOLD - 1]
        return phrases.join([*_findings(chosen, facts, phrases), phrases.key_finding(facts.key)])
    chosen = (_lifting(telling, facts) or _weightiest(telling or known))[:FINDINGS_TOLD]
    return phrases.join(_findings(chosen, facts, phrases)) if chosen else ""


def told_evidence(facts: Facts, phrases: Phrases) -> tuple[Evidence, ...]:
    """Put every signal into a sentence, in the order of the evidence."""
    return tuple(
        Evidence(part.signal, part.value, part.weight, part.contribution, phrases.evidence(part, facts))
        for part in facts.evidence
    )


def _findings(chosen: Sequence[Evidence], facts: Facts, phrases: Phrases) -> list[Finding]:
    return [phrases.finding(part.signal, _value(part), facts) for part in chosen]


def _lifting(evidence: Sequence[Evidence], facts: Facts) -> list[Evidence]:
    """Keep what lifts the suggestion above others so far that it is worth telling, furthest first."""
    lifts = [part.weight * (_value(part) - facts.usual.get(part.signal, 0.5)) for part in evidence]
    places = sorted(range(len(evidence)), key=lambda place: (-lifts[place], evidence[place].signal))
    return [evidence[place] for place in places if lifts[place] >= TOLD_GAP]


def _weightiest(evidence: Sequence[Evidence]) -> list[Evidence]:
    return sorted(evidence, key=lambda part: (-part.contribution, part.signal))[:1]


def _says_something(part: Evidence, facts: Facts) -> bool:
    """Tell whether a finding could be a reason: what is no more alike than elsewhere, or hardly liked, is none."""
    if part.signal == VOICE_GENDER:
        return not {"", UNDECIDED} & {facts.person_gender, facts.singer_gender}
    if part.signal in {TIMBRE, TIMBRE_APART} and facts.likeness is not None:
        return (facts.likeness.closer_than >= HALF) == (part.signal == TIMBRE)
    if part.signal in {COLLABORATIVE, POPULARITY}:
        return amount(_value(part)) != FEW
    by_degree = part.signal in DEGREE_SIGNALS or part.signal in {TIMBRE, TIMBRE_APART}
    return not by_degree or likeness_degree(_value(part)) not in {NOT, LESS}


def _value(part: Evidence) -> float:
    return 0.0 if part.value is None else part.value
