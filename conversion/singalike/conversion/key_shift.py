"""Move the accompaniment to another key. Voices are moved by the engine that sings them."""

import numpy as np

from singalike.audio.sound import Sound, Waveform
from singalike.conversion.engine import FARTHEST_SHIFT
from singalike.errors import InvalidInputError

BLOCK_S, INTERVAL_S = 0.12, 0.015
"""Frames of the stretcher and how far apart they are: twice as dense as its preset, which makes held tones purer."""

SEED = 20


def shift_key(sound: Sound, semitones: float) -> Sound:
    """Transpose music without changing its speed.

    Drums and attacks stay where they are in time; all channels move together, so the stereo image stays.

    Args:
        sound: Music, any rate and channels.
        semitones: How far up, fractions allowed; within two octaves.

    Returns:
        Sound of the same shape; the very same object for no shift. The same input gives the same output.

    Raises:
        InvalidInputError: KEY_SHIFT_TOO_FAR.

    Source:
        Signalsmith Stretch (MIT), https://signalsmith-audio.co.uk/code/stretch/.
    """
    if not abs(semitones) <= FARTHEST_SHIFT:
        message = f"choose a key shift within {FARTHEST_SHIFT:.0f} semitones, not {semitones}"
        raise InvalidInputError("KEY_SHIFT_TOO_FAR", message)
    if semitones == 0.0:
        return sound
    from python_stretch import Signalsmith

    stretch = Signalsmith.Stretch(SEED)
    stretch.configure(sound.channels, round(BLOCK_S * sound.sample_rate), round(INTERVAL_S * sound.sample_rate))
    stretch.setTransposeSemitones(float(semitones))
    # One call for the whole: each call ends the sound that it is given, so blocks would not join.
    moved = stretch.process(np.ascontiguousarray(sound.waveform, dtype=np.float32))
    return Sound(_of_length(np.asarray(moved, dtype=np.float32), sound.waveform.shape[-1]), sound.sample_rate)


def _of_length(waveform: Waveform, samples: int) -> Waveform:
    missing = max(samples - waveform.shape[-1], 0)
    return np.pad(waveform[:, :samples], ((0, 0), (0, missing))) if missing else waveform[:, :samples]
