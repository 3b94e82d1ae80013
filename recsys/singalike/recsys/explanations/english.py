"""English sentences."""

import math
from collections.abc import Mapping, Sequence

from singalike.audio.quality import QualityReport
from singalike.recsys.explanations.english_findings import SIGNAL_WORDS, beside, clause, key_clause
from singalike.recsys.explanations.facts import Facts, KeyFacts, Standing
from singalike.recsys.explanations.phrases import Finding
from singalike.recsys.explanations.wording import TOLD_GAP
from singalike.recsys.suggestions import Evidence, SignalGap

BARRIERS: Mapping[str, str] = {
    "excluded_singer": "you excluded {singer}",
    "hidden": "you hid {singer}",
    "excluded_genre": "you excluded the genre",
    "excluded_language": "you excluded the language",
    "excluded_tracks": "you excluded the tracks",
    "unlike_voice": "you asked for nothing like a voice that is close to this one",
    "seed": "you named {singer} yourself",
    "filter_genre": "the genre is not one that you asked for",
    "filter_language": "the language is not one that you asked for",
    "filter_voice_gender": "the voice gender is not one that you asked for",
}

MISSING: Mapping[str, str] = {
    "timbre": "Timbre could not be compared.",
    "style": "The way of singing could not be compared.",
    "melody": "Melody taste was left out: too little was sung, or the catalogue's melodies are not known.",
    "tessitura": "Tessitura was left out: too little was sung by the person or by every singer.",
    "key_fit_gain": "Keys were left out: too little was sung by the person or in every track.",
}


class English:
    """Says everything in English; see `Phrases`."""

    code = "en"

    def finding(self, signal: str, value: float, facts: Facts) -> Finding:
        """Say what one signal found."""
        found = clause(signal, value, facts)
        return Finding(found, found)

    def key_finding(self, key: KeyFacts) -> Finding:
        """Say in which key a song lies well."""
        found = key_clause(key)
        return Finding(found, found)

    def join(self, findings: Sequence[Finding]) -> str:
        """Make one sentence of some findings."""
        return _sentence(_listed([finding.leading for finding in findings]))

    def evidence(self, part: Evidence, facts: Facts) -> str:
        """Say what one signal found as a sentence, with what is known beside it."""
        if part.signal == "dislikes":
            return f"This is like something that you disliked, which costs {-part.contribution:.2f}."
        if part.value is None:
            return f"{_sentence(SIGNAL_WORDS.get(part.signal, part.signal))[:-1]} could not be compared."
        return _sentence(clause(part.signal, part.value, facts) + beside(part.signal, facts))

    def abstention(self, reason: str, heard_s: float, missing_s: float) -> str:
        """Say why nobody is named."""
        if reason == "MORE_VOICE_NEEDED":
            return (
                f"Only {heard_s:.1f} s of clear voice were heard, too little to name anybody: "
                f"sing {_seconds(missing_s)} more."
            )
        return (
            "The voice is no closer to some singers than to others, so names would be arbitrary: "
            "sing alone, closer to the microphone or in a quieter place."
        )

    def standing(self, singer: str, standing: Standing, reason: str) -> str:
        """Say why a singer is, or is not, on a list."""
        if standing.barriers:
            known = [BARRIERS.get(word, word).format(singer=singer) for word in standing.barriers]
            return f"{singer} is not suggested because {_listed(known)}."
        place = f"{singer} stands at place {standing.rank} of {standing.ranked_count} by score"
        if standing.suggested:
            return f"{place} and is on the first page. {reason}".strip()
        if not standing.last:
            return f"{place}. {reason}".strip()
        if standing.passed_over:
            return f"{place}, but the first page keeps singers apart who are very much alike. {reason}".strip()
        return f"{place}, and the first page ends with {standing.last}.{_against(standing)}"

    def missing(self, signals: tuple[str, ...]) -> tuple[str, ...]:
        """Say which signals could not be computed."""
        return tuple(MISSING[signal] for signal in signals if signal in MISSING)

    def advice(self, quality: QualityReport) -> tuple[str, ...]:
        """Say what to do better at the next recording, as the report does."""
        return quality.advice

    def nothing_passes(self) -> str:
        """Say that the filters leave nobody."""
        return "Nothing in the catalogue passes the filters: ask for less."

    def little_voice(self, heard_s: float, missing_s: float) -> str:
        """Say that names may change with more voice."""
        return f"Only {heard_s:.1f} s of clear voice were heard: the names may change with {_seconds(missing_s)} more."

    def several_voices(self) -> str:
        """Say that more than one voice seems to sing."""
        return "More than one voice seems to sing: sing alone for an answer about one voice."

    def no_range(self, heard_s: float, needed_s: float) -> str:
        """Say that too little was held for a range."""
        return (
            f"The vocal range needs {needed_s:.0f} s of held notes and {heard_s:.1f} s were heard: "
            "keys and tessitura were left out."
        )


def _against(standing: Standing) -> str:
    costs = [gap for gap in standing.gaps if gap.difference <= -TOLD_GAP][:2]
    gains = [gap for gap in standing.gaps[::-1] if gap.difference >= TOLD_GAP][:1]
    if not costs and not gains:
        return " The scores are almost equal."
    parts = [f"{_gap(gap)} costs {-gap.difference:.2f}" for gap in costs]
    parts += [f"{_gap(gap)} gives back {gap.difference:.2f}" for gap in gains]
    return f" Against {standing.last}, {_listed(parts)}."


def _gap(gap: SignalGap) -> str:
    return SIGNAL_WORDS.get(gap.signal, gap.signal.replace("_", " "))


def _seconds(seconds: float) -> str:
    whole = math.ceil(seconds)
    return f"{whole} second{'s' * (whole != 1)}"


def _listed(parts: Sequence[str]) -> str:
    """Join clauses: "a", "a, and b", "a, b, and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}, and {parts[-1]}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
