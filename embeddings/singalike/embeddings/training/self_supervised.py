"""Training the timbre of a network without names: crops of one recording belong together."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from singalike.embeddings.training.objectives.choice import Objective, ObjectivePreset, make_objective
from singalike.embeddings.training.trainee import Share
from singalike.embeddings.training.view_bank import ViewBank
from singalike.embeddings.training.views import Switches

Judge = Callable[[nn.Module], Mapping[str, float]]
"""Measures figures of a network on singers with known names; "score" is the one that should grow."""

_HELD_OUT_BATCHES = 8
_HELD_OUT_STEP = 1_000_000_000  # no run gets here, so the batches are none of training's


@dataclass(frozen=True)
class SelfSupervisedPreset:
    """How a network is trained without names.

    Attributes:
        objective: How views are compared.
        switches: Which views there are.
        clips: Views in a batch, whatever the switches: more kinds of views mean fewer recordings.
        crop_frames: Frames of a view, 10 ms each.
    """

    objective: ObjectivePreset = field(default_factory=ObjectivePreset)
    switches: Switches = field(default_factory=Switches)
    clips: int = 96
    crop_frames: int = 200


class SelfSupervisedTrainee:
    """A network, its objective, and recordings without names.

    Args:
        encoder: Fresh, `forward(log_mel, mask)`, unit vectors.
        dim: Numbers in a timbre vector.
        fit: Recordings to train on.
        held_out: Recordings to tell the loss on.
        judge: Measures the encoder at validations.
        preset: Settings.
    """

    def __init__(
        self,
        encoder: nn.Module,
        dim: int,
        fit: ViewBank,
        held_out: ViewBank,
        judge: Judge,
        preset: SelfSupervisedPreset,
    ) -> None:
        self.objective: Objective = make_objective(preset.objective, encoder, dim)
        self.fit, self.held_out, self.judge, self.preset = fit, held_out, judge, preset

    @property
    def network(self) -> nn.Module:
        """The encoder and all that the objective keeps: see `Trainee`."""
        return self.objective

    @property
    def clips(self) -> int:
        """Views in a batch."""
        return self.preset.clips

    def losses(self, step: int, share: Share) -> Mapping[str, Tensor]:
        """Judge the batch of a step: "total", and "chance", what vectors without information would have."""
        judged = self.objective(*self._batch(self.fit, step, share))
        return {"total": judged.loss, "chance": torch.tensor(judged.chance)}

    def validate(self) -> Mapping[str, float]:
        """Measure the held-out loss, its chance, and the figures of the judge."""
        return {**self.held_out_loss(), **self.judge(self.objective.encoder)}

    @torch.no_grad()
    def held_out_loss(self) -> Mapping[str, float]:
        """Return "loss" and "chance" over eight fixed batches of recordings that were not trained on."""
        self.objective.eval()
        judged = [self.objective(*self._batch(self.held_out, _HELD_OUT_STEP + n)) for n in range(_HELD_OUT_BATCHES)]
        return {
            "loss": sum(one.loss.item() for one in judged) / len(judged),
            "chance": sum(one.chance for one in judged) / len(judged),
        }

    def _batch(self, bank: ViewBank, step: int, share: Share | None = None) -> tuple[Tensor, Tensor]:
        device = next(self.objective.parameters()).device
        mels, labels = bank.batch(step, self.preset.switches, self.preset.clips, self.preset.crop_frames, share)
        return mels.to(device), labels.to(device)
