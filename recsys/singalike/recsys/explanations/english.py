"""English sentences."""

import math
from collections.abc import Callable, Mapping, Sequence

from singalike.recsys.explanations import wording
from singalike.recsys.explanations.facts import Facts, KeyFacts, Standing
from singalike.recsys.explanations.phrases import Finding
from singalike.recsys.explanations.wording import CLEARLY, LESS, MUCH, NOT, SOMEWHAT, TOLD_GAP, percent
from singalike.recsys.signals import FRESHNESS_HALF_LIFE_DAYS
from singalike.recsys.suggestions import Evidence, SignalGap

SIGNAL_WORDS: Mapping[str, str] = {
    "timbre": "timbre",
    "style": "the way of singing",
    "melody": "melody",
    "voice_gender": "voice gender",
    "tessitura": "tessitura",
    "key_fit_gain": "the key",
    "collaborative": "taste",
    "popularity": "popularity",
    "freshness": "freshness",
    "dislikes": "what you disliked",
    "timbre_apart": "the distance in timbre",
    "style_apart": "the distance in the way of singing",
    "tessitura_apart": "the distance in tessitura",
    "duet_compass": "the place in the compass",
}

DEGREES = {
    MUCH: "much more alike than those of",
    CLEARLY: "clearly more alike than those of",
    SOMEWHAT: "somewhat more alike than those of",
    NOT: "no more alike than those of",
    LESS: "less alike than those of",
}

AMOUNTS = {
    wording.MANY: "many listeners here like",
    wording.SOME: "some listeners here like",
    wording.FEW: "few listeners here like",
}

TASTES = {
    wording.MANY: "people whose taste is like yours like",
    wording.SOME: "some people whose taste is like yours like",
    wording.FEW: "few people whose taste is like yours like",
}

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
        clause = _clause(signal, value, facts)
        return Finding(clause, clause)

    def key_finding(self, key: KeyFacts) -> Finding:
        """Say in which key a song lies well."""
        clause = _key(key)
        return Finding(clause, clause)

    def join(self, findings: Sequence[Finding]) -> str:
        """Make one sentence of some findings."""
        return _sentence(_listed([finding.leading for finding in findings]))

    def evidence(self, part: Evidence, facts: Facts) -> str:
        """Say what one signal found as a sentence, with what is known beside it."""
        if part.signal == "dislikes":
            return f"This is like something that you disliked, which costs {-part.contribution:.2f}."
        if part.value is None:
            return f"{_sentence(SIGNAL_WORDS.get(part.signal, part.signal))[:-1]} could not be compared."
        return _sentence(_clause(part.signal, part.value, facts) + _beside(part.signal, facts))

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
        if standing.rank <= standing.page_size:
            return f"{place}, but the first page keeps singers apart who are very much alike. {reason}".strip()
        return f"{place}, and the first page ends with {standing.last}.{_against(standing)}"

    def missing(self, signals: tuple[str, ...]) -> tuple[str, ...]:
        """Say which signals could not be computed."""
        return tuple(MISSING[signal] for signal in signals if signal in MISSING)

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


def _clause(signal: str, value: float, facts: Facts) -> str:
    if signal in CLAUSES:
        return CLAUSES[signal](value, facts)
    return f"{SIGNAL_WORDS.get(signal, signal.replace('_', ' '))} counts {value:.2f} of 1"


def _timbre(value: float, facts: Facts) -> str:
    if facts.likeness is not None:
        return _by_pairs("timbre", facts)
    return f"the voices are {DEGREES[wording.likeness_degree(value)]} unrelated singers"


def _timbre_apart(value: float, facts: Facts) -> str:
    if facts.likeness is not None:
        return _by_pairs("timbre_apart", facts)
    return f"the distance in timbre counts {value:.2f} of 1"


def _style(value: float, _facts: Facts) -> str:
    return f"the ways of singing are {DEGREES[wording.likeness_degree(value)]} unrelated singers"


def _melody(value: float, _facts: Facts) -> str:
    return f"the melodies are {DEGREES[wording.likeness_degree(value)]} unrelated songs"


def _collaborative(value: float, facts: Facts) -> str:
    return f"{TASTES[wording.amount(value)]} {_it(facts)}"


def _popularity(value: float, facts: Facts) -> str:
    return f"{AMOUNTS[wording.amount(value)]} {_it(facts)}"


def _by_pairs(signal: str, facts: Facts) -> str:
    assert facts.likeness is not None
    if signal == "timbre_apart":
        further = percent(1.0 - facts.likeness.closer_than)
        return f"your voice is further from {facts.singer}'s than {further} of pairs of different singers are apart"
    closer = percent(facts.likeness.closer_than)
    return f"your voice is closer to {facts.singer}'s than {closer} of pairs of different singers are to each other"


def _gender(_value: float, facts: Facts) -> str:
    both = (facts.person_gender, facts.singer_gender)
    if not all(both) or "undecided" in both:
        return "at least one of the voices could be taken for female or male"
    if both[0] == both[1]:
        return f"both recordings sound {both[0]}"
    return f"{_your(facts)} recording sounds {both[0]} and {facts.singer}'s {both[1]}"


def _tessitura(value: float, facts: Facts) -> str:
    if facts.title:
        return f"{wording.whole_percent(value)} of it lies in {_your(facts)} tessitura as recorded"
    if facts.person_midi is None or facts.singer_midi is None:
        return "the tessituras are not both known"
    if facts.common_midi is None:
        return f"the tessituras have no note in common: {_span(facts.person_midi)} against {_span(facts.singer_midi)}"
    return f"both voices are at home {_span(facts.common_midi)}"


def _compass(_value: float, facts: Facts) -> str:
    if facts.person_midi is None or facts.singer_midi is None:
        return "the tessituras are not both known"
    apart = abs(sum(facts.person_midi) - sum(facts.singer_midi)) / 2.0
    return f"the middles of the tessituras lie {_semitones(round(apart))} apart"


def _key_gain(value: float, facts: Facts) -> str:
    return _key(facts.key) if facts.key else f"the key counts {value:.2f} of 1"


def _key(key: KeyFacts) -> str:
    after = f"{wording.whole_percent(key.after)} of it lies in your tessitura"
    if not key.shift:
        return f"{after} in its own key"
    way = "higher" if key.shift > 0 else "lower"
    return f"sung {_semitones(abs(key.shift))} {way}, {after} instead of {wording.whole_percent(key.before)}"


def _age(freshness: float, facts: Facts) -> str:
    days = wording.age_days(freshness)
    what = "it" if facts.title else f"the newest track of {facts.singer}"
    if days is None:
        return f"{what} came more than {math.floor(10 * FRESHNESS_HALF_LIFE_DAYS / 365)} years ago"
    return f"{what} came " + ("today" if not days else "yesterday" if days == 1 else f"{days} days ago")


def _beside(signal: str, facts: Facts) -> str:
    """What stands beside a finding in the evidence: the interval, the moment, the doubt."""
    if signal == "timbre" and facts.likeness is not None:
        low, high = percent(facts.likeness.low), wording.percent_rounded_up(facts.likeness.high)
        return f" (90% interval: {low} to {high}){_moment(facts)}"
    if signal == "key_fit_gain" and facts.key is not None and wording.another_fits(facts.key.confidence):
        return "; another key fits about as well"
    return ""


def _moment(facts: Facts) -> str:
    if facts.moment is None:
        return ""
    yours, theirs = wording.clock(facts.moment.voice_start_s), wording.clock(facts.moment.track_start_s)
    return f", most of all at {yours} of your recording and {theirs} of “{facts.moment_title}”"


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


def _it(facts: Facts) -> str:
    return "it" if facts.title else facts.singer


def _your(facts: Facts) -> str:
    return "your" if facts.own_voice else "the wanted"


def _span(midi: tuple[float, float]) -> str:
    low, high = (wording.scientific_name(end) for end in midi)
    return f"around {low}" if low == high else f"from {low} to {high}"


def _semitones(count: int) -> str:
    return f"{count} semitone{'s' * (count != 1)}"


def _seconds(seconds: float) -> str:
    whole = math.ceil(seconds)
    return f"{whole} second{'s' * (whole != 1)}"


def _listed(parts: Sequence[str]) -> str:
    """Join clauses: "a", "a, and b", "a, b, and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}, and {parts[-1]}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


CLAUSES: Mapping[str, Callable[[float, Facts], str]] = {
    "timbre": _timbre,
    "style": _style,
    "melody": _melody,
    "voice_gender": _gender,
    "tessitura": _tessitura,
    "key_fit_gain": _key_gain,
    "collaborative": _collaborative,
    "popularity": _popularity,
    "freshness": _age,
    "timbre_apart": _timbre_apart,
    "tessitura_apart": _tessitura,
    "duet_compass": _compass,
}
"""What each signal found; one that is not here is told by its number."""
