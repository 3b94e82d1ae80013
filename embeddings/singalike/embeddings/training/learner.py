"""One update of a network: precision, gradients, AdamW, moving average; and all of its state as tensors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from singalike.embeddings.training.processes import Processes
from singalike.embeddings.training.schedule import LoopPreset

_NETWORK, _OPTIMIZER, _AVERAGE = "network/", "optimizer/", "average/"
_AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


class Learner:
    """Updates a network.

    Args:
        network: On its device; parameters that ask for a gradient are trained.
        preset: How.
        processes: Who trains with us.
    """

    def __init__(self, network: nn.Module, preset: LoopPreset, processes: Processes) -> None:
        self.network = network
        self.preset = preset
        self.processes = processes
        self.trained = {name: p for name, p in network.named_parameters() if p.requires_grad}
        self.device = next(iter(self.trained.values())).device
        self.optimizer = torch.optim.AdamW(
            self.trained.values(), lr=preset.learning_rate, weight_decay=preset.weight_decay
        )
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=preset.precision == "fp16")
        self.average = {name: p.detach().clone() for name, p in self.trained.items()} if preset.ema else {}

    def autocast(self) -> torch.autocast:
        """Return the context in which losses are computed."""
        dtype = _AUTOCAST.get(self.preset.precision)
        return torch.autocast(self.device.type, dtype, enabled=dtype is not None)

    def update(self, loss: Tensor, learning_rate: float) -> Tensor:
        """Take one step down the loss.

        Args:
            loss: Shape ().
            learning_rate: Of this step.

        Returns:
            Euclidean norm of the gradient before it was clipped, shape ().
        """
        parameters = list(self.trained.values())
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate
        self.optimizer.zero_grad()
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self.processes.average_gradients(parameters)
        self.scaler.unscale_(self.optimizer)
        norm = torch.nn.utils.clip_grad_norm_(parameters, self.preset.clip_norm or float("inf"))
        self.scaler.step(self.optimizer)
        self.scaler.update()
        # Batch statistics and queues differ by process; the first one's are everybody's, as in DistributedDataParallel.
        self.processes.follow_first(list(self.network.buffers()))
        with torch.no_grad():
            for name, average in self.average.items():
                average.lerp_(self.trained[name], 1.0 - self.preset.ema)
        return norm

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Put the moving average in the place of the weights while the block lasts; without one nothing changes."""
        with torch.no_grad():
            kept = {name: self.trained[name].detach().clone() for name in self.average}
            self._set(self.average)
            try:
                yield
            finally:
                self._set(kept)

    def keep_average(self) -> None:
        """Put the moving average in the place of the weights for good; without one nothing changes."""
        with torch.no_grad():
            self._set(self.average)

    def weights(self) -> dict[str, Tensor]:
        """Return the state of the network."""
        return dict(self.network.state_dict())

    def tensors(self) -> dict[str, Tensor]:
        """Return the whole state under flat names: the network's, the optimizer's and the moving average's."""
        flat = {_NETWORK + name: tensor for name, tensor in self.network.state_dict().items()}
        flat |= {_AVERAGE + name: tensor for name, tensor in self.average.items()}
        for name, parameter in self.trained.items():
            state = self.optimizer.state.get(parameter, {})
            flat |= {f"{_OPTIMIZER}{key}/{name}": tensor for key, tensor in state.items()}
        return flat

    def scaling(self) -> dict[str, Any]:
        """Return the state of the loss scaling of fp16, JSON values; empty in other precisions."""
        return dict(self.scaler.state_dict())

    def restore(self, tensors: Mapping[str, Tensor], scaling: Mapping[str, Any]) -> None:
        """Go back to what `tensors` and `scaling` returned."""
        self.network.load_state_dict(_below(_NETWORK, tensors))
        numbers = {name: number for number, name in enumerate(self.trained)}
        state: dict[int, dict[str, Tensor]] = {}
        for path, tensor in _below(_OPTIMIZER, tensors).items():
            key, name = path.split("/", 1)
            state.setdefault(numbers[name], {})[key] = tensor
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})
        self.average = {name: tensor.to(self.device) for name, tensor in _below(_AVERAGE, tensors).items()}
        if scaling:
            self.scaler.load_state_dict(dict(scaling))

    def _set(self, weights: Mapping[str, Tensor]) -> None:
        for name, tensor in weights.items():
            self.trained[name].copy_(tensor)


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
