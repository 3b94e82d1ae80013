"""The melody encoder: recordings in, pitch tracks, latents and melody vectors out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack, midi_to_hz
from singalike.audio.sound import Waveform
from singalike.embeddings.checkpoint import SHIPPED, Checkpoint, load_checkpoint
from singalike.embeddings.mel import MELODY_MEL, log_mel
from singalike.embeddings.melody_alignment import MelodyMatch, align_steps, melody_steps
from singalike.embeddings.melody_vector import CosineFeatures, ShinglePreset, melody_vector, span_vectors
from singalike.embeddings.periodicity import Periodicity
from singalike.embeddings.pitch_decoding import VOICED_FROM, decode_pitch, smooth_voicing
from singalike.embeddings.projection import Projection
from singalike.embeddings.tcae import Tcae, TcaePreset, level_mel

Floats = NDArray[np.float32]

CHECKPOINT = "melody"
SAMPLE_RATE = MELODY_MEL.sample_rate

PERIOD_WEIGHT = 12.0
"""Nats that a wholly periodic frame adds to the logit of its pitch, chosen on invented and resynthesised voices."""

_BATCH_SAMPLES = 300 * SAMPLE_RATE
"""Padded samples in one batch: five minutes of sound, some 500 MB at the widest layer."""


@dataclass(frozen=True, eq=False)
class MelodyFrames:
    """What the encoder hears in one recording, over time.

    Attributes:
        latent: float32 (steps, latent_dim), one every `latent_hop_s`.
        pitch: The pitch track, one value every 16 ms.
        latent_hop_s: Seconds from one latent to the next.
    """

    latent: Floats
    pitch: PitchTrack
    latent_hop_s: float

    def cut(self, start_s: float, end_s: float) -> "MelodyFrames":
        """Return the part from `start_s` to `end_s`, clipped to what exists."""
        first, last = round(max(start_s, 0.0) / self.latent_hop_s), round(end_s / self.latent_hop_s)
        return MelodyFrames(self.latent[first:last], self.pitch.cut(start_s, end_s), self.latent_hop_s)


class MelodyEncoder:
    """Hears melodies with a trained TCAE.

    Args:
        tcae: In evaluation mode, on the device where it shall run.
        shingles: How pitch tracks are cut.
        features: Random features of the shingles.
        projection: From kernel means to melody vectors.
        version: Names the weights; vectors of two versions never mix.
    """

    def __init__(
        self, tcae: Tcae, shingles: ShinglePreset, features: CosineFeatures, projection: Projection, version: str
    ) -> None:
        self.tcae = tcae
        self.shingles = shingles
        self.features = features
        self.projection = projection
        self.version = version
        self.device = tcae.mel_mean.device
        self.dim = projection.dim
        self.latent_hop_s = MELODY_MEL.hop_s * tcae.preset.stride

    @classmethod
    def load(cls, folder: Path = SHIPPED, device: str = "cpu") -> "MelodyEncoder":
        """Load the checkpoint "melody".

        Args:
            folder: Where the checkpoints lie.
            device: "cpu", "cuda" or "cuda:1".

        Raises:
            NotFoundError: CHECKPOINT_NOT_FOUND.
            WrongStateError: CHECKPOINT_DAMAGED.
        """
        return cls.from_checkpoint(load_checkpoint(CHECKPOINT, folder), device)

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint, device: str = "cpu") -> "MelodyEncoder":
        """Build the encoder from the numbers of a checkpoint; weights on disk are half precision."""
        tensors = {name: np.asarray(value, dtype=np.float32) for name, value in checkpoint.tensors.items()}
        tcae = Tcae(TcaePreset.from_dict(dict(checkpoint.config["tcae"])))
        weights = {name.removeprefix("tcae."): torch.from_numpy(value.copy())
                   for name, value in tensors.items() if name.startswith("tcae.")}  # fmt: skip
        tcae.load_state_dict(weights)
        return cls(
            tcae.eval().requires_grad_(False).to(device),
            ShinglePreset.from_dict(dict(checkpoint.config["shingles"])),
            CosineFeatures(tensors["vector.directions"], tensors["vector.phases"]),
            Projection(tensors["vector.mean"], tensors["vector.matrix"]),
            checkpoint.sha256,
        )

    def to_checkpoint(self) -> tuple[Mapping[str, NDArray[Any]], Mapping[str, Any]]:
        """Return the tensors, in half precision, and settings that `from_checkpoint` takes back."""
        tensors = {f"tcae.{name}": value.cpu().numpy() for name, value in self.tcae.state_dict().items()}
        tensors |= {"vector.mean": self.projection.mean, "vector.matrix": self.projection.matrix}
        tensors |= {"vector.directions": self.features.directions, "vector.phases": self.features.phases}
        halves = {name: value.astype(np.float16) for name, value in tensors.items()}
        return halves, {"tcae": self.tcae.preset.to_dict(), "shingles": self.shingles.to_dict()}

    def analyse(self, waveforms: Sequence[Waveform]) -> list[MelodyFrames]:
        """Hear recordings, batched by length; a recording gives the same alone and among others.

        Args:
            waveforms: float32 (samples,) at 16 000 Hz each, any length.

        Returns:
            Pitch and latents of each recording, in the order given.
        """
        heard: dict[int, MelodyFrames] = {}
        for batch in _batches([len(waveform) for waveform in waveforms]):
            heard |= zip(batch, self._analyse_batch([waveforms[index] for index in batch]), strict=True)
        return [heard[index] for index in range(len(waveforms))]

    def embed(self, frames: MelodyFrames) -> Floats:
        """Sum a recording, or a part of it, up in one vector.

        Args:
            frames: From `analyse`, whole or cut.

        Returns:
            Unit vector, float32 (dim,); zero where less than 1.5 s was sung. Transposing the recording by any
            interval, and moving it in time, leaves the vector nearly as it is.
        """
        return melody_vector(frames.pitch, self.shingles, self.features, self.projection)

    def embed_spans(self, frames: MelodyFrames, spans: Sequence[tuple[float, float]]) -> Floats:
        """Sum up parts of a recording, start and end in seconds; float32 (spans, dim), rows as from `embed`."""
        return span_vectors(frames.pitch, spans, self.shingles, self.features, self.projection)

    def describe(self, frames: MelodyFrames) -> Floats:
        """Describe a recording step by step for `align`, float32 (steps, dim), one row every 64 ms."""
        return melody_steps(frames.pitch, self.shingles, self.features, self.projection)

    def align(self, described: Floats, other: Floats) -> MelodyMatch:
        """Find the phrase that two described recordings share, and where it stands in both."""
        return align_steps(described, other, self.shingles.step_s)

    def _analyse_batch(self, waveforms: Sequence[Waveform]) -> list[MelodyFrames]:
        lengths = torch.tensor([MELODY_MEL.frames(len(waveform)) for waveform in waveforms])
        padded = np.zeros((len(waveforms), max(len(waveform) for waveform in waveforms)), dtype=np.float32)
        for place, waveform in zip(padded, waveforms, strict=True):
            place[: len(waveform)] = waveform
        half = self.device.type == "cuda"
        with torch.inference_mode():
            mel = log_mel(torch.from_numpy(padded).to(self.device), MELODY_MEL)
            on_device = lengths.to(self.device)
            levelled = level_mel(mel, on_device, self.tcae.preset.silence)
            with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=half):
                latent, logits = self.tcae.analyse(levelled, on_device)
        latents = latent.float().transpose(1, 2).cpu().numpy()
        pitch, voicing = logits.pitch.float().cpu().numpy(), logits.voicing.float().cpu().numpy()
        heard = []
        for row, (waveform, frames) in enumerate(zip(waveforms, lengths.tolist(), strict=True)):
            steps = self.tcae.preset.steps(frames)
            track = self._track(pitch[row, :frames], voicing[row, :frames], waveform)
            heard.append(MelodyFrames(latents[row, :steps].copy(), track, self.latent_hop_s))
        return heard

    def _track(self, pitch_logits: Floats, voicing_logits: Floats, waveform: Waveform) -> PitchTrack:
        """Let the network and the waveform's own period choose the pitch together."""
        preset, hop_s = self.tcae.preset, MELODY_MEL.hop_s
        voiced = np.flatnonzero(smooth_voicing(voicing_logits) >= VOICED_FROM)
        period = Periodicity.measure(waveform, voiced, hop_s, SAMPLE_RATE)
        bins_hz = midi_to_hz(preset.lowest_midi + np.arange(preset.pitch_bins) / preset.bins_per_semitone)
        supported = pitch_logits.copy()
        supported[voiced] += PERIOD_WEIGHT * period.at(bins_hz, 1 / 3 / preset.bins_per_semitone)
        return period.refine(decode_pitch(supported, voicing_logits, preset, hop_s))


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Group recordings of similar length so that a batch, padded to its longest, stays below a fixed size."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        too_big = (len(batch) + 1) * lengths[index] > _BATCH_SAMPLES
        too_uneven = bool(batch) and lengths[index] > 1.25 * lengths[batch[0]] + SAMPLE_RATE
        if batch and (too_big or too_uneven):
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
