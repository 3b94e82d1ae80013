"""Numbers in sentences: rounded so that no sentence says more than was measured."""

import math

from singalike.recsys.signals import FRESHNESS_HALF_LIFE_DAYS

SHARP_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

MUCH, CLEARLY, SOMEWHAT, NOT, LESS = "much", "clearly", "somewhat", "not", "less"
"""Degrees of likeness: three, two and one deviation above unrelated singers, about as they are, one deviation below."""

LIKENESS_DEGREES = ((3.0, MUCH), (2.0, CLEARLY), (1.0, SOMEWHAT), (-1.0, NOT))

TOLD_GAP = 0.005
"""Smaller differences between contributions are not told."""

FITS_AS_WELL = 0.05
"""Below this confidence of a key shift another key fits as well."""

HALF = 0.5
"""Of the pairs of singers: who is closer than half of them is told as close, who is not as far."""

MANY, SOME, FEW = "many", "some", "few"


def percent(share: float) -> str:
    """Write a share, rounded down: 98.7 % is told as 98%, and nothing as more than 99.9%."""
    if share >= 0.99:
        return f"{min(math.floor(share * 1000 + 1e-9) / 10, 99.9):.1f}%"
    return f"{math.floor(share * 100 + 1e-9)}%"


def percent_rounded_up(share: float) -> str:
    """Write the upper end of an interval."""
    if share > 0.99:
        return "100%" if share > 0.999 else f"{math.ceil(share * 1000 - 1e-9) / 10:.1f}%"
    return f"{math.ceil(share * 100 - 1e-9)}%"


def whole_percent(share: float) -> str:
    """Write how much of a song lies somewhere, to the nearest percent; all and nothing are told only when it is so."""
    nearest = round(share * 100)
    return f"{min(nearest, 99) if share < 1 else 100}%" if share > 0 else "0%"


def clock(seconds: float) -> str:
    """Write a moment as minutes and seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def scientific_name(midi_pitch: float) -> str:
    """Name the note nearest to a MIDI pitch, for instance 69 as A4."""
    nearest = math.floor(midi_pitch + 0.5)
    return f"{SHARP_NAMES[nearest % 12]}{nearest // 12 - 1}"


def likeness_degree(value: float) -> str:
    """Name how alike two things are, from a signal that is `calibration.likeness(z)` = 1 / (1 + exp(2 - z))."""
    bounded = min(max(value, 1e-9), 1.0 - 1e-9)
    z = 2.0 - math.log(1.0 / bounded - 1.0)
    return next((degree for least, degree in LIKENESS_DEGREES if z >= least), LESS)


def amount(value: float) -> str:
    """Name the third of [0, 1] in which a signal lies."""
    return MANY if value >= 2 / 3 else SOME if value >= 1 / 3 else FEW


def age_days(freshness: float) -> int | None:
    """Return the whole days since something came, from its freshness 2^(-days / 180); None when too long ago to say."""
    return round(-FRESHNESS_HALF_LIFE_DAYS * math.log2(freshness)) if freshness > 1e-3 else None


def another_fits(confidence: float | None) -> bool:
    """Tell whether another key fits as well, from the confidence of a key shift."""
    return confidence is not None and confidence < FITS_AS_WELL
