"""The timbre vector: the colour of a vocal tract, whoever's song it sings."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from singalike.embeddings.checkpoint import SHIPPED, Checkpoint, load_checkpoint
from singalike.embeddings.gmm import Mixture
from singalike.embeddings.log_covariance import LogCovariance
from singalike.embeddings.long_pauses import frames_of, listened_steps, middle_pause, without_long_pauses
from singalike.embeddings.profile import Vectors
from singalike.embeddings.projection import Projection, frame_statistics, unit
from singalike.embeddings.side_by_side import helper, is_beside
from singalike.embeddings.trunk import FRAMES_PER_STEP, Trunk, TrunkPreset
from singalike.embeddings.voice_frames import HOP_S, VoiceFrames, analyse_colour, analyse_frames, network_frames
from singalike.errors import WrongStateError

NAME = "timbre"
_NETWORK = "network."
_STEP_S = FRAMES_PER_STEP * HOP_S


def describe_cepstra(cepstra: NDArray[np.float32], covariance: LogCovariance) -> NDArray[np.float32]:
    """Tell how cepstra (frames, dims) are spread and move together, float32 (7 * dims + dims * (dims + 1) / 2,)."""
    return np.concatenate([frame_statistics(cepstra), covariance(cepstra)])


@dataclass(frozen=True, eq=False)
class LinearTimbre:
    """Two linear views of the same frames, each of length one, joined.

    The first looks at how detailed cepstra are distributed and move together, the second at how pitch-robust cepstra
    move the means of a Gaussian mixture. Both are projected to where invented singers differ most and one singer
    differs least (LDA).

    Attributes:
        covariance: Describes detailed cepstra beside `frame_statistics`.
        statistics: Projection of what `describe_cepstra` tells of them.
        mixture: Of pitch-robust cepstra.
        supervector: From the supervector of the mixture.

    Source:
        Fisher 1936 for LDA; Campbell et al. 2006 for supervectors.
    """

    covariance: LogCovariance
    statistics: Projection
    mixture: Mixture
    supervector: Projection

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return self.statistics.dim + self.supervector.dim

    def embed(
        self,
        cepstra: NDArray[np.float32],
        envelope: NDArray[np.float32],
        posteriors: NDArray[np.float32] | None = None,
    ) -> Vectors:
        """Return the unit vector of frames that count, float32 (dim,).

        Args:
            cepstra: float32 (frames, 30), detailed.
            envelope: float32 (frames, 20), pitch-robust.
            posteriors: Of the mixture for `envelope`, where they are known already.
        """
        detail = unit(self.statistics(describe_cepstra(cepstra, self.covariance)))
        moved = unit(self.supervector(self.mixture.supervector(envelope, posteriors)))
        return unit(np.concatenate([detail, moved]))

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """Return the arrays to save."""
        return {
            "statistics_deviations": self.covariance.deviations,
            "statistics_mean": self.statistics.mean,
            "statistics_matrix": self.statistics.matrix,
            "supervector_mean": self.supervector.mean,
            "supervector_matrix": self.supervector.matrix,
            **self.mixture.tensors(),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]], relevance: float) -> "LinearTimbre":
        """Build the linear part from saved arrays."""
        return cls(
            LogCovariance(tensors["statistics_deviations"]),
            Projection(tensors["statistics_mean"], tensors["statistics_matrix"]),
            Mixture.from_tensors(tensors, relevance),
            Projection(tensors["supervector_mean"], tensors["supervector_matrix"]),
        )


@dataclass(frozen=True, eq=False)
class TimbreEncoder:
    """A linear and a convolutional view of the same frames, joined; cosine compares two vectors.

    Attributes:
        linear: Knows the long-term distribution of the frames; wants the whole recording.
        trunk: Knows how frames follow each other.
        trunk_weight: Length of the network's vector beside 1 for the linear one.
        device: Where torch computes.
    """

    linear: LinearTimbre
    trunk: Trunk
    trunk_weight: float
    device: str = "cpu"

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return self.linear.dim + self.trunk.preset.timbre_dim

    @classmethod
    def load(cls, folder: Path = SHIPPED, device: str = "cpu") -> "TimbreEncoder":
        """Load the checkpoint `timbre` of a folder.

        Raises:
            NotFoundError: CHECKPOINT_NOT_FOUND.
            WrongStateError: CHECKPOINT_DAMAGED; CHECKPOINT_OLD, see `from_checkpoint`.
        """
        return cls.from_checkpoint(load_checkpoint(NAME, folder), device)

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint, device: str = "cpu") -> "TimbreEncoder":
        """Build the encoder from loaded arrays.

        Raises:
            WrongStateError: CHECKPOINT_OLD, the checkpoint tells nothing of covariances.
        """
        tensors, config = checkpoint.tensors, checkpoint.config
        if "statistics_deviations" not in tensors:
            message = f"checkpoint {NAME!r} is of an earlier version: train it again, or use the one of this package"
            raise WrongStateError("CHECKPOINT_OLD", message)
        trunk = Trunk(TrunkPreset.from_config(config["shape"]))
        saved = {key.removeprefix(_NETWORK): value for key, value in tensors.items() if key.startswith(_NETWORK)}
        trunk.load_state_dict({key: torch.from_numpy(value.copy()) for key, value in saved.items()})
        linear = LinearTimbre.from_tensors(tensors, float(config["relevance"]))
        return cls(linear, trunk.requires_grad_(requires_grad=False).eval().to(device), config["trunk_weight"], device)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the arrays to save; the network's in half precision, which moves no vector noticeably."""
        halved = {
            key: tensor.half() if tensor.is_floating_point() else tensor
            for key, tensor in self.trunk.cpu().state_dict().items()
        }
        return {**self.linear.tensors(), **{_NETWORK + key: tensor.numpy() for key, tensor in halved.items()}}

    def config(self) -> dict[str, Any]:
        """Return the settings to save, JSON values."""
        return {
            "shape": asdict(self.trunk.preset),
            "trunk_weight": self.trunk_weight,
            "relevance": self.linear.mixture.relevance,
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

    def embed_waveform(self, waveform: NDArray[np.float32]) -> Vectors:
        """Return the vector of `embed` for a waveform as for `analyse`, without the features that it does not need."""
        return self.embed(analyse_colour(waveform, self.device))

    def embed(self, frames: VoiceFrames) -> Vectors:
        """Return the unit timbre vector of the frames that count, float32 (dim,).

        Raises:
            InvalidInputError: TOO_SHORT, less than 0.1 s of frames.
        """
        vector: Vectors = self.embed_spans(frames, [(0.0, len(frames) * frames.hop_s)])[0]
        return vector

    def embed_spans(self, frames: VoiceFrames, spans: Sequence[tuple[float, float]]) -> Vectors:
        """Return the unit timbre vectors of parts of a recording, which share what the network computes.

        Args:
            frames: Of the whole recording.
            spans: Start and end of each part, in seconds.

        Returns:
            float32 (spans, dim), unit rows.

        Raises:
            InvalidInputError: TOO_SHORT, a part has less than 0.1 s of frames.
        """
        with helper() as hands:
            linear = hands.submit(self._by_linear, frames, spans)
            network = self._by_trunk(frames, spans, hands)
            return self.join(linear.result(), network)

    def join(self, linear: Vectors, network: Vectors) -> Vectors:
        """Join unit vectors of both parts, (..., dim) each, to unit vectors (..., dim)."""
        return unit(np.concatenate([linear, self.trunk_weight * network], axis=-1))

    def by_linear(self, frames: VoiceFrames) -> Vectors:
        """Return the unit vector of the linear part alone, float32 (linear.dim,); errors as in `embed`."""
        vector: Vectors = self._by_linear(frames, [(0.0, len(frames) * frames.hop_s)])[0]
        return vector

    def by_trunk(self, frames: VoiceFrames) -> Vectors:
        """Return the unit vector of the network alone, float32 (timbre_dim,); errors as in `embed`."""
        with helper() as hands:
            vector: Vectors = self._by_trunk(frames, [(0.0, len(frames) * frames.hop_s)], hands)[0]
            return vector

    def _by_linear(self, frames: VoiceFrames, spans: Sequence[tuple[float, float]]) -> Vectors:
        posteriors = self.linear.mixture.posteriors(frames.envelope)
        rows = []
        for span in spans:
            cut, chosen = frames.cut(*span), frames.cut(*span).chosen()
            shared = posteriors[frames.place(*span)][chosen]
            rows.append(self.linear.embed(cut.cepstra[chosen], cut.envelope[chosen], shared))
        return np.stack(rows)

    def _by_trunk(self, frames: VoiceFrames, spans: Sequence[tuple[float, float]], hands: Executor) -> Vectors:
        listened = listened_steps(frames.chosen(), FRAMES_PER_STEP)
        places = [_place(span, len(listened)) for span in spans]
        # Where nothing of a part counts, all of it is described, as a recording of its own would be.
        deaf = not all(listened[place].any() for place in places)
        kept = np.arange(len(listened)) if deaf else without_long_pauses(listened, self.trunk.reach)
        cuts = middle_pause(listened[kept], self.trunk.reach) if is_beside(hands) else []
        first, *others = np.split(kept, cuts)
        behind = [hands.submit(self._hear, frames, part) for part in others]
        heard = [self._hear(frames, first), *(part.result() for part in behind)]
        with torch.inference_mode():
            steps, counts, scores = (torch.cat(parts, 1) for parts in zip(*heard, strict=True)) if others else heard[0]
            pooled = []
            for place in places:
                part = slice(*(int(end) for end in np.searchsorted(kept, (place.start, place.stop))))
                inside = counts[:, part]
                inside = inside if bool(inside.any()) else torch.ones_like(inside)
                pooled.append(self.trunk.pooling.pool(steps[:, part], scores[:, part], inside))
            return np.asarray(self.trunk.conclude(torch.cat(pooled)).cpu().numpy(), dtype=np.float32)

    @torch.inference_mode()
    def _hear(self, frames: VoiceFrames, kept: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
        """Compute some steps (1, steps, wide), which of them count (1, steps), and their scores (1, steps, wide)."""
        at = frames_of(kept, FRAMES_PER_STEP, len(frames))
        inputs = torch.from_numpy(network_frames(frames.log_mel[at], frames.envelope[at]))[None].to(self.device)
        steps, counts = self.trunk.steps(inputs, torch.from_numpy(frames.chosen()[at])[None].to(self.device))
        return steps, counts, self.trunk.pooling.score(steps)


def _place(span: tuple[float, float], steps: int) -> slice:
    first = min(int(span[0] / _STEP_S), steps - 1)
    return slice(first, max(round(span[1] / _STEP_S), first + 1))
