"""The style vector: the way of singing, whoever sings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.checkpoint import SHIPPED, Checkpoint, load_checkpoint
from singalike.embeddings.profile import Vectors
from singalike.embeddings.projection import Projection, standardised, unit
from singalike.embeddings.style_features import StyleTracks, span_features, style_features
from singalike.embeddings.voice_frames import VoiceFrames

NAME = "style"


@dataclass(frozen=True, eq=False)
class StyleEncoder:
    """A linear view of named figures in which the singer is taken out and the manner stays.

    Attributes:
        centre: float32 (features,), what an unknown figure is replaced by.
        scale: float32 (features,), deviation of each figure.
        projection: From the scaled figures, the directions of identity projected out, to the vector.
    """

    centre: NDArray[np.float32]
    scale: NDArray[np.float32]
    projection: Projection

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return self.projection.dim

    @classmethod
    def load(cls, folder: Path = SHIPPED) -> "StyleEncoder":
        """Load the checkpoint `style` of a folder.

        Raises:
            NotFoundError: CHECKPOINT_NOT_FOUND.
            WrongStateError: CHECKPOINT_DAMAGED.
        """
        return cls.from_checkpoint(load_checkpoint(NAME, folder))

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> "StyleEncoder":
        """Build the encoder from loaded arrays."""
        tensors = checkpoint.tensors
        projection = Projection(tensors["projection_mean"], tensors["projection_matrix"])
        return cls(tensors["centre"], tensors["scale"], projection)

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """Return the arrays to save."""
        return {
            "centre": self.centre,
            "scale": self.scale,
            "projection_mean": self.projection.mean,
            "projection_matrix": self.projection.matrix,
        }

    def embed(self, frames: VoiceFrames, pitch: PitchTrack) -> Vectors:
        """Return the unit style vector, float32 (dim,).

        Args:
            frames: Of the timbre encoder's `analyse`, whole or cut.
            pitch: Pitch of the same stretch, any hop.

        Raises:
            InvalidInputError: TOO_SHORT, less than 0.1 s of frames.
        """
        return unit(self.project(style_features(frames, pitch)))

    def embed_spans(
        self,
        frames: VoiceFrames,
        pitch: PitchTrack,
        spans: Sequence[tuple[float, float]],
        tracks: StyleTracks | None = None,
    ) -> Vectors:
        """Return the unit style vectors of parts of a recording, float32 (spans, dim).

        Args:
            frames: Of the whole recording, as `pitch`.
            pitch: Any hop.
            spans: Start and end of each part, in seconds.
            tracks: Of these frames, where they are measured already.

        Raises:
            InvalidInputError: TOO_SHORT, a part has less than 0.1 s of frames.
        """
        return unit(self.project(span_features(frames, pitch, spans, tracks)))

    def project(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn figures (..., features) into vectors (..., dim) that are not yet of length one."""
        return self.projection(standardised(features, self.centre, self.scale))
