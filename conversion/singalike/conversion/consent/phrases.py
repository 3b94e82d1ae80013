"""Random sentences to read aloud, so that a recording found somewhere is no consent.

One word is drawn for each slot of a sentence, all equally likely: 51 bits in English and as many in Korean. Who had a
thousand people speak nothing but such sentences for a year would find the one that is drawn among their recordings
with a chance of one in 700 000.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from singalike.conversion.consent import english, korean
from singalike.errors import FieldViolation, InvalidInputError

ENGLISH = "en"


@dataclass(frozen=True)
class PhraseLanguage:
    """How phrases of a language are made.

    Attributes:
        slots: Words to choose from, by slot.
        sentence: Makes a sentence of one word for each slot.
    """

    slots: Mapping[str, tuple[str, ...]]
    sentence: Callable[[Mapping[str, str]], str]

    @property
    def bits(self) -> float:
        """Logarithm to base 2 of the number of phrases, which are all equally likely."""
        return sum(math.log2(len(words)) for words in self.slots.values())


LANGUAGES: Mapping[str, PhraseLanguage] = {
    ENGLISH: PhraseLanguage(english.SLOTS, english.sentence),
    "ko": PhraseLanguage(korean.SLOTS, korean.sentence),
}


def draw_phrase(language: str, rng: Random) -> str:
    """Draw a sentence that takes six to ten seconds to read.

    Args:
        language: "en" or "ko"; empty: English.
        rng: Chooses the words; where it matters, one that nobody can foresee (`random.SystemRandom`).

    Returns:
        The sentence, with its punctuation.

    Raises:
        InvalidInputError: LANGUAGE_UNKNOWN.
    """
    made = LANGUAGES.get(language or ENGLISH)
    if made is None:
        description = f"must be one of {', '.join(LANGUAGES)}, not {language!r}"
        raise InvalidInputError(
            "LANGUAGE_UNKNOWN", f"the language {description}", (FieldViolation("language", description),)
        )
    return made.sentence({slot: rng.choice(words) for slot, words in made.slots.items()})
