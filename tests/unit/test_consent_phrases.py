"""Phrases to read aloud, and whether they were."""

import re
from random import Random

import pytest

from singalike.conversion.consent.phrases import LANGUAGES, draw_phrase
from singalike.conversion.consent.words import MOST_WORD_ERRORS, check_words, word_error_rate
from singalike.errors import InvalidInputError

# A syllable takes about a fifth of a second in both languages; English words have about one and a half.
LONGEST = {"en": 28, "ko": 62}
SHORTEST = {"en": 16, "ko": 38}


def units(phrase: str, language: str) -> int:
    return len(re.sub(r"\W", "", phrase)) if language == "ko" else len(phrase.split())


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_no_word_of_a_language_is_twice_in_its_slot_so_all_phrases_are_equally_likely(language: str) -> None:
    slots = LANGUAGES[language].slots

    assert [name for name, words in slots.items() if len(set(words)) < len(words)] == []
    assert LANGUAGES[language].bits > 50


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_phrases_take_six_to_ten_seconds_to_read_and_never_repeat(language: str) -> None:
    rng = Random(5)

    phrases = [draw_phrase(language, rng) for _ in range(500)]

    lengths = [units(phrase, language) for phrase in phrases]
    assert SHORTEST[language] <= min(lengths) <= max(lengths) <= LONGEST[language]
    assert len(set(phrases)) == 500


def test_the_rng_alone_decides_and_without_a_language_it_is_english() -> None:
    assert draw_phrase("", Random(1)) == draw_phrase("en", Random(1)) != draw_phrase("en", Random(2))


def test_korean_particles_follow_the_sound_of_the_word_before() -> None:
    sentence = LANGUAGES["ko"].sentence
    words = {slot: choices[0] for slot, choices in LANGUAGES["ko"].slots.items()}

    told = (
        sentence({**words, "person": "시인", "animal": "곰"}),
        sentence({**words, "person": "배우", "animal": "오리"}),
    )

    assert "시인이 " in told[0]
    assert "곰은 " in told[0]
    assert "배우가 " in told[1]
    assert "오리는 " in told[1]


def test_a_language_without_phrases_is_refused_by_name() -> None:
    with pytest.raises(InvalidInputError, match="'fr'") as refused:
        draw_phrase("fr", Random(1))

    assert refused.value.reason == "LANGUAGE_UNKNOWN"


@pytest.mark.parametrize(
    ("language", "phrase", "heard"),
    [
        ("en", "On Monday, the wise poet found seven old keys.", "ON MONDAY the wise poet found 7 old keys"),
        (
            "ko",
            "지난 월요일, 사서가 상자 일곱 개를 옮겼고, 곰은 쉬었다.",
            "지난월요일 사서가 상자 7개를 옮겼고 곰은 쉬었다",
        ),
    ],
)
def test_case_punctuation_spaces_of_korean_and_digits_are_no_errors(language: str, phrase: str, heard: str) -> None:
    assert word_error_rate(phrase, heard, language) == 0.0


@pytest.mark.parametrize(("heard", "rate"), [("one two four", 0.25), ("one two three four five", 0.25), ("", 1.0)])
def test_words_left_out_put_in_and_changed_are_errors(heard: str, rate: float) -> None:
    assert word_error_rate("one two three four", heard, "en") == rate


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_another_phrase_is_refused_though_half_of_its_words_are_those_of_every_phrase(language: str) -> None:
    rng = Random(11)

    refused = 0
    for _ in range(300):
        phrase, other = draw_phrase(language, rng), draw_phrase(language, rng)
        with pytest.raises(InvalidInputError) as error:
            check_words(phrase, other, language)
        refused += error.value.reason == "READ_BACK_OTHER_WORDS"
        assert check_words(phrase, phrase, language) <= MOST_WORD_ERRORS

    assert refused == 300
