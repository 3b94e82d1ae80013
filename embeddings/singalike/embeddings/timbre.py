"""The timbre vector: the colour of a vocal tract, whoever's song it sings."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from singalike.embeddings.checkpoint import SHIPPED, Checkpoint, load_checkpoint
from singalike.embeddings.gmm import Mixture
from singalike.embeddings.profile import Vectors
from singalike.embeddings.projection import Projection, frame_statistics, unit
from singalike.embeddings.voice_frames import VoiceFrames, analyse_frames

NAME = "timbre"


@dataclass(frozen=True, eq=False)
class TimbreEncoder:
    """Two linear views of the same frames, each of length one, joined.

    The first looks at statistics of detailed cepstra, the second at how pitch-robust cepstra move the means of a
    Gaussian mixture. Both are projected to where invented singers differ most and one singer differs least (LDA).
    Cosine compares two vectors.

    Attributes:
        statistics: From `frame_statistics` of the detailed cepstra.
        mixture: Of pitch-robust cepstra.
        supervector: From the supervector of the mixture.
        device: Where torch computes the frames.

    Source:
        Fisher 1936 for LDA; Campbell et al. 2006 for supervectors.
    """

    statistics: Projection
    mixture: Mixture
    supervector: Projection
    device: str = "cpu"

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return self.statistics.dim + self.supervector.dim

    @classmethod
    def load(cls, folder: Path = SHIPPED, device: str = "cpu") -> "TimbreEncoder":
        """Load the checkpoint `timbre` of a folder.

        Raises:
            NotFoundError: CHECKPOINT_NOT_FOUND.
            WrongStateError: CHECKPOINT_DAMAGED.
        """
        return cls.from_checkpoint(load_checkpoint(NAME, folder), device)

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint, device: str = "cpu") -> "TimbreEncoder":
        """Build the encoder from loaded arrays."""
        tensors = checkpoint.tensors
        return cls(
            Projection(tensors["statistics_mean"], tensors["statistics_matrix"]),
            Mixture.from_tensors(tensors, float(checkpoint.config["relevance"])),
            Projection(tensors["supervector_mean"], tensors["supervector_matrix"]),
            device,
        )

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """Return the arrays to save."""
        return {
            "statistics_mean": self.statistics.mean,
            "statistics_matrix": self.statistics.matrix,
            "supervector_mean": self.supervector.mean,
            "supervector_matrix": self.supervector.matrix,
            **self.mixture.tensors(),
        }

    def analyse(self, waveform: NDArray[np.float32], device: str | torch.device | None = None) -> VoiceFrames:
        """Compute the frames that `embed`, style and voice gender share.

        Args:
            waveform: float32 (samples,) mono at 16 000 Hz.
            device: Where torch computes; by default where the encoder does.

        Raises:
            InvalidInputError: TOO_SHORT, less than 0.1 s.
        """
        return analyse_frames(waveform, self.device if device is None else device)

    def embed(self, frames: VoiceFrames) -> Vectors:
        """Return the unit timbre vector of the frames that count, float32 (dim,).

        Raises:
            InvalidInputError: TOO_SHORT, less than 0.1 s of frames.
        """
        chosen = frames.chosen()
        detail = unit(self.statistics(frame_statistics(frames.cepstra[chosen])))
        moved = unit(self.supervector(self.mixture.supervector(frames.envelope[chosen])))
        return unit(np.concatenate([detail, moved]))
