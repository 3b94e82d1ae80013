"""Does a recording sound female: vocal tract first, pitch second, as a calibrated probability."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.checkpoint import SHIPPED, Checkpoint, load_checkpoint
from singalike.embeddings.profile import USUAL_BAND, UndecidedBand
from singalike.embeddings.projection import standardised
from singalike.embeddings.voice_frames import VoiceFrames

NAME = "voice_gender"
PERIODIC = 0.5
"""Harmonicity above which a frame shows the vocal tract rather than breath."""

_FEWEST_FRAMES = 20


@dataclass(frozen=True, eq=False)
class VoiceGenderClassifier:
    """A logistic regression on cepstra and pitch statistics, its temperature fitted on voices held out.

    Attributes:
        centre: float32 (features,), what an unknown feature is replaced by.
        scale: float32 (features,), deviation of each feature.
        weights: float32 (features,).
        bias: Of the logit.
        temperature: Divides the logit.
        undecided_band: Where neither voice gender is sure enough to be said.
    """

    centre: NDArray[np.float32]
    scale: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: float
    temperature: float
    undecided_band: UndecidedBand = USUAL_BAND

    @classmethod
    def load(cls, folder: Path = SHIPPED) -> "VoiceGenderClassifier":
        """Load the checkpoint `voice_gender` of a folder.

        Raises:
            NotFoundError: CHECKPOINT_NOT_FOUND.
            WrongStateError: CHECKPOINT_DAMAGED.
        """
        return cls.from_checkpoint(load_checkpoint(NAME, folder))

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> "VoiceGenderClassifier":
        """Build the classifier from loaded arrays."""
        tensors = checkpoint.tensors
        bias, temperature = (float(value) for value in tensors["bias_temperature"])
        band = UndecidedBand(*checkpoint.config.get("undecided_band", ()))
        return cls(tensors["centre"], tensors["scale"], tensors["weights"], bias, temperature, band)

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """Return the arrays to save."""
        numbers = np.array([self.bias, self.temperature], dtype=np.float32)
        return {"centre": self.centre, "scale": self.scale, "weights": self.weights, "bias_temperature": numbers}

    def female_probability(self, frames: VoiceFrames, pitch: PitchTrack) -> float:
        """Return the probability in (0, 1) that the recording sounds female.

        Args:
            frames: Of the timbre encoder's `analyse`, whole or cut.
            pitch: Pitch of the same stretch, any hop; without a voiced frame the vocal tract decides alone.

        Raises:
            InvalidInputError: TOO_SHORT, less than 0.1 s of frames.
        """
        logit = self.logits(voice_gender_features(frames, pitch)[None])[0]
        return float(1.0 / (1.0 + np.exp(-logit)))

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return calibrated log odds (items,) of features (items, features)."""
        values = standardised(features, self.centre, self.scale)
        return np.asarray((values @ self.weights + self.bias) / self.temperature, dtype=np.float64)


def voice_gender_features(frames: VoiceFrames, pitch: PitchTrack) -> NDArray[np.float32]:
    """Describe vocal tract and pitch of a recording.

    Args:
        frames: Frames of a recording.
        pitch: Its pitch.

    Returns:
        float32 (53,): means of both kinds of cepstra over periodic frames, then 10th, 50th and 90th percentile of
        MIDI pitch, NaN without a voiced frame. Deviations are left out: they tell speech from song, not who sings.

    Raises:
        InvalidInputError: TOO_SHORT, less than 0.1 s of frames.
    """
    chosen = frames.chosen()
    periodic = chosen & (frames.harmonicity[:, 0] > PERIODIC)
    if periodic.sum() >= _FEWEST_FRAMES:
        chosen = periodic
    midi_pitch = pitch.midi_pitch[np.isfinite(pitch.f0_hz)]
    percentiles = np.quantile(midi_pitch, [0.1, 0.5, 0.9]) if len(midi_pitch) else np.full(3, np.nan)
    blocks = [frames.envelope[chosen].mean(axis=0), frames.cepstra[chosen].mean(axis=0), percentiles]
    return np.asarray(np.concatenate(blocks), dtype=np.float32)
