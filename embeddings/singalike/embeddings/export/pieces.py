"""What the timbre graph is put together from: level, chosen frames, statistics, mixture, projection.

A graph has no arrays of changing length to choose frames into, so chosen frames are moved to the front and counted.
Nothing here reads a shape into a Python number: a traced graph would keep the number of its example. Factors of counts
are tensors in double precision: the exporter to ONNX writes a Python number as float32, and .9 of 150 would be 134.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from singalike.embeddings.gmm import Mixture
from singalike.embeddings.projection import PERCENTILES, Projection
from singalike.embeddings.trunk import FRAMES_PER_STEP
from singalike.embeddings.voice_frames import ACTIVE_BELOW_LOUD_DB, HOP, HOP_S, LOUD_LEVEL

FEWEST_ACTIVE = 10
"""Frames, 0.1 s: with fewer active ones the louder half is described."""

_BEYOND = 1e30
"""Larger than any feature: what is not chosen sorts behind everything."""


def count(values: Tensor) -> Tensor:
    """Count numbers (n,), float64 (): double, so that shares of it round as they do in Python."""
    return torch.ones_like(values, dtype=torch.float64).sum()


def row(values: Tensor, place: Tensor) -> Tensor:
    """Take one row, at a place that is computed."""
    return values.index_select(0, place.long().reshape(1))[0]


def exact(*values: float) -> Tensor:
    """Hold factors of counts in double precision, (values,)."""
    return torch.tensor(values, dtype=torch.float64)


class LoudLevel(nn.Module):
    """Bring a waveform (1, samples) to the level at which features are computed, see `voice_frames`."""

    share: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("share", exact(0.95))

    def forward(self, waveform: Tensor) -> tuple[Tensor, Tensor]:
        """Return the waveform (1, samples) and each frame's level over the loud ones, (frames,), in dB."""
        padded = functional.pad(waveform.square(), (HOP, HOP))
        power = functional.avg_pool1d(padded[:, None], 2 * HOP, stride=HOP)[0, 0]
        place = (torch.round(self.share[0] * count(power)) - 1.0).clamp(min=0.0)
        loud = row(power.sort().values, place).clamp(min=1e-12)
        level_db = 10.0 * torch.log10((power / loud).clamp(min=1e-10))
        return waveform * (LOUD_LEVEL / loud.sqrt()), level_db


class ChosenFirst(nn.Module):
    """Which frames count: the order that brings them to the front, and how many they are."""

    def forward(self, level_db: Tensor) -> tuple[Tensor, Tensor]:
        """Take levels (frames,); give an order (frames,) and a mask (frames,) of the places that hold chosen ones."""
        active = level_db > -ACTIVE_BELOW_LOUD_DB
        ordered, frames = level_db.sort().values, count(level_db)
        median = 0.5 * (row(ordered, torch.floor((frames - 1.0) / 2.0)) + row(ordered, torch.floor(frames / 2.0)))
        enough = active.sum() >= FEWEST_ACTIVE  # In ONNX, `Where` takes no truth values to choose from.
        chosen = (enough & active) | (~enough & (level_db >= median))
        place = torch.ones_like(level_db, dtype=torch.float64).cumsum(0)
        order = (place + torch.where(chosen, 0.0, 1.0).double() * frames).argsort()
        return order, place <= chosen.sum()


class WholeSteps(nn.Module):
    """Which steps of the network are pooled over a whole recording, see `TimbreEncoder.embed`."""

    seconds: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("seconds", exact(HOP_S, FRAMES_PER_STEP * HOP_S))

    def forward(self, heard: Tensor, level_db: Tensor) -> Tensor:
        """Take the steps that hear something, (1, steps), and levels (frames,); give the steps to pool, (1, steps)."""
        # The end of a recording falls on the nearest step: a last one that is hardly filled does not count.
        last = torch.round(count(level_db) * self.seconds[0] / self.seconds[1]).clamp(min=1.0)
        whole = torch.ones_like(heard, dtype=torch.float64).cumsum(1) <= last
        inside = heard & whole
        nothing = inside.double().sum() < 1.0
        return inside | (nothing & whole)


class FrameStatistics(nn.Module):
    """The same numbers as `projection.frame_statistics`, of the rows under a mask."""

    shares: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("shares", exact(*PERCENTILES))

    def forward(self, frames: Tensor, inside: Tensor) -> Tensor:
        """Describe rows (frames, dims), those inside first, mask (frames,), as (7 * dims,)."""
        weight, chosen = inside.to(frames.dtype)[:, None], inside.sum().to(frames.dtype)
        mean = (frames * weight).sum(0) / chosen
        centred = (frames - mean) * weight
        square = centred.square()
        deviation = (square.sum(0) / chosen).sqrt() + 1e-6
        skewness = (square * centred).sum(0) / chosen / deviation**3
        ordered = torch.where(inside[:, None], frames, _BEYOND).sort(dim=0).values
        wide = inside.sum().double()
        places = torch.minimum(torch.floor(self.shares * wide), wide - 1.0)
        percentiles = ordered.index_select(0, places.long()).flatten()
        return torch.cat([mean, deviation, _change(frames, weight), percentiles, skewness])


def _change(frames: Tensor, weight: Tensor) -> Tensor:
    """Deviation of the step from each row to the next."""
    steps, pairs = frames[1:] - frames[:-1], weight[1:]
    number = pairs.sum().clamp(min=1.0)
    mean = (steps * pairs).sum(0) / number
    return (((steps - mean) * pairs).square().sum(0) / number).sqrt()


class MovedMeans(nn.Module):
    """The same numbers as `Mixture.supervector`, of the rows under a mask.

    Args:
        mixture: Adapted to the rows.
    """

    weights: Tensor
    means: Tensor
    deviations: Tensor

    def __init__(self, mixture: Mixture) -> None:
        super().__init__()
        self.relevance = mixture.relevance
        self.register_buffer("weights", torch.from_numpy(mixture.weights.copy()))
        self.register_buffer("means", torch.from_numpy(mixture.means.copy()))
        self.register_buffer("deviations", torch.from_numpy(mixture.deviations.copy()))

    def forward(self, frames: Tensor, inside: Tensor) -> Tensor:
        """Describe rows (frames, dims), mask (frames,), as (components * dims,)."""
        precision = self.deviations**-2.0
        constant = self.weights.log() - self.deviations.log().sum(1) - 0.5 * (self.means.square() * precision).sum(1)
        likelihood = frames @ (self.means * precision).T + frames.square() @ (-0.5 * precision).T + constant
        posterior = torch.softmax(likelihood, dim=-1) * inside.to(frames.dtype)[:, None]
        evidence = posterior.sum(0)[:, None]
        moved = (posterior.T @ frames - evidence * self.means) / (evidence + self.relevance)
        return (self.weights.sqrt()[:, None] * moved / self.deviations).flatten()


class Projected(nn.Module):
    """A `Projection` whose answer is brought to length one.

    Args:
        projection: The affine map.
    """

    mean: Tensor
    matrix: Tensor

    def __init__(self, projection: Projection) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(projection.mean.copy()))
        self.register_buffer("matrix", torch.from_numpy(projection.matrix.copy()))

    def forward(self, values: Tensor) -> Tensor:
        """Project (inputs,) to a unit vector (outputs,)."""
        return functional.normalize((values - self.mean) @ self.matrix, dim=0)
