"""Korean sentences, in the polite informal style (해요체) that apps speak."""

import math
from collections.abc import Callable, Mapping, Sequence

from singalike.recsys.explanations import wording
from singalike.recsys.explanations.facts import Facts, KeyFacts, Standing
from singalike.recsys.explanations.particles import with_particle
from singalike.recsys.explanations.phrases import Finding
from singalike.recsys.explanations.wording import CLEARLY, LESS, MUCH, NOT, SOMEWHAT, TOLD_GAP, percent
from singalike.recsys.signals import FRESHNESS_HALF_LIFE_DAYS
from singalike.recsys.suggestions import Evidence, SignalGap

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

LIKE = Finding("좋아해요", "좋아하고")

AMOUNTS = {wording.MANY: "많은 청취자가", wording.SOME: "일부 청취자가", wording.FEW: "소수의 청취자가"}

TASTES = {
    wording.MANY: "취향이 비슷한 사람들이",
    wording.SOME: "취향이 비슷한 사람들 일부가",
    wording.FEW: "취향이 비슷한 사람들 중 소수가",
}

GENDERS = {"female": "여성", "male": "남성"}

BARRIERS: Mapping[str, str] = {
    "excluded_singer": "이 가수를 제외했기 때문에",
    "hidden": "이 가수를 숨겼기 때문에",
    "excluded_genre": "이 장르를 제외했기 때문에",
    "excluded_language": "이 언어를 제외했기 때문에",
    "excluded_tracks": "이 곡들을 제외했기 때문에",
    "unlike_voice": "피하고 싶다고 한 목소리와 가깝기 때문에",
    "seed": "이 가수를 직접 예로 들었기 때문에",
    "filter_genre": "요청한 장르가 아니기 때문에",
    "filter_language": "요청한 언어가 아니기 때문에",
    "filter_voice_gender": "요청한 목소리 성별이 아니기 때문에",
}

MISSING: Mapping[str, str] = {
    "timbre": "음색은 비교할 수 없었어요.",
    "style": "창법은 비교할 수 없었어요.",
    "melody": "멜로디 취향은 뺐어요: 부른 부분이 너무 짧거나 카탈로그의 멜로디를 알 수 없어요.",
    "tessitura": "음역은 뺐어요: 내 녹음이나 모든 가수의 녹음에서 부른 부분이 너무 짧아요.",
    "key_fit_gain": "키는 뺐어요: 내 녹음이나 모든 곡에서 부른 부분이 너무 짧아요.",
}


class Korean:
    """Says everything in Korean; see `Phrases`."""

    code = "ko"

    def finding(self, signal: str, value: float, facts: Facts) -> Finding:
        """Say what one signal found."""
        return _clause(signal, value, facts)

    def key_finding(self, key: KeyFacts) -> Finding:
        """Say in which key a song lies well."""
        return _key(key)

    def join(self, findings: Sequence[Finding]) -> str:
        """Make one sentence of some findings."""
        return f"{', '.join([finding.leading for finding in findings[:-1]] + [findings[-1].alone])}."

    def evidence(self, part: Evidence, facts: Facts) -> str:
        """Say what one signal found as a sentence, with what is known beside it."""
        if part.signal == "dislikes":
            return f"싫어한 것과 비슷해서 {-part.contribution:.2f}점을 뺐어요."
        if part.value is None:
            return f"{with_particle(SIGNAL_WORDS.get(part.signal, part.signal), '은')} 비교할 수 없었어요."
        return f"{_clause(part.signal, part.value, facts).alone}{_beside(part.signal, facts)}."

    def abstention(self, reason: str, heard_s: float, missing_s: float) -> str:
        """Say why nobody is named."""
        if reason == "MORE_VOICE_NEEDED":
            return (
                f"또렷한 목소리가 {heard_s:.1f}초밖에 들리지 않아 아직 가수를 고를 수 없어요. "
                f"{math.ceil(missing_s)}초만 더 불러 주세요."
            )
        return (
            "어느 가수와도 특별히 더 가깝지 않아서 가수를 고르면 우연에 불과해요. "
            "조용한 곳에서 마이크에 더 가까이 대고 혼자 불러 주세요."
        )

    def standing(self, singer: str, standing: Standing, reason: str) -> str:
        """Say why a singer is, or is not, on a list."""
        if standing.barriers:
            known = ", ".join(BARRIERS.get(word, word) for word in standing.barriers)
            return f"{known} {with_particle(singer, '은')} 추천하지 않아요."
        place = f"{with_particle(singer, '은')} 점수로 {standing.ranked_count}명 중 {standing.rank}위"
        if standing.suggested:
            return f"{place}이고 첫 페이지에 있어요. {reason}".strip()
        if not standing.last:
            return f"{place}예요. {reason}".strip()
        if standing.rank <= standing.page_size:
            return f"{place}이지만 첫 페이지에는 서로 아주 닮은 가수를 함께 싣지 않아요. {reason}".strip()
        return f"{place}이고 첫 페이지는 {with_particle(standing.last, '으로')} 끝나요.{_against(standing)}"

    def missing(self, signals: tuple[str, ...]) -> tuple[str, ...]:
        """Say which signals could not be computed."""
        return tuple(MISSING[signal] for signal in signals if signal in MISSING)

    def nothing_passes(self) -> str:
        """Say that the filters leave nobody."""
        return "조건에 맞는 가수나 곡이 없어요. 조건을 줄여 주세요."

    def little_voice(self, heard_s: float, missing_s: float) -> str:
        """Say that names may change with more voice."""
        return (
            f"또렷한 목소리가 {heard_s:.1f}초밖에 들리지 않았어요. "
            f"{math.ceil(missing_s)}초 더 부르면 추천이 달라질 수 있어요."
        )

    def several_voices(self) -> str:
        """Say that more than one voice seems to sing."""
        return "여러 명이 부르는 것 같아요. 한 사람의 목소리를 알아보려면 혼자 불러 주세요."

    def no_range(self, heard_s: float, needed_s: float) -> str:
        """Say that too little was held for a range."""
        return f"음역을 알려면 길게 낸 음이 {needed_s:.0f}초 필요한데 {heard_s:.1f}초만 들렸어요. 키와 음역은 뺐어요."


def _clause(signal: str, value: float, facts: Facts) -> Finding:
    return CLAUSES[signal](value, facts) if signal in CLAUSES else _number(signal, value)


def _number(signal: str, value: float) -> Finding:
    word = with_particle(SIGNAL_WORDS.get(signal, signal.replace("_", " ")), "은")
    return _ending(f"{word} 1점 만점에 {value:.2f}점", Finding("이에요", "이고"))


def _timbre(value: float, facts: Facts) -> Finding:
    return _by_pairs("timbre", facts) if facts.likeness else _degree("두 목소리는 서로 무관한 가수들", value)


def _timbre_apart(value: float, facts: Facts) -> Finding:
    return _by_pairs("timbre_apart", facts) if facts.likeness else _number("timbre_apart", value)


def _style(value: float, _facts: Facts) -> Finding:
    return _degree("창법은 서로 무관한 가수들", value)


def _melody(value: float, _facts: Facts) -> Finding:
    return _degree("멜로디는 서로 무관한 노래들", value)


def _collaborative(value: float, facts: Facts) -> Finding:
    return _ending(f"{TASTES[wording.amount(value)]} {_it(facts)} ", LIKE)


def _popularity(value: float, facts: Facts) -> Finding:
    return _ending(f"{AMOUNTS[wording.amount(value)]} {_it(facts)} ", LIKE)


def _ending(stem: str, ending: Finding) -> Finding:
    return Finding(stem + ending.alone, stem + ending.leading)


def _degree(stem: str, value: float) -> Finding:
    than, ending = DEGREES[wording.likeness_degree(value)]
    return _ending(stem + than, ending)


def _by_pairs(signal: str, facts: Facts) -> Finding:
    assert facts.likeness is not None
    voices = f"{facts.singer}의 목소리와 내 목소리는 서로 다른 가수 쌍의"
    if signal == "timbre_apart":
        further = percent(1.0 - facts.likeness.closer_than)
        return _ending(f"{voices} {further}보다 더 ", Finding("달라요", "다르고"))
    return _ending(f"{voices} {percent(facts.likeness.closer_than)}보다 ", ALIKE)


def _gender(_value: float, facts: Facts) -> Finding:
    sounds = Finding("들려요", "들리고")
    mine, theirs = (GENDERS.get(one) for one in (facts.person_gender, facts.singer_gender))
    if mine is None or theirs is None:
        return Finding("두 목소리의 성별이 모두 분명하지는 않아요", "두 목소리의 성별이 모두 분명하지는 않고")
    if mine == theirs:
        return _ending(f"두 녹음 모두 {mine} 목소리로 ", sounds)
    return _ending(f"{_my(facts)} 녹음은 {mine}, {facts.singer}의 녹음은 {theirs} 목소리로 ", sounds)


def _tessitura(value: float, facts: Facts) -> Finding:
    if facts.title:
        return _ending(f"원래 키에서 노래의 {wording.whole_percent(value)}가 {_my(facts)} 편한 음역에 ", INSIDE)
    if facts.person_midi is None or facts.singer_midi is None:
        return Finding("편한 음역을 둘 다 알 수는 없어요", "편한 음역을 둘 다 알 수는 없고")
    if facts.common_midi is None:
        return Finding("편한 음역이 겹치지 않아요", "편한 음역이 겹치지 않고")
    low, high = (_note(end) for end in facts.common_midi)
    where = f"{low} 부근에서" if low == high else f"{low}부터 {high}까지"
    return _ending(f"편한 음역이 {where} ", Finding("겹쳐요", "겹치고"))


def _compass(value: float, facts: Facts) -> Finding:
    if facts.person_midi is None or facts.singer_midi is None:
        return _tessitura(value, facts)
    apart = round(abs(sum(facts.person_midi) - sum(facts.singer_midi)) / 2.0)
    return _ending(f"편한 음역의 가운데가 반음 {apart}개만큼 떨어져 ", Finding("있어요", "있고"))


def _key_gain(value: float, facts: Facts) -> Finding:
    return _key(facts.key) if facts.key else _number("key_fit_gain", value)


def _key(key: KeyFacts) -> Finding:
    after = f"노래의 {wording.whole_percent(key.after)}가 내 편한 음역에 "
    if not key.shift:
        return _ending(f"원래 키 그대로 {after}", INSIDE)
    way = "높여" if key.shift > 0 else "낮춰"
    before = wording.whole_percent(key.before)
    return _ending(f"원래 키에서는 {before}지만 {abs(key.shift)}키 {way} 부르면 {after}", INSIDE)


def _age(freshness: float, facts: Facts) -> Finding:
    days = wording.age_days(freshness)
    came = Finding("들어왔어요", "들어왔고")
    what = with_particle("이 곡" if facts.title else f"{facts.singer}의 최신 곡", "이")
    if days is None:
        years = math.floor(10 * FRESHNESS_HALF_LIFE_DAYS / 365)
        return _ending(f"{what} {years}년도 더 전에 ", came)
    return _ending(f"{what} " + ("오늘 " if not days else "어제 " if days == 1 else f"{days}일 전에 "), came)


def _beside(signal: str, facts: Facts) -> str:
    """What stands beside a finding in the evidence: the interval, the moment, the doubt."""
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


def _against(standing: Standing) -> str:
    costs = [gap for gap in standing.gaps if gap.difference <= -TOLD_GAP][:2]
    gains = [gap for gap in standing.gaps[::-1] if gap.difference >= TOLD_GAP][:1]
    told = [_ending(_gaps(costs), Finding("뒤져요", "뒤지고"))] if costs else []
    told += [_ending(_gaps(gains), Finding("앞서요", "앞서고"))] if gains else []
    if not told:
        return " 점수는 거의 같아요."
    compared = f"{with_particle(standing.last, '과')} 비교하면"
    return f" {compared} {', '.join([each.leading for each in told[:-1]] + [told[-1].alone])}."


def _gaps(gaps: Sequence[SignalGap]) -> str:
    words = [f"{SIGNAL_WORDS.get(gap.signal, gap.signal)}에서 {abs(gap.difference):.2f}점" for gap in gaps]
    return f"{', '.join(words)} "


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
    "tessitura_apart": _tessitura,
    "duet_compass": _compass,
}
"""What each signal found; one that is not here is told by its number."""
