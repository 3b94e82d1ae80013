"""Sentences in English and Korean: what they tell, and that they tell no more than was measured."""

import re
from dataclasses import replace

import pytest

from singalike.audio.quality import QualityReport, give_advice
from singalike.errors import InvalidInputError
from singalike.recsys.calibration import likeness
from singalike.recsys.explanations import wording
from singalike.recsys.explanations.facts import Facts, KeyFacts, Standing
from singalike.recsys.explanations.languages import LANGUAGES, phrases_for
from singalike.recsys.explanations.sentences import reason_of, told_evidence
from singalike.recsys.signals import SIGNALS
from singalike.recsys.suggestions import Evidence, Likeness, Moment, SignalGap

EVIDENCE = tuple(
    Evidence(name, value, weight, (value or 0.0) * weight)
    for name, value, weight in (
        ("timbre", 0.8, 0.5),
        ("voice_gender", 0.98, 0.2),
        ("tessitura", 0.7, 0.1),
        ("style", 0.5, 0.1),
        ("freshness", 0.9, 0.1),
        ("melody", None, 0.0),
    )
)
SINGER = Facts(
    "Mina Park",
    EVIDENCE,
    likeness=Likeness(0.987, 0.951, 0.9962),
    person_midi=(57.0, 72.0),
    singer_midi=(59.2, 74.0),
    person_gender="female",
    singer_gender="female",
    moment=Moment("t1", 3.0, 9.0, 72.0, 78.0, 0.8),
    moment_title="Blue",
    usual={"timbre": 0.2, "voice_gender": 0.97},
)
SONG = replace(SINGER, title="Blue", key=KeyFacts(-3, 0.40, 0.92, 0.8))
LAST = Standing(42, 100, suggested=False, gaps=(SignalGap("timbre", -0.12), SignalGap("melody", 0.02)), last="IU")

BOTH = pytest.mark.parametrize("code", LANGUAGES)


def test_a_reason_tells_what_sets_a_singer_apart_and_not_what_half_of_the_catalogue_shares() -> None:
    reason = reason_of(SINGER, phrases_for("en"))

    assert reason == (
        "Your voice is closer to Mina Park's than 98% of pairs of different singers are to each other, "
        "and the newest track of Mina Park came 27 days ago."
    )


def test_the_reason_of_a_song_names_the_key() -> None:
    english, korean = (reason_of(SONG, phrases_for(code)) for code in ("en", "ko"))

    assert "sung 3 semitones lower, 92% of it lies in your tessitura instead of 40%." in english
    assert korean.endswith("원래 키에서는 40%지만 3키 낮춰 부르면 노래의 92%가 내 편한 음역에 들어와요.")


def test_a_song_that_lies_well_is_left_in_its_key() -> None:
    facts = replace(SONG, key=KeyFacts(0, 0.92, 0.92, 0.8))

    assert "92% of it lies in your tessitura in its own key" in reason_of(facts, phrases_for("en"))
    assert "원래 키 그대로" in reason_of(facts, phrases_for("ko"))


def test_a_stretch_is_told_by_the_range_and_not_by_the_tessitura() -> None:
    facts = replace(SONG, key=KeyFacts(2, 0.80, 0.95, 0.8, "range"))

    reasons = [reason_of(facts, phrases_for(code)) for code in ("en", "ko")]
    told = [phrases_for(code).evidence(EVIDENCE[2], facts) for code in ("en", "ko")]

    assert "95% of it lies in your range instead of 80%" in reasons[0]
    assert "노래의 95%가 내가 낼 수 있는 음역에 들어와요" in reasons[1]
    assert told[0] == "80% of it lies in your range as recorded."
    assert "80%가 내가 낼 수 있는 음역에" in told[1]


@BOTH
def test_evidence_keeps_its_numbers_and_order_and_gains_a_sentence_each(code: str) -> None:
    told = told_evidence(SINGER, phrases_for(code))

    assert [replace(part, text="") for part in told] == list(EVIDENCE)
    assert all(part.text.endswith(".") and len(part.text) > 5 for part in told)


@BOTH
def test_the_evidence_of_timbre_tells_the_interval_and_the_best_moment(code: str) -> None:
    text = next(part.text for part in told_evidence(SINGER, phrases_for(code)) if part.signal == "timbre")

    assert re.search(r"95%.*99\.7%.*0:03.*(1:12.*Blue|Blue.*1:12)", text)


@BOTH
@pytest.mark.parametrize("signal", [*SIGNALS, "dislikes", "a_signal_of_tomorrow"])
@pytest.mark.parametrize("facts", [SINGER, SONG, Facts("Lee", ()), Facts("Lee", (), title="Blue", own_voice=False)])
def test_every_signal_can_be_told_of_everything(code: str, signal: str, facts: Facts) -> None:
    for value in (None, 0.0, 1e-7, 0.3, 0.5, 0.999, 1.0):
        part = Evidence(signal, value, 0.5, -0.1 if signal == "dislikes" else 0.5 * (value or 0.0))
        text = phrases_for(code).evidence(part, facts)
        assert text.endswith(".")
        assert not re.search(r"nan|None|\{|\}|  ", text)


@BOTH
def test_a_dislike_is_evidence_but_never_a_reason(code: str) -> None:
    facts = replace(SINGER, evidence=(*EVIDENCE, Evidence("dislikes", 0.9, 0.6, -0.54)))
    dislike = told_evidence(facts, phrases_for(code))[-1]

    assert "0.54" in dislike.text
    assert reason_of(facts, phrases_for(code)) == reason_of(SINGER, phrases_for(code))


@BOTH
def test_nothing_known_gives_no_reason(code: str) -> None:
    assert reason_of(Facts("Lee", ()), phrases_for(code)) == ""


@BOTH
def test_what_is_no_more_alike_than_elsewhere_or_undecided_is_no_reason(code: str) -> None:
    evidence = (
        Evidence("style", 0.13, 0.5, 0.065),
        Evidence("voice_gender", 0.5, 0.4, 0.2),
        Evidence("popularity", 0.9, 0.1, 0.09),
    )
    facts = Facts(
        "Lee", evidence, person_gender="undecided", singer_gender="male", usual={"style": 0.0, "voice_gender": 0.0}
    )

    assert re.search(
        "many listeners here like Lee|많은 청취자가 Lee를 좋아해요",
        reason_of(facts, phrases_for(code)).replace("Many", "many"),
    )
    assert reason_of(replace(facts, evidence=evidence[:1]), phrases_for(code))


def test_unlike_voices_are_told_by_degrees_too() -> None:
    parts = [Evidence("style_apart", float(likeness(z)), 1.0, 0.5) for z in (2.5, 0.0, -2.0)]  # type: ignore[arg-type]

    english, korean = ([phrases_for(code).evidence(part, SINGER) for part in parts] for code in ("en", "ko"))

    assert [re.search("clearly less|no less|are more", text) is not None for text in english] == [True] * 3
    assert [re.search("뚜렷이 덜|만큼은 닮|보다 더 닮", text) is not None for text in korean] == [True] * 3


def test_what_two_unlike_voices_share_is_told_as_all_that_they_share() -> None:
    part = Evidence("tessitura_apart", 0.8, 1.0, 0.8)

    english, korean = (phrases_for(code).evidence(part, SINGER) for code in ("en", "ko"))

    assert english == "The tessituras share B3 to C5 and no more."
    assert "까지만 겹쳐요" in korean


def test_of_a_song_too_it_is_the_singer_whose_tessitura_is_apart() -> None:
    part = Evidence("tessitura_apart", 1.0, 1.0, 1.0)
    facts = replace(SONG, evidence=(part,), singer_midi=(40.0, 50.0), usual={"tessitura_apart": 0.2})

    english, korean = (reason_of(facts, phrases_for(code)) for code in ("en", "ko"))

    assert english.startswith("The tessituras have no note in common: A3 to C5 against E2 to D3, and sung")
    assert korean.startswith("편한 음역이 겹치지 않고")
    assert english.count("40%") == korean.count("40%") == 1


def test_a_suggestion_below_the_usual_still_has_an_honest_reason() -> None:
    facts = replace(SINGER, evidence=(Evidence("timbre", 0.1, 1.0, 0.1),), likeness=Likeness(0.31, 0.2, 0.4))

    assert "closer to Mina Park's than 31% of pairs" in reason_of(facts, phrases_for("en"))


def test_a_voice_that_half_of_all_strangers_are_nearer_to_is_no_reason() -> None:
    far = replace(SINGER, likeness=Likeness(0.37, 0.2, 0.5))

    singer, song = (reason_of(facts, phrases_for("en")) for facts in (far, replace(far, title="Blue", key=SONG.key)))

    assert "37%" not in singer
    assert "37%" not in song


def test_what_is_true_of_all_is_not_told_for_a_rounding_error() -> None:
    facts = replace(SONG, evidence=(Evidence("freshness", 1.0, 0.1, 0.1),), usual={"freshness": 0.9999999})

    assert reason_of(facts, phrases_for("en")) == (
        "Sung 3 semitones lower, 92% of it lies in your tessitura instead of 40%."
    )


@BOTH
@pytest.mark.parametrize("signal", ["popularity", "collaborative"])
def test_that_hardly_anybody_likes_something_is_no_reason_for_it(code: str, signal: str) -> None:
    liked, hardly = (Evidence(signal, value, 0.5, 0.5 * value) for value in (0.9, 0.3))
    told = EVIDENCE[:1]

    reasons = [
        reason_of(replace(SINGER, evidence=(*told, part), usual={signal: 0.1}), phrases_for(code))
        for part in (liked, hardly)
    ]

    assert reasons[1] == reason_of(replace(SINGER, evidence=told), phrases_for(code))
    assert reasons[0] != reasons[1]


@BOTH
def test_an_unlike_voice_that_is_near_after_all_is_told_as_near(code: str) -> None:
    part = Evidence("timbre_apart", 0.02, 0.7, 0.014)

    text = phrases_for(code).evidence(part, replace(SINGER, likeness=Likeness(0.955, 0.9, 0.99)))

    assert "95%" in text
    assert "further" not in text
    assert "달라요" not in text


def test_without_a_voice_of_the_person_nothing_is_said_of_pairs() -> None:
    seeded = replace(SINGER, likeness=None, own_voice=False)

    text = told_evidence(seeded, phrases_for("en"))[0].text

    assert text == "The voices are much more alike than those of unrelated singers."


def test_notes_are_named_as_singers_name_them() -> None:
    text = phrases_for("ko").evidence(EVIDENCE[2], replace(SINGER, person_midi=(57, 69), singer_midi=(45, 69)))

    assert "1옥타브 라(A3)부터 2옥타브 라(A4)까지" in text
    assert wording.scientific_name(69.4) == "A4"


@BOTH
def test_tessituras_without_a_common_note_are_not_called_common(code: str) -> None:
    text = phrases_for(code).evidence(EVIDENCE[2], replace(SINGER, singer_midi=(40.0, 50.0)))

    assert re.search("no note in common|겹치지 않", text)


def test_what_nobody_likes_is_not_told_as_liked() -> None:
    facts = Facts("김준", (), anybody_likes=False)

    told = [phrases_for(code).finding("popularity", 0.5, facts).alone for code in ("en", "ko")]

    assert told == ["hardly any listener here likes 김준", "김준을 좋아하는 청취자가 거의 없어요"]


@BOTH
def test_a_zone_that_is_not_the_persons_is_not_called_theirs(code: str) -> None:
    assert SONG.key is not None
    of_seeds = replace(SONG, likeness=None, own_voice=False, key=replace(SONG.key, own_zone=False))

    told = [phrases_for(code).key_finding(facts.key).alone for facts in (SONG, of_seeds) if facts.key]
    told += [phrases_for(code).evidence(EVIDENCE[2], facts) for facts in (SONG, of_seeds)]

    assert [bool(re.search(r"\byour\b|내 편한", text)) for text in told] == [True, False, True, False]


@BOTH
def test_a_short_voice_is_told_how_much_is_missing(code: str) -> None:
    text = phrases_for(code).abstention("MORE_VOICE_NEEDED", 1.8, 8.2)

    assert "1.8" in text
    assert re.search("9 seconds|9초", text)


def test_one_second_is_singular() -> None:
    assert "1 second more" in phrases_for("en").abstention("MORE_VOICE_NEEDED", 1.8, 0.4)


@BOTH
def test_nothing_standing_out_is_said_without_numbers(code: str) -> None:
    assert not re.search(r"\d", phrases_for(code).abstention("NOTHING_STANDS_OUT", 8.0, 0.0))


def test_why_not_names_the_gaps_against_the_last_one_suggested() -> None:
    assert phrases_for("en").standing("Mina Park", LAST, "") == (
        "Mina Park stands at place 42 of 100 by score, and the first page ends with IU. "
        "Against IU, timbre costs 0.12, and melody gives back 0.02."
    )
    assert phrases_for("ko").standing("박민아", LAST, "") == (
        "박민아는 점수로 100명 중 42위이고 첫 페이지는 IU로 끝나요. "
        "IU와 비교하면 음색에서 0.12점 뒤지고, 멜로디에서 0.02점 앞서요."
    )


@BOTH
def test_why_not_names_every_barrier(code: str) -> None:
    text = phrases_for(code).standing("Lee", replace(LAST, rank=0, barriers=("hidden", "filter_genre")), "")

    assert re.search("hid|숨겼", text)
    assert re.search("genre|장르", text)


@BOTH
def test_a_suggested_singer_is_explained_by_the_reason(code: str) -> None:
    phrases = phrases_for(code)

    assert phrases.standing("Lee", replace(LAST, rank=3, suggested=True), "Because.").endswith("Because.")
    assert "42" in phrases.standing("Lee", replace(LAST, last=""), "")
    assert re.search("apart|닮은", phrases.standing("Lee", replace(LAST, gaps=(SignalGap("timbre", 0.1),)), ""))


@BOTH
def test_notes_are_whole_sentences(code: str) -> None:
    phrases = phrases_for(code)

    notes = (
        *phrases.missing(("timbre", "style", "melody", "tessitura", "key_fit_gain", "freshness")),
        phrases.nothing_passes(),
        phrases.little_voice(2.5, 7.5),
        phrases.several_voices(),
        phrases.no_range(3.0, 5.0),
    )

    assert len(notes) == 9
    assert all(note.endswith(".") for note in notes)


def test_advice_says_the_same_in_both_languages() -> None:
    poor = give_advice(4.2, 8.0, 0.01, more_than_one_voice=True)
    report = QualityReport(6.0, 4.2, 8.0, 0.01, more_than_one_voice=True, advice=poor)
    fine = QualityReport(20.0, 15.0, 40.0, 0.0, more_than_one_voice=False, advice=())

    english, korean = (phrases_for(code).advice(report) for code in ("en", "ko"))

    assert english == poor
    assert len(korean) == len(poor) == 4
    assert "6초" in korean[0]
    assert phrases_for("ko").advice(fine) == ()


def test_an_unknown_language_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(InvalidInputError, match="en, ko") as caught:
        phrases_for("fr")

    assert caught.value.reason == "UNKNOWN_LANGUAGE"
    assert phrases_for("").code == "en"
