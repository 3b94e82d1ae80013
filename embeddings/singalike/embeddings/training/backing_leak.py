"""What of a song stays in a separated voice: an accompaniment far below it, or what a real separator leaves."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.audio.separation.port import Separator
from singalike.audio.sound import Sound
from singalike.audio.synthesis import STYLES, accompany, compose_chords, mix
from singalike.embeddings.training.generator import SAMPLE_RATE, at_level

LEAK_DB = (-26.0, -10.0)
"""Level of what is left of the accompaniment, over the voice."""

MIXTURE_DB = (-6.0, 3.0)
"""Level of the accompaniment over the voice before it is separated."""

_SONG_S = 12.0
"""A separator that looks for repetition needs some bars of it around the clip."""


def leak(waveform: NDArray[np.float32], rng: Generator) -> NDArray[np.float32]:
    """Lay a clip over a synthetic accompaniment that is 10 to 26 dB softer.

    Args:
        waveform: float32 (samples,) at 16 000 Hz.
        rng: Source of all chance.

    Returns:
        float32 (samples,), the voice where it was, root mean square as of every generated clip.
    """
    samples = len(waveform)
    backing = _play(samples / SAMPLE_RATE, rng).waveform[:, :samples]
    mixed = mix(_sound(waveform), _sound(backing[0]), -rng.uniform(*LEAK_DB))
    return at_level(mixed.waveform[0, :samples])


def separated(waveform: NDArray[np.float32], separator: Separator, rng: Generator) -> NDArray[np.float32]:
    """Put a clip into a song of twelve seconds, take the accompaniment away again and cut the clip out.

    Args:
        waveform: float32 (samples,) at 16 000 Hz.
        separator: Leaves its own traces; the default one takes some 0.3 s a clip.
        rng: Source of all chance.

    Returns:
        float32 (samples,), the voice where it was, root mean square as of every generated clip.
    """
    samples = len(waveform)
    around = max(round(_SONG_S * SAMPLE_RATE) - samples, 0)
    first = int(rng.integers(around + 1))
    vocal = np.pad(waveform, (first, around - first))
    backing = _play(len(vocal) / SAMPLE_RATE, rng).waveform[0, : len(vocal)]
    song = mix(_sound(vocal), _sound(backing), -rng.uniform(*MIXTURE_DB))
    heard = separator.separate(song).waveform[0]
    return at_level(heard[first : first + samples])


def _play(seconds: float, rng: Generator) -> Sound:
    """Play a loop of chords in a random genre, key and tempo, at least this long, at 16 000 Hz."""
    name = str(rng.choice(sorted(STYLES)))
    style = STYLES[name]
    scale, tonic, tempo_bpm = str(rng.choice(style.scales)), int(rng.integers(12)), float(rng.uniform(*style.tempo_bpm))
    chords = compose_chords(rng, seconds + 0.01, tonic, scale, tempo_bpm, style.sevenths)
    return accompany(chords, name, tempo_bpm, rng, SAMPLE_RATE)


def _sound(waveform: NDArray[np.float32]) -> Sound:
    return Sound(waveform[None], SAMPLE_RATE)
