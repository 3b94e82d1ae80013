"""The timbre of the shipped ear, behind the same interface as all others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from singalike.audio.activity import detect_activity
from singalike.audio.sound import Sound, Waveform
from singalike.embeddings.checkpoint import SHIPPED, load_checkpoint
from singalike.embeddings.ears.manifest import DIGITS
from singalike.embeddings.ears.port import EncoderInfo, Fetch
from singalike.embeddings.profile import Vectors
from singalike.embeddings.timbre import NAME, TimbreEncoder
from singalike.embeddings.voice_frames import SAMPLE_RATE, only_voice

LICENCE = "Apache-2.0"


@dataclass(frozen=True, eq=False)
class ShippedTimbre:
    """Timbre of the frames in which a voice is active, as in a profile.

    Attributes:
        timbre: The encoder.
        info: What it is.
    """

    timbre: TimbreEncoder
    info: EncoderInfo

    def embed(self, waveforms: Sequence[Waveform]) -> Vectors:
        """Embed stretches of voice, float32 (n, dim); see the port."""
        vectors = [self._embed(waveform) for waveform in waveforms]
        return np.stack(vectors) if vectors else np.zeros((0, self.info.dim), np.float32)

    def _embed(self, waveform: Waveform) -> Vectors:
        frames = self.timbre.analyse(waveform)
        return self.timbre.embed(only_voice(frames, detect_activity(Sound(waveform[None], SAMPLE_RATE))))


def load(argument: str, device: str, _fetch: Fetch) -> ShippedTimbre:
    """Load the timbre of a checkpoint folder.

    Args:
        argument: The folder; empty for the shipped one.
        device: Where torch computes.

    Raises:
        NotFoundError: CHECKPOINT_NOT_FOUND.
        WrongStateError: CHECKPOINT_DAMAGED, CHECKPOINT_OLD.
    """
    checkpoint = load_checkpoint(NAME, Path(argument).expanduser() if argument else SHIPPED)
    timbre = TimbreEncoder.from_checkpoint(checkpoint, device)
    info = EncoderInfo("shipped", checkpoint.sha256[:DIGITS], LICENCE, LICENCE, SAMPLE_RATE, timbre.dim)
    return ShippedTimbre(timbre, info)
