"""Views of many recordings, made once, and batches drawn from them.

Shifting and stretching costs more than a step of training on the crop, and the nine combinations of the switches need
the same views. So whole recordings are changed once; crops, channel, noise and masks are new in every batch.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from singalike.embeddings.training.clips import augment, seeded
from singalike.embeddings.training.run_folder import write_arrays
from singalike.embeddings.training.trainee import Share
from singalike.embeddings.training.views import KINDS, Kind, Switches, crop, disturb, make_view
from singalike.embeddings.voice_frames import analyse_frames
from singalike.errors import InvalidInputError

VERSIONS: Mapping[Kind, int] = {"plain": 2, "pitch_kept": 1, "pitch_moved": 1, "stretched": 1}
"""How often each view is made: two plain ones, so that anchor and second crop went different ways."""

_IN_A_ROOM = 0.5
Mel = NDArray[np.float16]


@dataclass(frozen=True, eq=False)
class RecordingViews:
    """One recording in all its views.

    Attributes:
        name: Unique among the recordings.
        mels: Log-mels of each kind, float16 (frames, mels), from the first to the last frame that sounds.
    """

    name: str
    mels: Mapping[Kind, tuple[Mel, ...]]


def hear_views(name: str, waveform: NDArray[np.float32], seed: int) -> RecordingViews:
    """Make all views of a recording, half of them in a random room, channel and noise.

    Args:
        name: Of the recording; its chance depends on nothing else and the seed.
        waveform: float32 (samples,) mono at 16 000 Hz, at least 0.2 s.
        seed: Of all chance.

    Raises:
        InvalidInputError: TOO_SHORT.
    """
    mels: dict[Kind, tuple[Mel, ...]] = {}
    for kind in KINDS:
        rng = seeded(seed, "views", name, kind)
        made = (make_view(waveform, kind, rng) for _ in range(VERSIONS[kind]))
        mels[kind] = tuple(seen(augment(one, rng) if rng.random() < _IN_A_ROOM else one) for one in made)
    return RecordingViews(name, mels)


def seen(waveform: NDArray[np.float32]) -> Mel:
    """Compute what the network sees of a recording, float16 (frames, mels), the silence around it left out."""
    frames = analyse_frames(waveform)
    sounding = np.flatnonzero(frames.chosen())
    return frames.log_mel[sounding[0] : sounding[-1] + 1].astype(np.float16)


class ViewBank:
    """Recordings to draw batches from.

    Args:
        recordings: With their views; at least two.
        seed: Of the batches.

    Raises:
        InvalidInputError: TOO_FEW_RECORDINGS.
    """

    def __init__(self, recordings: Sequence[RecordingViews], seed: int = 0) -> None:
        if len(recordings) < 2:
            raise InvalidInputError("TOO_FEW_RECORDINGS", "views are compared between recordings: pass at least two")
        self.recordings = tuple(recordings)
        self.seed = seed

    def batch(
        self, step: int, switches: Switches, clips: int, frames: int, share: Share | None = None
    ) -> tuple[Tensor, Tensor]:
        """Draw the views of a step.

        Args:
            step: With the seed, all chance comes from it.
            switches: Which views are drawn of each recording, and which belong to it.
            clips: Views in the batch over all processes; as many whole recordings as go into it, at least two.
            frames: Length of a crop.
            share: Which part of the batch is wanted; None for all of it.

        Returns:
            Log-mels float32 (batch, frames, mels) and labels int64 (batch,): the number of the recording, or a negative
            number of its own for a view that belongs to none.
        """
        plan = switches.plan()
        rng = np.random.default_rng([self.seed, step])
        count = min(max(clips // len(plan), 2), len(self.recordings))
        chosen = rng.choice(len(self.recordings), count, replace=False).tolist()
        mels, labels = [], []
        for number in chosen[(share or Share()).of(count)]:
            own = np.random.default_rng([self.seed, step, number])
            for view, (kind, belongs) in enumerate(plan):
                mels.append(self._view(number, kind, view, frames, own))
                labels.append(number if belongs else -1 - len(plan) * number - view)
        return torch.from_numpy(np.stack(mels)), torch.tensor(labels)

    def _view(self, number: int, kind: Kind, view: int, frames: int, rng: np.random.Generator) -> NDArray[np.float32]:
        versions = self.recordings[number].mels[kind]
        return disturb(crop(versions[view % len(versions)], frames, rng), rng)

    def normalisation(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return mean and deviation of the plain views' log-mels, each (mels,)."""
        frames = np.concatenate([one.mels["plain"][0][::10] for one in self.recordings]).astype(np.float32)
        return frames.mean(axis=0), frames.std(axis=0) + np.float32(1e-3)


def save_views(recordings: Iterable[RecordingViews], file: Path) -> None:
    """Write views to an archive, whole or not at all."""
    arrays: dict[str, NDArray[np.generic]] = {}
    names = []
    for number, recording in enumerate(recordings):
        names.append(recording.name)
        arrays |= {
            f"{number}/{kind}/{version}": mel
            for kind, mels in recording.mels.items()
            for version, mel in enumerate(mels)
        }
    write_arrays(file, {"names": np.array(names), **arrays})


def load_views(file: Path) -> tuple[RecordingViews, ...]:
    """Read what `save_views` wrote."""
    with np.load(file, allow_pickle=False) as archive:
        return tuple(
            RecordingViews(
                str(name),
                {kind: tuple(archive[f"{number}/{kind}/{v}"] for v in range(VERSIONS[kind])) for kind in KINDS},
            )
            for number, name in enumerate(archive["names"])
        )
