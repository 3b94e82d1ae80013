"""What each signal found, as Korean clauses."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from singalike.recsys.explanations import wording
from singalike.recsys.explanations.facts import IN_RANGE, IN_TESSITURA, Facts, KeyFacts
from singalike.recsys.explanations.particles import with_particle
from singalike.recsys.explanations.phrases import Finding
from singalike.recsys.explanations.wording import CLEARLY, LESS, MUCH, NOT, SOMEWHAT, percent
from singalike.recsys.signals import FRESHNESS_HALF_LIFE_DAYS

SIGNAL_WORDS: Mapping[str, str] = {
    "timbre": "음색",
    "style": "창법",
    "melody": "멜로디",
    "voice_gender": "목소리 성별",
    "tessitura": "음역",
    "key_fit_gain": "키",
    "collaborative": "취향",
    "popularity": "인기",
    "freshness": "새로움",
    "dislikes": "싫어요",
    "timbre_apart": "음색 차이",
    "style_apart": "창법 차이",
    "tessitura_apart": "음역 차이",
    "duet_compass": "듀엣 음역",
}

SYLLABLES = ("도", "도#", "레", "레#", "미", "파", "파#", "솔", "솔#", "라", "라#", "시")

ALIKE = Finding("더 닮았어요", "더 닮았고")

LESS_ALIKE = Finding("덜 닮았어요", "덜 닮았고")

INSIDE = Finding("들어와요", "들어오고")

DEGREES: Mapping[str, tuple[str, Finding]] = {
    MUCH: ("보다 훨씬 ", ALIKE),
    CLEARLY: ("보다 뚜렷이 ", ALIKE),
    SOMEWHAT: ("보다 조금 ", ALIKE),
    NOT: ("만큼만 ", Finding("닮았어요", "닮았고")),
    LESS: ("보다 ", LESS_ALIKE),
}

DEGREES_APART: Mapping[str, tuple[str, Finding]] = {
    MUCH: ("보다 훨씬 ", LESS_ALIKE),
    CLEARLY: ("보다 뚜렷이 ", LESS_ALIKE),
    SOMEWHAT: ("보다 조금 ", LESS_ALIKE),
    NOT: ("만큼은 ", Finding("닮았어요", "닮았고")),
    LESS: ("보다 ", ALIKE),
}

LIKE = Finding("좋아해요", "좋아하고")

AMOUNTS = {wording.MANY: "많은 청취자가", wording.SOME: "일부 청취자가"}

TASTES = {
    wording.MANY: Finding("취향에 잘 맞아요", "취향에 잘 맞고"),
    wording.SOME: Finding("취향에 어느 정도 맞아요", "취향에 어느 정도 맞고"),
    wording.FEW: Finding("취향에 별로 맞지 않아요", "취향에 별로 맞지 않고"),
}

ZONES = {
    (IN_TESSITURA, True): "내 편한 음역",
    (IN_RANGE, True): "내가 낼 수 있는 음역",
    (IN_TESSITURA, False): "원하는 편한 음역",
    (IN_RANGE, False): "원하는 음역",
}
"""By zone, and whether it is the person's own."""

GENDERS = {"female": "여성", "male": "남성"}


def clause(signal: str, value: float, facts: Facts) -> Finding:
    """Say what a signal found; of one that is not known by name, its number."""
    return CLAUSES[signal](value, facts) if signal in CLAUSES else _number(signal, value)


def _number(signal: str, value: float) -> Finding:
    word = with_particle(SIGNAL_WORDS.get(signal, signal.replace("_", " ")), "은")
    return ending_in(f"{word} 1점 만점에 {value:.2f}점", Finding("이에요", "이고"))


def _timbre(value: float, facts: Facts) -> Finding:
    return _by_pairs("timbre", facts) if facts.likeness else _degree("두 목소리는 서로 무관한 가수들", value)


def _timbre_apart(value: float, facts: Facts) -> Finding:
    return (
        _by_pairs("timbre_apart", facts)
        if facts.likeness
        else _degree("두 목소리는 서로 무관한 가수들", value, DEGREES_APART)
    )


def _style(value: float, _facts: Facts) -> Finding:
    return _degree("창법은 서로 무관한 가수들", value)


def _style_apart(value: float, _facts: Facts) -> Finding:
    return _degree("창법은 서로 무관한 가수들", value, DEGREES_APART)


def _melody(value: float, _facts: Facts) -> Finding:
    return _degree("멜로디는 서로 무관한 노래들", value)


def _collaborative(value: float, facts: Facts) -> Finding:
    what = with_particle("이 곡" if facts.title else facts.singer, "이")
    return ending_in(f"지금까지 좋아한 것으로 보아 {what} ", TASTES[wording.amount(value)])


def _popularity(value: float, facts: Facts) -> Finding:
    amount = wording.amount(value if facts.anybody_likes else 0.0)
    if amount not in AMOUNTS:
        return ending_in(f"{_it(facts)} 좋아하는 청취자가 거의 ", Finding("없어요", "없고"))
    return ending_in(f"{AMOUNTS[amount]} {_it(facts)} ", LIKE)


def ending_in(stem: str, ending: Finding) -> Finding:
    """Put both forms of a verb behind the same words."""
    return Finding(stem + ending.alone, stem + ending.leading)


def _degree(stem: str, value: float, degrees: Mapping[str, tuple[str, Finding]] = DEGREES) -> Finding:
    than, ending = degrees[wording.likeness_degree(value)]
    return ending_in(stem + than, ending)


def _by_pairs(signal: str, facts: Facts) -> Finding:
    assert facts.likeness is not None
    voices = f"{facts.singer}의 목소리와 내 목소리는 서로 다른 가수 쌍의"
    if signal == "timbre_apart" and facts.likeness.closer_than < wording.HALF:
        further = percent(1.0 - facts.likeness.closer_than)
        return ending_in(f"{voices} {further}보다 더 ", Finding("달라요", "다르고"))
    return ending_in(f"{voices} {percent(facts.likeness.closer_than)}보다 ", ALIKE)


def _gender(_value: float, facts: Facts) -> Finding:
    sounds = Finding("들려요", "들리고")
    mine, theirs = (GENDERS.get(one) for one in (facts.person_gender, facts.singer_gender))
    if mine is None or theirs is None:
        return Finding("두 목소리의 성별이 모두 분명하지는 않아요", "두 목소리의 성별이 모두 분명하지는 않고")
    if mine == theirs:
        return ending_in(f"두 녹음 모두 {mine} 목소리로 ", sounds)
    return ending_in(f"{_my(facts)} 녹음은 {mine}, {facts.singer}의 녹음은 {theirs} 목소리로 ", sounds)


def _tessitura(value: float, facts: Facts) -> Finding:
    if facts.title and facts.key:
        share = wording.whole_percent(facts.key.before)
        return ending_in(f"원래 키에서 노래의 {share}가 {ZONES[facts.key.zone, facts.key.own_zone]}에 ", INSIDE)
    if facts.title:
        return _number("tessitura", value)
    if facts.person_midi is None or facts.singer_midi is None:
        return Finding("편한 음역을 둘 다 알 수는 없어요", "편한 음역을 둘 다 알 수는 없고")
    if facts.common_midi is None:
        return Finding("편한 음역이 겹치지 않아요", "편한 음역이 겹치지 않고")
    low, high = (_note(end) for end in facts.common_midi)
    where = f"{low} 부근에서" if low == high else f"{low}부터 {high}까지"
    return ending_in(f"편한 음역이 {where} ", Finding("겹쳐요", "겹치고"))


def _tessitura_apart(value: float, facts: Facts) -> Finding:
    if facts.common_midi is None:
        return _tessitura(value, replace(facts, title=""))  # of a song, too, it is the singer's that is apart
    low, high = (_note(end) for end in facts.common_midi)
    where = f"{low} 부근에서만" if low == high else f"{low}부터 {high}까지만"
    return ending_in(f"편한 음역이 {where} ", Finding("겹쳐요", "겹치고"))


def _compass(value: float, facts: Facts) -> Finding:
    if facts.person_midi is None or facts.singer_midi is None:
        return _tessitura(value, facts)
    apart = round(abs(sum(facts.person_midi) - sum(facts.singer_midi)) / 2.0)
    return ending_in(f"편한 음역의 가운데가 반음 {apart}개만큼 떨어져 ", Finding("있어요", "있고"))


def _key_gain(value: float, facts: Facts) -> Finding:
    return key_clause(facts.key) if facts.key else _number("key_fit_gain", value)


def key_clause(key: KeyFacts) -> Finding:
    """Say in which key a song lies well."""
    after = f"노래의 {wording.whole_percent(key.after)}가 {ZONES[key.zone, key.own_zone]}에 "
    if not key.shift:
        return ending_in(f"원래 키 그대로 {after}", INSIDE)
    way = "높여" if key.shift > 0 else "낮춰"
    before = wording.whole_percent(key.before)
    return ending_in(f"원래 키에서는 {before}지만 {abs(key.shift)}키 {way} 부르면 {after}", INSIDE)


def _age(freshness: float, facts: Facts) -> Finding:
    days = wording.age_days(freshness)
    came = Finding("들어왔어요", "들어왔고")
    what = with_particle("이 곡" if facts.title else f"{facts.singer}의 최신 곡", "이")
    if days is None:
        years = math.floor(10 * FRESHNESS_HALF_LIFE_DAYS / 365)
        return ending_in(f"{what} {years}년도 더 전에 ", came)
    return ending_in(f"{what} " + ("오늘 " if not days else "어제 " if days == 1 else f"{days}일 전에 "), came)


def beside(signal: str, facts: Facts) -> str:
    """Say what stands beside a finding in the evidence: the interval, the moment, the doubt."""
    if signal == "timbre" and facts.likeness is not None:
        low, high = percent(facts.likeness.low), wording.percent_rounded_up(facts.likeness.high)
        return f" (90% 구간: {low}~{high}){_moment(facts)}"
    if signal == "key_fit_gain" and facts.key is not None and wording.another_fits(facts.key.confidence):
        return " (다른 키도 비슷하게 맞아요)"
    return ""


def _moment(facts: Facts) -> str:
    if facts.moment is None:
        return ""
    mine, theirs = wording.clock(facts.moment.voice_start_s), wording.clock(facts.moment.track_start_s)
    return f". 가장 닮은 순간은 내 녹음의 {mine}, ‘{facts.moment_title}’의 {theirs}예요"


def _it(facts: Facts) -> str:
    return "이 곡을" if facts.title else with_particle(facts.singer, "을")


def _my(facts: Facts) -> str:
    return "내" if facts.own_voice else "원하는"


def _note(midi_pitch: float) -> str:
    """Name a note as singers in Korea do: A4 is 2옥타브 라; far below, by its letter alone."""
    nearest = math.floor(midi_pitch + 0.5)
    octave = nearest // 12 - 3
    letter = wording.scientific_name(midi_pitch)
    return letter if octave < 0 else f"{octave}옥타브 {SYLLABLES[nearest % 12]}({letter})"


CLAUSES: Mapping[str, Callable[[float, Facts], Finding]] = {
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
