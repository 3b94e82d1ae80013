"""The words rule: was the phrase read aloud, and not something else?"""

import re
import unicodedata
from collections.abc import Mapping, Sequence

from singalike.errors import FieldViolation, InvalidInputError

MOST_WORD_ERRORS = 0.35
"""Share of wrong words up to which a reading is the phrase: of two phrases drawn apart, 999 in 1000 differ in .42 of
their words or more (`benchmarks/consent.py`)."""

_NUMBERS: Mapping[str, Mapping[str, str]] = {
    "en": dict(
        zip(
            ("2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "20"),
            ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "twenty"),
            strict=True,
        )
    ),
    "ko": dict(
        zip(
            ("2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "20"),
            ("두", "세", "네", "다섯", "여섯", "일곱", "여덟", "아홉", "열", "열한", "열두", "스무"),
            strict=True,
        )
    ),
}


def word_error_rate(phrase: str, heard: str, language: str) -> float:
    """Count what must be changed to make the phrase of what was heard.

    Case, punctuation and the writing of small numbers do not count. Korean is compared by syllables instead of words,
    because recognisers do not agree with anybody on where its spaces are.

    Args:
        phrase: What was to be read.
        heard: What the recogniser wrote down.
        language: "en" or "ko".

    Returns:
        Substitutions, deletions and insertions as a share of the phrase, 0 or more.

    Source:
        Levenshtein 1966; the word error rate of speech recognition.
    """
    wanted, found = (_units(text, language) for text in (phrase, heard))
    return _edits(wanted, found) / max(len(wanted), 1)


def check_words(phrase: str, heard: str, language: str) -> float:
    """Refuse a reading of something else; arguments as in `word_error_rate`, which is returned.

    Raises:
        InvalidInputError: READ_BACK_OTHER_WORDS.
    """
    rate = word_error_rate(phrase, heard, language)
    if rate > MOST_WORD_ERRORS:
        description = f"must hold the phrase and nothing else; {rate:.0%} of its words were not heard"
        message = f"the reading {description}: read the phrase aloud once, clearly, and record it again"
        raise InvalidInputError("READ_BACK_OTHER_WORDS", message, (FieldViolation("read_back", description),))
    return rate


def _units(text: str, language: str) -> Sequence[str]:
    """Cut a text into what is compared."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    numbers = _NUMBERS.get(language, {})
    spelt = re.sub(r"\d+", lambda digits: f" {numbers.get(digits[0], digits[0])} ", plain)
    words = re.findall(r"\w+", spelt.replace("'", ""))
    return list("".join(words)) if language == "ko" else words


def _edits(wanted: Sequence[str], found: Sequence[str]) -> int:
    """Return the Levenshtein distance, row by row."""
    row = list(range(len(found) + 1))
    for deleted, unit in enumerate(wanted, start=1):
        before, row[0] = row[0], deleted
        for place, other in enumerate(found, start=1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (unit != other))
    return row[-1]
