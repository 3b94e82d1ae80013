"""Synthetic singers who sing a few seconds, for conversions: quick, and the same every time."""

import io
from functools import lru_cache

import numpy as np
import soundfile

from singalike.audio.resample import resample
from singalike.audio.sound import Sound
from singalike.audio.synthesis import compose_melody, draw_singer, sing

RATE = 24_000


@lru_cache(maxsize=16)
def take(singer: int, melody: int = 0, seconds: float = 4.0, sample_rate: int = RATE) -> Sound:
    """Let the singer drawn by `singer` sing the melody drawn by `melody`."""
    voice = draw_singer(np.random.default_rng(singer))
    notes = compose_melody(np.random.default_rng(100 + melody), voice.centre_midi, seconds)
    return resample(sing(voice, notes, RATE, np.random.default_rng(melody)), sample_rate)


def as_flac(sound: Sound) -> bytes:
    """Encode a take."""
    file = io.BytesIO()
    soundfile.write(file, sound.waveform.T, sound.sample_rate, format="FLAC", subtype="PCM_16")
    return file.getvalue()
