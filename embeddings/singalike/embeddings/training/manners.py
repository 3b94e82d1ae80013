"""Ways of singing as numbers, for the pseudo-singer generator."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator


@dataclass(frozen=True)
class Manner:
    """How a clip is sung, whoever sings it.

    Attributes:
        breathiness: Exponent that brings aperiodicity towards noise: 1 leaves it, 0.5 is breathy, 1.5 is clear.
        tilt_db_per_octave: Added slope of the spectrum above 500 Hz; negative is soft, positive is pressed.
        ring_db: Height of the singer's formant near 2.9 kHz.
        vibrato_rate_hz: Vibrato cycles per second.
        vibrato_semitones: Vibrato extent, from the middle to the top.
        vibrato_onset_s: Silence of the vibrato after a note begins.
        glide_s: Time constant of the step from note to note.
        drift_semitones: Deviation of the slow wandering of pitch.
        jitter_semitones: Deviation of pitch from frame to frame.
        shimmer_db: Deviation of level from frame to frame.
        attack_s: Time over which the level of a note rises.
        dynamics_db: Deviation of level between notes.
        note_scale: Factor on the length of notes; below 1 is staccato.
    """

    breathiness: float = 1.0
    tilt_db_per_octave: float = 0.0
    ring_db: float = 0.0
    vibrato_rate_hz: float = 5.5
    vibrato_semitones: float = 0.0
    vibrato_onset_s: float = 0.15
    glide_s: float = 0.03
    drift_semitones: float = 0.1
    jitter_semitones: float = 0.04
    shimmer_db: float = 0.3
    attack_s: float = 0.03
    dynamics_db: float = 2.0
    note_scale: float = 1.0


NAMED = {
    "clear": Manner(breathiness=1.3, glide_s=0.02, drift_semitones=0.05),
    "breathy": Manner(breathiness=0.45, tilt_db_per_octave=-2.5, attack_s=0.08),
    "pressed": Manner(breathiness=1.6, tilt_db_per_octave=2.5, ring_db=4.0, attack_s=0.015, shimmer_db=0.6),
    "vibrato": Manner(vibrato_semitones=0.6, vibrato_rate_hz=5.8, ring_db=6.0, glide_s=0.05),
}
"""The four corners of the space of manners."""


def random_manner(rng: Generator) -> Manner:
    """Draw an everyday way of singing: one in seven clips is a breathy falsetto."""
    manner = Manner(
        breathiness=float(np.exp(rng.normal(0.0, 0.12))),
        tilt_db_per_octave=float(rng.normal(0.0, 1.5)),
        vibrato_rate_hz=float(rng.uniform(4.5, 6.8)),
        vibrato_semitones=float(rng.uniform(0.0, 0.9)) if rng.random() < 0.7 else 0.0,
        glide_s=float(rng.uniform(0.015, 0.06)),
        drift_semitones=float(rng.uniform(0.05, 0.25)),
        jitter_semitones=float(rng.uniform(0.02, 0.08)),
        shimmer_db=float(rng.uniform(0.1, 0.6)),
        attack_s=float(rng.uniform(0.01, 0.06)),
        dynamics_db=float(rng.uniform(0.5, 3.0)),
    )
    if rng.random() >= 1 / 7:
        return manner
    return replace(manner, breathiness=0.6, tilt_db_per_octave=manner.tilt_db_per_octave - 2.5)


def varied_manner(rng: Generator) -> Manner:
    """Draw one point of the whole space of manners, each coordinate over its full width."""
    return Manner(
        breathiness=float(np.exp(rng.uniform(np.log(0.4), np.log(1.7)))),
        tilt_db_per_octave=float(rng.uniform(-3.5, 3.0)),
        ring_db=float(rng.uniform(0.0, 7.0)),
        vibrato_rate_hz=float(rng.uniform(4.5, 7.0)),
        vibrato_semitones=float(rng.uniform(0.1, 1.0)) if rng.random() < 0.6 else 0.0,
        vibrato_onset_s=float(rng.uniform(0.05, 0.4)),
        glide_s=float(np.exp(rng.uniform(np.log(0.01), np.log(0.12)))),
        drift_semitones=float(rng.uniform(0.03, 0.4)),
        jitter_semitones=float(np.exp(rng.uniform(np.log(0.015), np.log(0.15)))),
        shimmer_db=float(np.exp(rng.uniform(np.log(0.1), np.log(1.5)))),
        attack_s=float(np.exp(rng.uniform(np.log(0.008), np.log(0.12)))),
        dynamics_db=float(rng.uniform(0.5, 6.0)),
        note_scale=float(np.exp(rng.uniform(np.log(0.5), np.log(1.6)))),
    )
