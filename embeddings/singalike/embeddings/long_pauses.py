"""Long pauses left out of what a convolutional network computes, without moving any number of what remains.

Where every layer reads zeros for what is not the voice, no step hears anything farther away than its widest layer
reaches. A pause is then as good as one of just that length, and what stands on both sides of it can be computed apart.
"""

import numpy as np
from numpy.typing import NDArray

Steps = NDArray[np.int64]


def listened_steps(listen: NDArray[np.bool_], frames_per_step: int) -> NDArray[np.bool_]:
    """Say of every step whether one of its frames counts, bool (steps,); the last may have fewer frames."""
    padded = np.pad(listen, (0, -len(listen) % frames_per_step))
    return np.asarray(padded.reshape(-1, frames_per_step).any(axis=1))


def frames_of(steps: Steps, frames_per_step: int, frames: int) -> Steps:
    """Return the numbers of the frames of some steps, of a recording of so many frames."""
    places = (steps[:, None] * frames_per_step + np.arange(frames_per_step)).ravel()
    return places[places < frames]


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
