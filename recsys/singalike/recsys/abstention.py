"""When to name nobody: too little was heard, or what was heard is like nobody in particular."""

import numpy as np

from singalike.audio.quality import WANTED_VOICED_S
from singalike.embeddings.profile import Vectors, VoiceProfile
from singalike.recsys.vector_space import VectorSpace

MORE_VOICE_NEEDED, NOTHING_STANDS_OUT = "MORE_VOICE_NEEDED", "NOTHING_STANDS_OUT"

LEAST_VOICED_S = 2.0
"""From this much clear voice on, the first name is among the ten nearest by another recording in 19 of 20 cases and
more; measured on training voices (`benchmarks/likeness.py`)."""

LEAST_CONTRAST = 0.5
"""Below this contrast, names are not those that a clean recording gives. No clean recording of a training voice lies
there; those that do, drowned in noise, share 2 of 10 names with a clean one (`benchmarks/likeness.py`)."""


def contrast(space: VectorSpace, vector: Vectors) -> float:
    """Say how much a voice tells singers apart: root mean square of z over them, 1 for recordings of the catalogue.

    A vector made of noise, or of several voices, lies between all singers: near to none, and far from none.

    Args:
        space: The singers' timbre.
        vector: Unit timbre vector of the whole recording, float32 (dim,).
    """
    return float(np.sqrt(np.mean(space.z(vector) ** 2)))


def missing_voice_s(profile: VoiceProfile) -> float:
    """Return the seconds of clear voice that are missing before anybody is named; 0 when enough was heard.

    What is asked for is a good recording (`WANTED_VOICED_S`), not the least that gets an answer.
    """
    heard = profile.quality.voiced_s
    return WANTED_VOICED_S - heard if heard < LEAST_VOICED_S else 0.0


def reason_to_abstain(profile: VoiceProfile, told_apart: float, candidates: int, k: int) -> str:
    """Say why nobody should be named, or nothing.

    Args:
        profile: The person's voice.
        told_apart: Contrast of the voice.
        candidates: Singers that may be named; when all of them are going to be, contrast does not matter.
        k: How many are asked for.

    Returns:
        `MORE_VOICE_NEEDED`, `NOTHING_STANDS_OUT`, or "" when names may be given.
    """
    if profile.quality.voiced_s < LEAST_VOICED_S:
        return MORE_VOICE_NEEDED
    if candidates > k and told_apart < LEAST_CONTRAST:
        return NOTHING_STANDS_OUT
    return ""
