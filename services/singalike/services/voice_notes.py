"""What a person should know about an answer, in whole sentences."""

from collections.abc import Sequence

from singalike.audio.quality import WANTED_VOICED_S
from singalike.embeddings.profile import SUFFICIENT_VOICED_S, VoiceProfile
from singalike.recsys.explanations.languages import phrases_for

FEWEST_VOICED_S = 3.0
"""From this much clear voice on, the first name holds in 49 of 50 cases (`benchmarks/likeness.py`)."""

RANGE_SIGNALS = frozenset({"tessitura", "key_fit_gain"})


def voice_notes(
    profile: VoiceProfile | None,
    missing: Sequence[str],
    *,
    any_allowed: bool,
    language_code: str = "en",
    abstained: bool = False,
) -> tuple[str, ...]:
    """Say what limits an answer, most important first.

    Args:
        profile: The person's voice; None when a request holds seeds alone.
        missing: Signals that could not be computed.
        any_allowed: Whether the filters left any singer.
        language_code: Of the sentences.
        abstained: Whether nobody is named, which is explained elsewhere.

    Returns:
        Whole sentences, empty when there is nothing to say.
    """
    phrases = phrases_for(language_code)
    notes = [] if any_allowed else [phrases.nothing_passes()]
    if profile is None:
        return tuple(notes)
    notes.extend(hearing_notes(profile, language_code, abstained=abstained))
    if abstained:
        return tuple(notes)
    if not profile.vocal_range.sufficient:
        notes.append(phrases.no_range(profile.vocal_range.voiced_s, SUFFICIENT_VOICED_S))
        missing = [name for name in missing if name not in RANGE_SIGNALS]
    return (*notes, *phrases.missing(tuple(missing)))


def hearing_notes(profile: VoiceProfile, language_code: str = "en", *, abstained: bool = False) -> tuple[str, ...]:
    """Say what limits any answer about this recording, as whole sentences; see `voice_notes`."""
    phrases = phrases_for(language_code)
    notes = []
    voiced_s = profile.quality.voiced_s
    if voiced_s < FEWEST_VOICED_S and not abstained:
        notes.append(phrases.little_voice(voiced_s, WANTED_VOICED_S - voiced_s))
    if profile.quality.more_than_one_voice:
        notes.append(phrases.several_voices())
    return tuple(notes)
