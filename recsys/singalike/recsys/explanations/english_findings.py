"""What each signal found, as English clauses."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from singalike.recsys.explanations import wording
from singalike.recsys.explanations.facts import Facts, KeyFacts
from singalike.recsys.explanations.wording import CLEARLY, LESS, MUCH, NOT, SOMEWHAT, percent
from singalike.recsys.signals import FRESHNESS_HALF_LIFE_DAYS

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

DEGREES_APART = {
    MUCH: "much less alike than those of",
    CLEARLY: "clearly less alike than those of",
    SOMEWHAT: "somewhat less alike than those of",
    NOT: "no less alike than those of",
    LESS: "more alike than those of",
}

AMOUNTS = {
    wording.MANY: "many listeners here like",
    wording.SOME: "some listeners here like",
    wording.FEW: "hardly any listener here likes",
}

TASTES = {
    wording.MANY: "what you liked so far points clearly to",
    wording.SOME: "what you liked so far points somewhat to",
    wording.FEW: "what you liked so far hardly points to",
}


def clause(signal: str, value: float, facts: Facts) -> str:
    """Say what a signal found; of one that is not known by name, its number."""
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
    return f"the voices are {DEGREES_APART[wording.likeness_degree(value)]} unrelated singers"


def _style(value: float, _facts: Facts) -> str:
    return f"the ways of singing are {DEGREES[wording.likeness_degree(value)]} unrelated singers"


def _style_apart(value: float, _facts: Facts) -> str:
    return f"the ways of singing are {DEGREES_APART[wording.likeness_degree(value)]} unrelated singers"


def _melody(value: float, _facts: Facts) -> str:
    return f"the melodies are {DEGREES[wording.likeness_degree(value)]} unrelated songs"


def _collaborative(value: float, facts: Facts) -> str:
    return f"{TASTES[wording.amount(value)]} {_it(facts)}"


def _popularity(value: float, facts: Facts) -> str:
    return f"{AMOUNTS[wording.amount(value if facts.anybody_likes else 0.0)]} {_it(facts)}"


def _by_pairs(signal: str, facts: Facts) -> str:
    assert facts.likeness is not None
    if signal == "timbre_apart" and facts.likeness.closer_than < wording.HALF:
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
    if facts.title and facts.key:
        return f"{wording.whole_percent(facts.key.before)} of it lies in {_zone(facts.key)} as recorded"
    if facts.title:
        return f"where its notes lie counts {value:.2f} of 1"
    if facts.person_midi is None or facts.singer_midi is None:
        return "the tessituras are not both known"
    if facts.common_midi is None:
        return f"the tessituras have no note in common: {_span(facts.person_midi)} against {_span(facts.singer_midi)}"
    low, high = (wording.scientific_name(end) for end in facts.common_midi)
    return f"both voices are at home {f'around {low}' if low == high else f'from {low} to {high}'}"


def _tessitura_apart(value: float, facts: Facts) -> str:
    if facts.common_midi is None:
        return _tessitura(value, replace(facts, title=""))  # of a song, too, it is the singer's that is apart
    return f"the tessituras share {_span(facts.common_midi)} and no more"


def _compass(_value: float, facts: Facts) -> str:
    if facts.person_midi is None or facts.singer_midi is None:
        return "the tessituras are not both known"
    apart = abs(sum(facts.person_midi) - sum(facts.singer_midi)) / 2.0
    return f"the middles of the tessituras lie {_semitones(round(apart))} apart"


def _key_gain(value: float, facts: Facts) -> str:
    return key_clause(facts.key) if facts.key else f"the key counts {value:.2f} of 1"


def key_clause(key: KeyFacts) -> str:
    """Say in which key a song lies well."""
    after = f"{wording.whole_percent(key.after)} of it lies in {_zone(key)}"
    if not key.shift:
        return f"{after} in its own key"
    way = "higher" if key.shift > 0 else "lower"
    return f"sung {_semitones(abs(key.shift))} {way}, {after} instead of {wording.whole_percent(key.before)}"


def _zone(key: KeyFacts) -> str:
    return f"{'your' if key.own_zone else 'the wanted'} {key.zone}"


def _age(freshness: float, facts: Facts) -> str:
    days = wording.age_days(freshness)
    what = "it" if facts.title else f"the newest track of {facts.singer}"
    if days is None:
        return f"{what} came more than {math.floor(10 * FRESHNESS_HALF_LIFE_DAYS / 365)} years ago"
    return f"{what} came " + ("today" if not days else "yesterday" if days == 1 else f"{days} days ago")


def beside(signal: str, facts: Facts) -> str:
    """Say what stands beside a finding in the evidence: the interval, the moment, the doubt."""
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


def _it(facts: Facts) -> str:
    return "it" if facts.title else facts.singer


def _your(facts: Facts) -> str:
    return "your" if facts.own_voice else "the wanted"


def _span(midi: tuple[float, float]) -> str:
    low, high = (wording.scientific_name(end) for end in midi)
    return low if low == high else f"{low} to {high}"


def _semitones(count: int) -> str:
    return f"{count} semitone{'s' * (count != 1)}"


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
    "style_apart": _style_apart,
    "tessitura_apart": _tessitura_apart,
    "duet_compass": _compass,
}
