"""Korean sentences, in the polite informal style (해요체) that apps speak."""

import math
from collections.abc import Mapping, Sequence

from singalike.audio.quality import ALLOWED_CLIPPED_SHARE, WANTED_SNR_DB, WANTED_VOICED_S, QualityReport
from singalike.recsys.explanations.facts import Facts, KeyFacts, Standing
from singalike.recsys.explanations.korean_findings import SIGNAL_WORDS, beside, clause, ending_in, key_clause
from singalike.recsys.explanations.particles import with_particle
from singalike.recsys.explanations.phrases import Finding
from singalike.recsys.explanations.wording import TOLD_GAP
from singalike.recsys.suggestions import Evidence, SignalGap

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
        return clause(signal, value, facts)

    def key_finding(self, key: KeyFacts) -> Finding:
        """Say in which key a song lies well."""
        return key_clause(key)

    def join(self, findings: Sequence[Finding]) -> str:
        """Make one sentence of some findings."""
        return f"{', '.join([finding.leading for finding in findings[:-1]] + [findings[-1].alone])}."

    def evidence(self, part: Evidence, facts: Facts) -> str:
        """Say what one signal found as a sentence, with what is known beside it."""
        if part.signal == "dislikes":
            return f"싫어한 것과 비슷해서 {-part.contribution:.2f}점을 뺐어요."
        if part.value is None:
            return f"{with_particle(SIGNAL_WORDS.get(part.signal, part.signal), '은')} 비교할 수 없었어요."
        return f"{clause(part.signal, part.value, facts).alone}{beside(part.signal, facts)}."

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
        if standing.passed_over:
            return f"{place}이지만 첫 페이지에는 서로 아주 닮은 가수를 함께 싣지 않아요. {reason}".strip()
        return f"{place}이고 첫 페이지는 {with_particle(standing.last, '으로')} 끝나요.{_against(standing)}"

    def missing(self, signals: tuple[str, ...]) -> tuple[str, ...]:
        """Say which signals could not be computed."""
        return tuple(MISSING[signal] for signal in signals if signal in MISSING)

    def advice(self, quality: QualityReport) -> tuple[str, ...]:
        """Say what to do better at the next recording, most important first."""
        missing_s = math.ceil(WANTED_VOICED_S - quality.voiced_s)
        said = (
            (missing_s > 0, f"조금 더 불러 주세요. 또렷한 목소리가 {missing_s}초 더 있으면 좋아요."),
            (quality.more_than_one_voice, "여러 명의 목소리가 들려요. 혼자 녹음해 주세요."),
            (
                quality.signal_to_noise_db < WANTED_SNR_DB,
                "잡음이 많아요. 더 조용한 곳이나 마이크 가까이에서 불러 주세요.",
            ),
            (
                quality.clipped_share > ALLOWED_CLIPPED_SHARE,
                "소리가 깨졌어요. 입력 음량을 낮추거나 마이크에서 물러나 주세요.",
            ),
        )
        return tuple(sentence for applies, sentence in said if applies)

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


def _against(standing: Standing) -> str:
    costs = [gap for gap in standing.gaps if gap.difference <= -TOLD_GAP][:2]
    gains = [gap for gap in standing.gaps[::-1] if gap.difference >= TOLD_GAP][:1]
    told = [ending_in(_gaps(costs), Finding("뒤져요", "뒤지고"))] if costs else []
    told += [ending_in(_gaps(gains), Finding("앞서요", "앞서고"))] if gains else []
    if not told:
        return " 점수는 거의 같아요."
    compared = f"{with_particle(standing.last, '과')} 비교하면"
    return f" {compared} {', '.join([each.leading for each in told[:-1]] + [told[-1].alone])}."


def _gaps(gaps: Sequence[SignalGap]) -> str:
    words = [f"{SIGNAL_WORDS.get(gap.signal, gap.signal)}에서 {abs(gap.difference):.2f}점" for gap in gaps]
    return f"{', '.join(words)} "
