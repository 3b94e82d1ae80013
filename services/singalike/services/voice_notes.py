"""What a person should know about an answer, in whole sentences."""

from collections.abc import Sequence

import numpy as np

from singalike.audio.quality import WANTED_VOICED_S
from singalike.embeddings.profile import SUFFICIENT_VOICED_S, VoiceProfile

FEWEST_VOICED_S = 3.0
"""Below this much clear voice, names are close to guesses."""

MISSING = {
    "timbre": "Timbre could not be compared.",
    "style": "The way of singing could not be compared.",
    "melody": "Melody taste was left out: too little was sung, or the catalogue's melodies are not known.",
    "tessitura": "Tessitura was left out: too little was sung by the person or by every singer.",
    "key_fit_gain": "Keys were left out: too little was sung by the person or in every track.",
}


def voice_notes(profile: VoiceProfile | None, missing: Sequence[str], *, any_allowed: bool) -> tuple[str, ...]:
    """Say what limits an answer, most important first.

    Args:
        profile: The person's voice; None when a request holds seeds alone.
        missing: Signals that could not be computed.
        any_allowed: Whether the filters left any singer.

    Returns:
        Whole sentences, empty when there is nothing to say.
    """
    notes = [] if any_allowed else ["Nothing in the catalogue passes the filters: ask for less."]
    if profile is None:
        return tuple(notes)
    notes.extend(hearing_notes(profile))
    if not profile.vocal_range.sufficient:
        sung = profile.vocal_range.voiced_s
        notes.append(
            f"The vocal range needs {SUFFICIENT_VOICED_S:.0f} s of held notes and {sung:.1f} s were heard: "
            "keys and tessitura were left out."
        )
        missing = [name for name in missing if name not in {"tessitura", "key_fit_gain"}]
    return (*notes, *(MISSING[name] for name in missing if name in MISSING))


def hearing_notes(profile: VoiceProfile) -> tuple[str, ...]:
    """Say what limits any answer about this recording, as whole sentences."""
    notes = []
    voiced_s = profile.quality.voiced_s
    if voiced_s < FEWEST_VOICED_S:
        notes.append(
            f"Only {voiced_s:.1f} s of clear voice were heard, so the names are little more than guesses: "
            f"{np.ceil(WANTED_VOICED_S - voiced_s):.0f} more seconds of clear voice are needed."
        )
    if profile.quality.more_than_one_voice:
        notes.append("More than one voice seems to sing: sing alone for an answer about one voice.")
    return tuple(notes)
