"""Korean particles, whose form depends on how the word before them ends."""

import re
import unicodedata

HANGUL_FIRST, HANGUL_LAST, FINALS = 0xAC00, 0xD7A3, 28
RIEUL = 8
"""Number of the final consonant rieul, after which "(으)로" is "로"."""

DIGIT_FINALS = {"0": 21, "1": RIEUL, "2": 0, "3": 16, "4": 0, "5": 0, "6": 1, "7": RIEUL, "8": RIEUL, "9": 0}
"""Final consonants of 영 일 이 삼 사 오 육 칠 팔 구; 0 is none."""

LETTER_FINALS = {"L": RIEUL, "M": 16, "N": 4, "R": RIEUL}
"""Of names of letters, 엘 엠 엔 알; the others end in a vowel."""

FORMS = {"은": ("은", "는"), "이": ("이", "가"), "을": ("을", "를"), "과": ("과", "와"), "으로": ("으로", "로")}

SPELT_LETTERS = 4
"""Up to so many capitals alone are read letter by letter."""


def with_particle(word: str, particle: str) -> str:
    """Put a particle behind a word.

    Args:
        word: Of any script; quotes and brackets at its end are passed over.
        particle: One of "은", "이", "을", "과", "으로": the form after a consonant stands for both.

    Returns:
        Word and particle; both forms, as in 은(는), where it is not known how the word is read.
    """
    after_consonant, after_vowel = FORMS[particle]
    final = final_consonant(word)
    if final is None:
        return f"{word}{after_consonant}({after_vowel})"
    closed = final != 0 and not (particle == "으로" and final == RIEUL)
    return word + (after_consonant if closed else after_vowel)


def final_consonant(word: str) -> int | None:
    """Return the number of the consonant that a word ends in as it is read in Korean; 0: none, None: not known."""
    spoken = [char for char in unicodedata.normalize("NFC", word) if char.isalnum()]
    if not spoken:
        return None
    last = spoken[-1]
    if HANGUL_FIRST <= ord(last) <= HANGUL_LAST:
        return (ord(last) - HANGUL_FIRST) % FINALS
    if last in DIGIT_FINALS:
        return DIGIT_FINALS[last]
    ending = re.search(r"[A-Za-z]+$", "".join(spoken))
    return _read_latin(ending.group()) if ending else None


def _read_latin(word: str) -> int | None:
    """Guess how a word in Latin letters ends in Korean: Kim as 김, Rock as 록, IU as 아이유, Gale as 게일.

    None for an e behind m or n, which is mute in Jane (제인) and is not in Akane (아카네).
    """
    if word.isupper() and len(word) <= SPELT_LETTERS:
        return LETTER_FINALS.get(word[-1], 0)
    lower = word.lower()
    nasal_or_liquid = {"m": 16, "n": 4, "l": RIEUL}
    if lower[-1] in nasal_or_liquid:
        return nasal_or_liquid[lower[-1]]
    if lower.endswith(("me", "ne")):
        return None
    if lower.endswith("le"):
        return RIEUL
    if lower.endswith("ng"):
        return 21
    return 1 if re.search(r"(?<![aeiouy])[aeiou](ck|tt|[bckpt])$|ook$", lower) else 0
