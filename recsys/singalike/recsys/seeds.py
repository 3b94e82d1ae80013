"""What a list is to hold more of, or less of."""

from dataclasses import dataclass

SINGER, TRACK, VOICE = "singer", "track", "voice"
SEED_KINDS = (SINGER, TRACK, VOICE)


@dataclass(frozen=True)
class Seed:
    """Something to look for more of, or less of.

    Attributes:
        kind: "singer", "track" or "voice" (an enrolled one).
        id: Which.
        weight: Above 0: more like this; below 0: less like this; -1 to 1. The voice of the request weighs 1.
    """

    kind: str
    id: str
    weight: float = 1.0
