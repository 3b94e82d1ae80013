"""The languages that sentences are written in."""

from collections.abc import Mapping

from singalike.errors import FieldViolation, InvalidInputError
from singalike.recsys.explanations.english import English
from singalike.recsys.explanations.korean import Korean
from singalike.recsys.explanations.phrases import Phrases

LANGUAGES: Mapping[str, Phrases] = {"en": English(), "ko": Korean()}


def phrases_for(language_code: str) -> Phrases:
    """Return the sentences of a language; "" is English.

    Raises:
        InvalidInputError: UNKNOWN_LANGUAGE.
    """
    if (language_code or "en") not in LANGUAGES:
        message = f"no sentences in {language_code!r}: ask for one of {', '.join(LANGUAGES)}"
        raise InvalidInputError("UNKNOWN_LANGUAGE", message, (FieldViolation("language_code", message),))
    return LANGUAGES[language_code or "en"]
