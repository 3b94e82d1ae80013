"""How somebody sings, in numbers that have names.

Three groups: what the pitch does (register, vibrato, glides, steadiness, phrase ends), what the level does (attacks,
dynamics, shimmer) and what the voice sounds like while it does so (breath, brilliance, slope of the spectrum, how these
follow level and pitch). Every figure is NaN where the recording has nothing to tell it from.
"""

import warnings

import numpy as np
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.style_pitch import PITCH_FEATURES, pitch_figures, pitch_on_frames
from singalike.embeddings.style_sound import LEVEL_FEATURES, SOUND_FEATURES, level_figures, sound_figures
from singalike.embeddings.voice_frames import VoiceFrames

FEATURES = PITCH_FEATURES + LEVEL_FEATURES + SOUND_FEATURES

_FEWEST_VOICED = 20


def style_features(frames: VoiceFrames, pitch: PitchTrack) -> NDArray[np.float32]:
    """Measure the way of singing.

    Args:
        frames: Of the same stretch of sound as `pitch`.
        pitch: Pitch track of any hop.

    Returns:
        float32 (len(FEATURES),), NaN where a figure cannot be told.

    Raises:
        InvalidInputError: TOO_SHORT, less than 0.1 s of frames.
    """
    chosen = frames.chosen()
    midi_pitch = pitch_on_frames(pitch, len(frames), frames.hop_s)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # Means of nothing are what NaN in the result means.
        groups = [
            pitch_figures(midi_pitch, frames.active, frames.hop_s),
            level_figures(frames, chosen, midi_pitch),
            sound_figures(frames, _voiced(chosen, midi_pitch), midi_pitch),
        ]
    return np.concatenate(groups).astype(np.float32)


def _voiced(chosen: NDArray[np.bool_], midi_pitch: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Keep the voiced frames, whose colour is that of the voice; all of them where hardly one is voiced, in whisper."""
    voiced = chosen & np.isfinite(midi_pitch)
    return voiced if voiced.sum() >= _FEWEST_VOICED else chosen
