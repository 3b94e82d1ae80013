"""Ways of singing and speaking as whole people have them: what goes together is drawn together.

Nobody sings louder and changes nothing else. With effort the spectrum falls less steeply, the first formant and the
pitch rise and breath goes; with arousal speech becomes faster and its melody wider. So every expression begins with
effort, arousal and tension, and the coordinates of the manner scatter around what these three ask for.

Source:
    Traunmüller and Eriksson 2000, Acoustic effects of variation in vocal effort, https://doi.org/10.1121/1.429414;
    Scherer 1986, Vocal affect expression, https://doi.org/10.1037/0033-2909.99.2.143.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from singalike.embeddings.training.manners import NAMED, Manner, varied_manner

SPOKEN_SHARE = 0.4


@dataclass(frozen=True)
class Expression:
    """How a clip is sung or said, whoever does it.

    Attributes:
        manner: The way of singing; of its coordinates speech keeps those of sound and unsteadiness.
        spoken: Whether it is said instead of sung.
        effort: From -1, soft, to 1, loud.
        register_semitones: How far the middle pitch lies above that of the voice at rest.
        pace: Factor on the speed of speech.
        span: Factor on the intervals of speech around its middle.
        fall_semitones: How far the pitch falls at the end of a phrase; negative rises.
        scoop_semitones: How far below its pitch a phrase begins.
        tremor_semitones: Extent of a tremor of 7 to 11 Hz.
        creak: Share of phrase ends that break into a voice an octave lower.
        loudness_by_pitch: Level in dB gained with every semitone above the middle.
        smile: Factor on the formants above 1.8 kHz: lips spread or rounded.
    """

    manner: Manner
    spoken: bool = False
    effort: float = 0.0
    register_semitones: float = 5.0
    pace: float = 1.0
    span: float = 1.0
    fall_semitones: float = 0.0
    scoop_semitones: float = 0.0
    tremor_semitones: float = 0.0
    creak: float = 0.0
    loudness_by_pitch: float = 0.3
    smile: float = 1.0


def draw_expression(rng: Generator) -> Expression:
    """Draw one way of singing or, in two of five cases, speaking."""
    spoken = bool(rng.random() < SPOKEN_SHARE)
    effort = float(rng.uniform(-1.2, 1.2))
    arousal = 0.6 * effort + float(rng.normal(0.0, 0.6))
    tension = float(rng.normal())
    manner = _manner(effort, arousal, tension, rng)
    rest_semitones = 0.5 if spoken else 4.5
    return Expression(
        manner=manner,
        spoken=spoken,
        effort=effort,
        register_semitones=rest_semitones + 3.5 * effort + float(rng.normal(0.0, 2.0)),
        pace=float(np.exp(0.15 * arousal + rng.normal(0.0, 0.12))),
        span=float(np.exp(0.3 * arousal + rng.normal(0.0, 0.3))),
        fall_semitones=float(rng.normal(1.0, 2.0)),
        scoop_semitones=max(float(rng.normal(0.5, 1.0)), 0.0),
        tremor_semitones=float(rng.uniform(0.1, 0.5)) if rng.random() < 0.25 else 0.0,
        creak=float(rng.uniform(0.2, 0.9)) if rng.random() < 0.25 else 0.0,
        loudness_by_pitch=float(rng.normal(0.5, 0.5)),
        smile=float(np.exp(rng.normal(0.0, 0.035))),
    )


def expression_table(count: int, rng: Generator) -> tuple[Expression, ...]:
    """List expressions that are the classes of a fit: the named manners, sung, and drawn ones.

    Args:
        count: How many in all; at least as many as there are named manners.
        rng: Source of all chance.
    """
    drawn = (draw_expression(rng) for _ in range(count - len(NAMED)))
    return (*(Expression(manner) for manner in NAMED.values()), *drawn)


def _manner(effort: float, arousal: float, tension: float, rng: Generator) -> Manner:
    """Half of the manners lie anywhere, half near what effort, arousal and tension ask for."""
    manner = varied_manner(rng)
    if rng.random() < 0.5:
        return manner
    return replace(
        manner,
        breathiness=float(np.exp(0.15 * tension + rng.normal(0.0, 0.15))),
        tilt_db_per_octave=float(0.8 * tension + rng.normal(0.0, 0.6)),
        jitter_semitones=float(np.exp(rng.normal(np.log(0.04) - 0.2 * effort, 0.4))),
        shimmer_db=float(np.exp(rng.normal(np.log(0.35) + 0.2 * tension, 0.4))),
        attack_s=float(np.exp(rng.normal(np.log(0.035) - 0.4 * arousal, 0.4))),
        dynamics_db=float(np.exp(rng.normal(np.log(2.0) + 0.3 * arousal, 0.3))),
        note_scale=float(np.exp(rng.normal(-0.15 * arousal, 0.2))),
    )
