"""Long pauses left out of what a convolutional network computes, without moving any number of what remains.

Where every layer reads zeros for what is not the voice, no step hears anything farther away than its widest layer
reaches. A pause is then as good as one of just that length, and what stands on both sides of it can be computed apart.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Steps = NDArray[np.int64]
Number = TypeVar("Number", bound=np.generic)


def by_step(frames: NDArray[Number], frames_per_step: int) -> NDArray[Number]:
    """Lay frames (frames, ...) out by steps, (steps, frames_per_step, ...), with zeros behind the last one."""
    short = -len(frames) % frames_per_step
    padded = np.pad(frames, [(0, short), *[(0, 0)] * (frames.ndim - 1)]) if short else frames
    return padded.reshape(-1, frames_per_step, *frames.shape[1:])


def without_long_pauses(listened: NDArray[np.bool_], reach: int) -> Steps:
    """Choose the steps to compute: those that count, and of the others the first `reach` behind one that does.

    Args:
        listened: bool (steps,).
        reach: Steps that a layer sees to either side.

    Returns:
        Numbers of the steps, rising.
    """
    places = np.arange(len(listened))
    last = np.maximum.accumulate(np.where(listened, places, -reach - 1))
    return np.flatnonzero(places - last <= reach)


def middle_pause(listened: NDArray[np.bool_], reach: int) -> list[int]:
    """Find where to cut steps in two that hear nothing of each other.

    Args:
        listened: bool (steps,), of the steps that are computed.
        reach: Steps that a layer sees to either side.

    Returns:
        The step behind the pause of at least `reach` steps that is nearest to the middle; nothing without one.
    """
    heard = np.flatnonzero(listened)
    behind: list[int] = heard[1:][np.diff(heard) > reach].tolist()
    return sorted(behind, key=lambda step: abs(step - len(listened) / 2))[:1]
