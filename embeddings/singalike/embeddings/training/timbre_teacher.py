"""What a network that goes on from a checkpoint is taught: how alike clips are to parts that hear more together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from singalike.embeddings.projection import unit
from singalike.embeddings.timbre import LinearTimbre, TimbreEncoder
from singalike.embeddings.training.timbre_clips import TimbreClip
from singalike.embeddings.trunk import Trunk

_HEARD_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class Teacher:
    """A network to go on from, and the vectors of the clips that train.

    Attributes:
        trunk: The network.
        own: Its unit vectors, float32 (clips, timbre_dim).
        taught: Unit vectors whose cosines are the mean of several parts' cosines, float32 (clips, dim).
    """

    trunk: Trunk
    own: NDArray[np.float32]
    taught: NDArray[np.float32]


def build_teacher(start: TimbreEncoder, linear: LinearTimbre, clips: Sequence[TimbreClip]) -> Teacher:
    """Let three parts hear the clips: both of a checkpoint, and the linear one that was fitted on these clips.

    A changed copy is taught what its clean clip is, which stands right before it: what the parts would hear in a room
    or behind a leak is no lesson.

    Args:
        start: The checkpoint.
        linear: The linear part beside which the network will stand.
        clips: Those that train; every changed one follows its clean one.
    """
    clean = np.flatnonzero([not clip.augmented for clip in clips])
    of = np.searchsorted(clean, np.arange(len(clips)), side="right") - 1
    heard = [clips[index] for index in clean.tolist()]
    own = embed_clips(start.trunk, heard)
    by_linear = [
        np.stack([part.embed(clip.cepstra(), clip.envelope()) for clip in heard]) for part in (start.linear, linear)
    ]
    return Teacher(start.trunk, own[of], unit(np.concatenate([*by_linear, own], axis=1)).astype(np.float32)[of])


def embed_clips(trunk: Trunk, clips: Sequence[TimbreClip], device: str = "cpu") -> NDArray[np.float32]:
    """Embed equally long clips whole, float32 (clips, timbre_dim), unit rows."""
    rows = []
    with torch.inference_mode():
        for first in range(0, len(clips), _HEARD_AT_ONCE):
            batch = clips[first : first + _HEARD_AT_ONCE]
            frames = torch.from_numpy(np.stack([clip.frames for clip in batch]).astype(np.float32))
            masks = torch.from_numpy(np.stack([clip.active for clip in batch]))
            rows.append(trunk(frames.to(device), masks.to(device)).cpu().numpy())
    return np.concatenate(rows)
