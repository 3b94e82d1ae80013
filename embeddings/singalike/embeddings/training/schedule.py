"""How a training run is paced: its preset, and the learning rate of every step."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from singalike.errors import FieldViolation, InvalidInputError

Precision = Literal["float32", "bf16", "fp16"]


@dataclass(frozen=True)
class LoopPreset:
    """Settings of a run that are the same for every trainee.

    Attributes:
        steps: Updates in all.
        minutes: Time in which the learning rate falls and the run ends, if the steps have not ended it before; None for
            no limit. With a limit the weights depend on the speed of the machine.
        learning_rate: Of AdamW, at its peak.
        warm_up: Updates until the peak.
        floor: Learning rate at the end of the cosine, as a share of the peak.
        weight_decay: Of AdamW.
        clip_norm: Longest gradient, as its Euclidean norm; 0 clips nothing.
        precision: Of the forward pass; weights stay float32.
        validate_every: Steps between validations; 0 never validates, and the last network is kept instead of the best.
        patience: Validations without a better score that end the run; 0 never ends it.
        save_every: Steps between saved states. The state is also saved after each validation and at the end.
        log_every: Steps between rows of the log.
        ema: Decay of the moving average of the weights, which is then validated and kept; 0 keeps none.
    """

    steps: int = 1000
    minutes: float | None = None
    learning_rate: float = 1e-3
    warm_up: int = 50
    floor: float = 0.01
    weight_decay: float = 0.01
    clip_norm: float = 1.0
    precision: Precision = "float32"
    validate_every: int = 0
    patience: int = 0
    save_every: int = 100
    log_every: int = 10
    ema: float = 0.0

    def __post_init__(self) -> None:
        """Refuse settings that cannot train.

        Raises:
            InvalidInputError: BAD_PRESET, naming the settings.
        """
        rules = {
            "steps": (self.steps >= 1, "at least 1"),
            "minutes": (self.minutes is None or self.minutes > 0, "above 0, or null"),
            "learning_rate": (self.learning_rate > 0, "above 0"),
            "warm_up": (self.warm_up >= 0, "at least 0"),
            "floor": (0 <= self.floor <= 1, "between 0 and 1"),
            "weight_decay": (self.weight_decay >= 0, "at least 0"),
            "clip_norm": (self.clip_norm >= 0, "at least 0"),
            "precision": (self.precision in get_args(Precision), "float32, bf16 or fp16"),
            "validate_every": (self.validate_every >= 0, "at least 0"),
            "patience": (self.patience >= 0, "at least 0"),
            "save_every": (self.save_every >= 1, "at least 1"),
            "log_every": (self.log_every >= 1, "at least 1"),
            "ema": (0 <= self.ema < 1, "at least 0 and below 1"),
        }
        wrong = tuple(FieldViolation(name, f"must be {want}") for name, (right, want) in rules.items() if not right)
        if wrong:
            listed = "; ".join(f"{violation.field} {violation.description}" for violation in wrong)
            raise InvalidInputError("BAD_PRESET", f"the preset cannot train: {listed}", wrong)


def progress_of(preset: LoopPreset, step: int, trained_s: float) -> float:
    """Return how much of a run is done, from 0 to 1, by steps or by time, whichever is further."""
    by_time = 0.0 if preset.minutes is None else trained_s / (60.0 * preset.minutes)
    return min(max(step / preset.steps, by_time), 1.0)


def learning_rate_at(preset: LoopPreset, step: int, progress: float) -> float:
    """Return the learning rate of an update: a linear warm-up times a cosine.

    Args:
        preset: Peak, floor and length of the warm-up.
        step: Updates before this one.
        progress: Share of the run that is done, in [0, 1].

    Source:
        Loshchilov and Hutter 2017, SGDR, eq. 5 without restarts, https://arxiv.org/abs/1608.03983.
    """
    warm = 1.0 if preset.warm_up == 0 else min((step + 1) / preset.warm_up, 1.0)
    cosine = 0.5 * (1.0 + math.cos(math.pi * progress))
    return preset.learning_rate * warm * (preset.floor + (1.0 - preset.floor) * cosine)
