"""Moments of the target that are nearest in content: first those of the right pitch, and those that go on.

Source:
    Baas, van Niekerk and Kamper 2023, Voice conversion with just nearest neighbors, https://arxiv.org/abs/2305.18975;
    pitch and smoothness are wanted as in Shao et al. 2025, kNN-SVC, https://arxiv.org/abs/2504.05686.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - as torch's own documentation calls it

Floats = NDArray[np.float32]

NEIGHBOURS, CANDIDATES = 4, 32
PITCH_WEIGHT = 2.0
"""By how much a distance grows for every octave between two pitches."""

GOING_ON = 0.8
"""Of its distance counts for a moment that was sung right behind one that the row before took."""


@dataclass(frozen=True, eq=False)
class MatchingSet:
    """The moments of a target.

    Attributes:
        rows: float32 (moments, dim), on the device.
        directions: The same, of length one.
        log2_f0: float32 (moments,), NaN where unvoiced.
        follows: bool (moments,), whether a moment was sung right behind the one before it.
    """

    rows: Tensor
    directions: Tensor
    log2_f0: Floats
    follows: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: NDArray[np.float16], log2_f0: Floats, follows: NDArray[np.bool_], device: str) -> "MatchingSet":
        """Put moments onto a device."""
        on_device = torch.from_numpy(rows.astype(np.float32)).to(device)
        return cls(on_device, F.normalize(on_device, dim=1), log2_f0, follows)


def retrieve(content: Floats, log2_f0: Floats, target: MatchingSet, k: int = NEIGHBOURS) -> Floats:
    """Say with moments of the target what the source says: the mean of the k that fit each row best.

    Candidates are the 32 nearest by cosine, and those that go on behind what the row before took. The distance of two
    voiced moments grows by (1 + 2 |octaves between them|), and shrinks to .8 for one that goes on.

    Args:
        content: float32 (rows, dim).
        log2_f0: float32 (rows,), the pitch to be sung, NaN where unvoiced.
        target: At least one moment.
        k: How many moments are averaged.

    Returns:
        float32 (rows, dim).
    """
    directions = F.normalize(torch.from_numpy(content).to(target.rows.device), dim=1)
    distances = 1.0 - directions @ target.directions.T
    most = min(CANDIDATES, distances.shape[1])
    nearest = distances.topk(most, dim=1, largest=False).indices.cpu().numpy()
    at_hand = distances.cpu().numpy()
    chosen = np.empty((len(content), min(k, most)), dtype=np.int64)
    behind = np.zeros(0, dtype=np.int64)
    for row, (near, distance, pitch) in enumerate(zip(nearest, at_hand, log2_f0, strict=True)):
        candidates = np.union1d(near, behind)
        cost = distance[candidates] * (1.0 + PITCH_WEIGHT * np.nan_to_num(np.abs(target.log2_f0[candidates] - pitch)))
        cost[np.isin(candidates, behind)] *= GOING_ON
        chosen[row] = candidates[np.argsort(cost, kind="stable")[: chosen.shape[1]]]
        after = chosen[row] + 1
        after = after[after < len(target.follows)]
        behind = after[target.follows[after]]
    return target.rows[torch.from_numpy(chosen).to(target.rows.device)].mean(dim=1).cpu().numpy()
