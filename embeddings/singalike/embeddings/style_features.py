"""How somebody sings, in numbers that have names.

Five groups: what the pitch does (register, vibrato, glides, steadiness, phrase ends), what the level does (attacks,
dynamics, shimmer), what the voice sounds like while it does so (breath, brilliance, slope of the spectrum, how these
follow level and pitch), the course that pitch and level take through phrases and pauses, and the spectrum itself
(where its power lies, how peaked it is, how the harmonics fall). Many of the last three are near what Eyben et al.
2016, GeMAPS, https://doi.org/10.1109/TAFFC.2015.2457417, list for affect in voices. Every figure is NaN where the
recording has nothing to tell it from.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.style_course import COURSE_FEATURES, course_figures
from singalike.embeddings.style_pitch import PITCH_FEATURES, pitch_figures, pitch_on_frames
from singalike.embeddings.style_sound import LEVEL_FEATURES, SOUND_FEATURES, SoundTracks, level_figures, sound_figures
from singalike.embeddings.style_spectrum import SPECTRUM_FEATURES, SpectrumTracks, spectrum_figures
from singalike.embeddings.voice_frames import VoiceFrames

FEATURES = PITCH_FEATURES + LEVEL_FEATURES + SOUND_FEATURES + COURSE_FEATURES + SPECTRUM_FEATURES

_FEWEST_VOICED = 20


@dataclass(frozen=True, eq=False)
class StyleTracks:
    """What is measured frame by frame, once for a recording and all stretches of it; no pitch is needed.

    Attributes:
        sound: Level and colour.
        spectrum: The spectrum itself.
    """

    sound: SoundTracks
    spectrum: SpectrumTracks

    @classmethod
    def of(cls, frames: VoiceFrames) -> "StyleTracks":
        """Measure the frames of a recording."""
        return cls(SoundTracks.of(frames), SpectrumTracks.of(frames))


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
    whole = np.arange(len(frames))[None]
    midi_pitch = pitch_on_frames(pitch, len(frames), frames.hop_s)[None]
    figures = _measure(frames, StyleTracks.of(frames), Stretches(whole, frames.chosen()[None], midi_pitch))
    return np.asarray(figures[0])


def span_features(
    frames: VoiceFrames, pitch: PitchTrack, spans: Sequence[tuple[float, float]], tracks: StyleTracks | None = None
) -> NDArray[np.float32]:
    """Measure the way of singing in parts of a recording, which share what is measured frame by frame.

    Args:
        frames: Of the whole recording, as `pitch`.
        pitch: Pitch track of any hop.
        spans: Start and end of each part, in seconds.
        tracks: Of these frames, where they are measured already.

    Returns:
        float32 (spans, len(FEATURES)), rows as from `style_features` of the parts cut out.

    Raises:
        InvalidInputError: TOO_SHORT, a part has less than 0.1 s of frames.
    """
    places = [np.arange(len(frames))[frames.place(*span)] for span in spans]
    features = np.empty((len(spans), len(FEATURES)), dtype=np.float32)
    tracks = tracks or StyleTracks.of(frames)
    for length in sorted({len(place) for place in places}):
        rows = [row for row, place in enumerate(places) if len(place) == length]
        chosen = np.stack([frames.cut(*spans[row]).chosen() for row in rows])
        midi_pitch = np.stack([pitch_on_frames(pitch.cut(*spans[row]), length, frames.hop_s) for row in rows])
        stretches = Stretches(np.stack([places[row] for row in rows]), chosen, midi_pitch)
        features[rows] = _measure(frames, tracks, stretches)
    return features


@dataclass(frozen=True, eq=False)
class Stretches:
    """Stretches of equal length of a recording, (stretches, frames) each.

    Attributes:
        at: int64, where their frames stand in the recording.
        chosen: bool, which of them count.
        midi_pitch: float64, NaN where unvoiced.
    """

    at: NDArray[np.int64]
    chosen: NDArray[np.bool_]
    midi_pitch: NDArray[np.float64]


def _measure(frames: VoiceFrames, tracks: StyleTracks, of: Stretches) -> NDArray[np.float32]:
    voiced = _voiced(of.chosen, of.midi_pitch)
    with np.errstate(divide="ignore", invalid="ignore"):  # Means of nothing are what NaN in the result means.
        groups = [
            pitch_figures(of.midi_pitch, frames.active[of.at], frames.hop_s),
            level_figures(tracks.sound, of.at, of.chosen, of.midi_pitch, frames.hop_s),
            sound_figures(tracks.sound, of.at, voiced, of.midi_pitch),
            course_figures(tracks.sound, of.at, of.chosen, voiced, of.midi_pitch, frames.hop_s),
            spectrum_figures(tracks.spectrum, of.at, voiced, of.midi_pitch),
        ]
    return np.concatenate(groups, axis=1).astype(np.float32)


def _voiced(chosen: NDArray[np.bool_], midi_pitch: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Keep the voiced frames, whose colour is that of the voice; all of them where hardly one is voiced, in whisper."""
    voiced = chosen & ~np.isnan(midi_pitch)
    return np.where(voiced.sum(axis=1, keepdims=True) >= _FEWEST_VOICED, voiced, chosen)
