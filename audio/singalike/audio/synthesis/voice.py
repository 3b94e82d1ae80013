"""A singer who never lived: every parameter of a synthetic voice, in physical units."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.random import Generator

from singalike.errors import InvalidInputError

FEMALE, MALE = "female", "male"
VOICE_GENDERS = (FEMALE, MALE)
FORMANT_RATIOS = 5
"""Formants F1 to F5 carry a personal offset; the higher ones follow the tract length alone."""


@dataclass(frozen=True)
class SingerVoice:
    """A synthetic voice.

    Attributes:
        voice_gender: "female" or "male": the vocal tract and the pitch region that the voice was drawn from.
        centre_midi: Centre of the tessitura, MIDI pitch.
        tract_cm: Length of the vocal tract in cm; all formants scale with its inverse.
        formant_ratios: Personal offset of F1 to F5, as factors near 1.
        vowel_spread: Size of the vowel space: 1 as in the table, below 1 mumbled, above 1 overdone.
        bandwidth_ratio: Factor on all formant bandwidths; above 1 is damped and dull.
        singers_formant_hz, singers_formant_db: Centre and height of the singer's formant.
        hollow_hz, hollow_db: Centre and depth of the dip that the piriform fossae leave in the spectrum.
        nasality_db: Depth of the dip near 950 Hz that a lowered velum leaves.
        open_quotient: Share of the glottal cycle that is open, in (0, 1).
        asymmetry: Share of the open phase in which the flow rises, in (0.5, 1).
        tilt_db: Loss of the glottal source at 3 kHz in dB, from an incomplete closure.
        breathiness_db: Power of the aspiration noise over the power of the harmonics at the glottis, in dB.
        jitter: Deviation of a period, as a share of the period.
        shimmer_db: Deviation of the amplitude of a period, in dB.
        vibrato_hz, vibrato_cents, vibrato_delay_s: Rate, extent to either side and how long a note waits for it.
        glide_s: Time from one pitch to the next.
        scoop_cents: How far below the pitch a phrase begins.
        drift_cents: Deviation of the slow wandering of the pitch.
        attack_s: Time in which a note after a rest comes up.
        dynamics_db: Level of the loudest over the softest part of a phrase, in dB.
        consonant_db: Level of the consonants relative to the vowels, in dB.
        sibilance_hz: Centre of this singer's "s".
    """

    voice_gender: str
    centre_midi: float
    tract_cm: float
    formant_ratios: tuple[float, ...]
    vowel_spread: float
    bandwidth_ratio: float
    singers_formant_hz: float
    singers_formant_db: float
    hollow_hz: float
    hollow_db: float
    nasality_db: float
    open_quotient: float
    asymmetry: float
    tilt_db: float
    breathiness_db: float
    jitter: float
    shimmer_db: float
    vibrato_hz: float
    vibrato_cents: float
    vibrato_delay_s: float
    glide_s: float
    scoop_cents: float
    drift_cents: float
    attack_s: float
    dynamics_db: float
    consonant_db: float
    sibilance_hz: float

    def __post_init__(self) -> None:
        if self.voice_gender not in VOICE_GENDERS or len(self.formant_ratios) != FORMANT_RATIOS:
            raise InvalidInputError("SINGER_VOICE_INVALID", "give voice_gender female or male and five formant ratios")


@dataclass(frozen=True)
class Spread:
    """How a parameter is spread over singers: a normal distribution with borders.

    Attributes:
        mean, deviation: Of the normal distribution.
        low, high: What is physically sensible; draws are clipped to it.
    """

    mean: float
    deviation: float
    low: float
    high: float

    def draw(self, rng: Generator, shift: float = 0.0) -> float:
        """Draw a value, `shift` deviations away from the usual."""
        return self.clip(float(rng.normal(self.mean + shift * self.deviation, self.deviation)))

    def clip(self, value: float) -> float:
        """Return the nearest sensible value."""
        return float(np.clip(value, self.low, self.high))


# Tract lengths and pitch regions: Titze 2000, Principles of Voice Production; Sundberg 1987, The Science of the Singing
# Voice. Source parameters: Henrich et al. 2005, glottal open quotient in singing, https://doi.org/10.1121/1.1850031.
_SHARED = {
    "vowel_spread": Spread(1.0, 0.1, 0.75, 1.25),
    "bandwidth_ratio": Spread(1.1, 0.25, 0.6, 1.9),
    "singers_formant_hz": Spread(2950.0, 250.0, 2400.0, 3600.0),
    "singers_formant_db": Spread(6.0, 5.0, 0.0, 18.0),
    "hollow_hz": Spread(4500.0, 350.0, 3700.0, 5400.0),
    "hollow_db": Spread(8.0, 4.0, 0.0, 18.0),
    "nasality_db": Spread(3.0, 3.0, 0.0, 11.0),
    "asymmetry": Spread(0.69, 0.05, 0.57, 0.82),
    "tilt_db": Spread(9.0, 5.0, 1.0, 24.0),
    "breathiness_db": Spread(-24.0, 6.0, -38.0, -9.0),
    "jitter": Spread(0.004, 0.002, 0.001, 0.012),
    "shimmer_db": Spread(0.35, 0.2, 0.05, 1.2),
    "vibrato_hz": Spread(5.7, 0.55, 4.3, 7.2),
    "vibrato_cents": Spread(45.0, 28.0, 0.0, 110.0),
    "vibrato_delay_s": Spread(0.28, 0.13, 0.05, 0.7),
    "glide_s": Spread(0.09, 0.03, 0.03, 0.2),
    "scoop_cents": Spread(80.0, 70.0, 0.0, 260.0),
    "drift_cents": Spread(10.0, 5.0, 2.0, 28.0),
    "attack_s": Spread(0.07, 0.03, 0.02, 0.18),
    "dynamics_db": Spread(8.0, 3.0, 2.0, 16.0),
    "consonant_db": Spread(-14.0, 3.0, -22.0, -7.0),
}
SPREADS: Mapping[str, Mapping[str, Spread]] = MappingProxyType(
    {
        FEMALE: MappingProxyType(
            _SHARED
            | {
                "centre_midi": Spread(63.5, 3.2, 56.0, 71.0),
                "tract_cm": Spread(14.3, 0.75, 12.6, 16.0),
                "open_quotient": Spread(0.68, 0.08, 0.5, 0.88),
                "sibilance_hz": Spread(7600.0, 700.0, 6000.0, 9500.0),
            }
        ),
        MALE: MappingProxyType(
            _SHARED
            | {
                "centre_midi": Spread(52.0, 3.4, 44.0, 60.0),
                "tract_cm": Spread(16.9, 0.8, 15.0, 18.8),
                "open_quotient": Spread(0.57, 0.08, 0.4, 0.8),
                "sibilance_hz": Spread(6300.0, 600.0, 5000.0, 8200.0),
            }
        ),
    }
)
"""Distribution of every scalar parameter for each voice gender."""

FORMANT_RATIO = Spread(1.0, 0.045, 0.88, 1.13)
"""Distribution of the personal offset of one formant."""


def draw_singer(rng: Generator, voice_gender: str | None = None) -> SingerVoice:
    """Draw a singer.

    Longer tracts come with lower tessituras, and breathy voices close the glottis later, as in people; everything
    else is independent.

    Args:
        rng: Source of randomness; the same state gives the same singer.
        voice_gender: "female", "male" or None for either.

    Returns:
        A voice whose level says nothing: `sing` brings all voices to the same loudness.

    Raises:
        InvalidInputError: SINGER_VOICE_INVALID, an unknown voice gender.
    """
    gender = voice_gender if voice_gender is not None else VOICE_GENDERS[int(rng.integers(2))]
    if gender not in VOICE_GENDERS:
        raise InvalidInputError("SINGER_VOICE_INVALID", f"voice_gender is {gender!r}: choose female or male")
    size, breath = rng.normal(size=2) * 0.6
    shifts = {"tract_cm": size, "centre_midi": -size, "breathiness_db": breath, "open_quotient": breath}
    values = {name: spread.draw(rng, shifts.get(name, 0.0)) for name, spread in SPREADS[gender].items()}
    ratios = tuple(FORMANT_RATIO.draw(rng) for _ in range(FORMANT_RATIOS))
    return SingerVoice(voice_gender=gender, formant_ratios=ratios, **values)


def vary_singer(voice: SingerVoice, rng: Generator, amount: float) -> SingerVoice:
    """Draw a relative of a singer: the same voice gender, every parameter moved a little.

    Args:
        voice: The singer to stay close to.
        rng: Source of randomness.
        amount: Size of the step in deviations of each parameter over singers; 0.3 is a sibling, 1.4 a stranger.
    """
    values = {
        name: spread.clip(getattr(voice, name) + float(rng.normal()) * amount * spread.deviation)
        for name, spread in SPREADS[voice.voice_gender].items()
    }
    steps = rng.normal(size=FORMANT_RATIOS) * amount * FORMANT_RATIO.deviation
    ratios = tuple(FORMANT_RATIO.clip(old + step) for old, step in zip(voice.formant_ratios, steps, strict=True))
    return SingerVoice(voice_gender=voice.voice_gender, formant_ratios=ratios, **values)
