"""How fast a run is and what it has lost so far, for logs and for people who wait."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from singalike.embeddings.training.schedule import LoopPreset

SMOOTHING = 0.3
"""Weight of the newest interval in the rate that is told."""


@dataclass(frozen=True)
class Progress:
    """What a person who waits wants to know.

    Attributes:
        step: Updates done.
        steps: Updates in all.
        steps_per_s: Recent rate.
        clips_per_s: The same in clips, of all processes together.
        left_s: Seconds until the run is over if it keeps the rate; early stopping may end it sooner.
        learning_rate: Of the last update.
        losses: Means since the last report, by name, and the norm of the gradient.
        validation: Figures of the last validation of this sitting, empty before.
    """

    step: int
    steps: int
    steps_per_s: float
    clips_per_s: float
    left_s: float
    learning_rate: float
    losses: Mapping[str, float]
    validation: Mapping[str, float] = field(default_factory=dict)


class Meter:
    """Adds up losses between reports, on the device, and measures the rate.

    Args:
        clips: Clips of one step.
        clock: Seconds that only grow.
    """

    def __init__(self, clips: int, clock: Callable[[], float]) -> None:
        self._clips = clips
        self._clock = clock
        self._since_s = clock()
        self._steps = 0
        self._rate: float | None = None
        self._sums: dict[str, tuple[Tensor, int]] = {}
        self._learning_rate = 0.0
        self._told = Progress(0, 0, 0.0, 0.0, 0.0, 0.0, {})

    def add(self, losses: Mapping[str, Tensor], others: Mapping[str, Tensor], learning_rate: float) -> None:
        """Count one update with its losses and other figures, each of shape ()."""
        self._steps += 1
        self._learning_rate = learning_rate
        for name, value in (*losses.items(), *others.items()):
            total, count = self._sums.get(name, (torch.zeros((), dtype=torch.float32, device=value.device), 0))
            self._sums[name] = total + value.detach().float(), count + 1

    def read(self, step: int, trained_s: float, preset: LoopPreset) -> Progress:
        """Sum up what was added since the last reading."""
        now_s = self._clock()
        rate = self._steps / max(now_s - self._since_s, 1e-9)
        self._rate = rate if self._rate is None else (1.0 - SMOOTHING) * self._rate + SMOOTHING * rate
        left_s = (preset.steps - step) / self._rate
        if preset.minutes is not None:
            left_s = min(left_s, max(60.0 * preset.minutes - trained_s, 0.0))
        losses = {name: float(total) / count for name, (total, count) in self._sums.items()}
        self._told = Progress(
            step, preset.steps, self._rate, self._rate * self._clips, left_s, self._learning_rate, losses,
            self._told.validation,
        )  # fmt: skip
        self._steps, self._since_s, self._sums = 0, now_s, {}
        return self._told

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Do not count the time of the block as training."""
        begun_s = self._clock()
        yield
        self._since_s += self._clock() - begun_s

    def validated(self, figures: Mapping[str, float]) -> Progress:
        """Return the last reading with the figures of a validation."""
        self._told = replace(self._told, validation=dict(figures))
        return self._told
