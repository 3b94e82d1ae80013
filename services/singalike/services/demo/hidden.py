"""Voices that are none of the catalogue's, and how far apart two synthetic voices are by their parameters."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.random import Generator

from singalike.audio.sound import Sound
from singalike.audio.synthesis import SCALES, SingerVoice, add_noise, compose_melody, room, sing, vary_singer

RELATIVE = 0.35
"""How far a hidden voice lies from the singer that it was drawn near, in deviations of every parameter over singers."""

# Parameter: (what counts as one step, weight). A step is about the deviation over singers of one gender; weights put
# pitch region and formants first, the two dimensions on which listeners place voices (Baumann and Belin 2010,
# https://doi.org/10.1007/s00426-008-0185-z), then the source. They were set before any result was seen.
_STEPS: dict[str, tuple[float, float]] = {
    "tract_cm": (0.8, 3.0),
    "centre_midi": (3.3, 2.0),
    "vowel_spread": (0.1, 0.5),
    "bandwidth_ratio": (0.25, 0.7),
    "singers_formant_db": (5.0, 1.0),
    "singers_formant_hz": (250.0, 0.4),
    "hollow_db": (4.0, 0.4),
    "nasality_db": (3.0, 0.5),
    "open_quotient": (0.08, 1.0),
    "asymmetry": (0.05, 0.3),
    "tilt_db": (5.0, 1.5),
    "breathiness_db": (6.0, 1.5),
    "vibrato_cents": (28.0, 0.5),
    "vibrato_hz": (0.55, 0.2),
    "shimmer_db": (0.2, 0.1),
    "dynamics_db": (3.0, 0.1),
}
_FORMANT_STEP, _FORMANT_WEIGHT = 0.045, 0.6


@dataclass(frozen=True, eq=False)
class HiddenVoice:
    """A person who asks, and what the demo knows of them.

    Attributes:
        voice: The truth about the voice.
        sound: An a-cappella recording, mono.
    """

    voice: SingerVoice
    sound: Sound

    @property
    def audio(self) -> bytes:
        """The recording as a WAV file."""
        buffer = io.BytesIO()
        soundfile.write(buffer, self.sound.waveform.T, self.sound.sample_rate, format="WAV", subtype="PCM_16")
        return buffer.getvalue()


def hidden_voice(known: SingerVoice, rng: Generator, seconds: float = 11.0, amount: float = RELATIVE) -> HiddenVoice:
    """Record somebody new who resembles a known singer.

    Args:
        known: The singer to resemble; every parameter is moved.
        rng: Source of randomness.
        seconds: Length of the recording.
        amount: How far to move, see `vary_singer`.

    Returns:
        Another melody, sung a cappella in a small room before a plain microphone.
    """
    voice = vary_singer(known, rng, amount)
    return HiddenVoice(voice, record(voice, rng, seconds))


def record(voice: SingerVoice, rng: Generator, seconds: float) -> Sound:
    """Let somebody sing a new melody a cappella, in a small room before a plain microphone; mono."""
    scale = str(rng.choice(sorted(SCALES)))
    melody = compose_melody(rng, voice.centre_midi, seconds, scale, float(rng.uniform(80.0, 115.0)))
    in_room = room(sing(voice, melody, rng=rng), rng, decay_s=float(rng.uniform(0.15, 0.35)))
    return add_noise(in_room, rng, float(rng.uniform(28.0, 40.0)))


def parameter_distance(one: SingerVoice, other: SingerVoice) -> float:
    """Measure how different two voices must sound, from their parameters alone.

    Returns:
        Weighted root mean square of the differences, in steps: 0 for the same voice, about 1.4 for two singers drawn
        at random with the same voice gender.
    """
    weights = [weight for _, weight in _STEPS.values()] + [_FORMANT_WEIGHT] * len(one.formant_ratios)
    steps = [(getattr(one, name) - getattr(other, name)) / step for name, (step, _) in _STEPS.items()]
    steps += [
        (first - second) / _FORMANT_STEP for first, second in zip(one.formant_ratios, other.formant_ratios, strict=True)
    ]
    return float(np.sqrt(np.average(np.square(steps), weights=weights)))


def by_distance(voice: SingerVoice, known: Sequence[SingerVoice]) -> list[int]:
    """Return the positions of the known voices, nearest by parameters first."""
    distances = [parameter_distance(voice, other) for other in known]
    return sorted(range(len(known)), key=distances.__getitem__)
