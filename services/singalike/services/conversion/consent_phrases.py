"""Use case: draw a phrase for the owner of a voice to read aloud."""

from datetime import datetime, timedelta
from random import Random

from singalike.conversion.consent.phrases import ENGLISH, draw_phrase
from singalike.services.conversion_ports import TargetStore
from singalike.services.conversion_records import ConsentPhrase


def create_phrase(
    targets: TargetStore, tenant: str, language: str, rng: Random, now: datetime, *, phrase_s: int
) -> ConsentPhrase:
    """Draw a phrase and keep it until it expires.

    Args:
        targets: Where it is kept.
        tenant: Who asks.
        language: "en" or "ko"; empty: English.
        rng: Draws words and id; `random.SystemRandom` where somebody might guess.
        now: UTC.
        phrase_s: How long it may be read.

    Raises:
        InvalidInputError: LANGUAGE_UNKNOWN.
        CapacityError: TOO_MANY_PHRASES; DISK_FULL.
    """
    text = draw_phrase(language, rng)
    phrase_id = f"p-{rng.getrandbits(128):032x}"
    phrase = ConsentPhrase(phrase_id, tenant, text, language or ENGLISH, now, now + timedelta(seconds=phrase_s))
    targets.add_phrase(phrase)
    return phrase
