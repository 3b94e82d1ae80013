"""From bytes to a network: safetensors, or a pickle of torch that may hold nothing but tensors."""

import pickle
import struct
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from singalike.errors import WrongStateError, noted

State = dict[str, Tensor]

_NOT_READABLE = (
    *(SafetensorError, RuntimeError, EOFError, OSError, struct.error),
    *(ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError),
)
"""What torch and safetensors raise over bytes that are no weights: rubbish is read as a pickle until it fails."""

_OLD_NORM = (".weight_g", ".weight_v")
_NEW_NORM = (".parametrizations.weight.original0", ".parametrizations.weight.original1")


def read_tensors(path: Path) -> Any:
    """Read a file of weights; no code in it is run.

    Args:
        path: The file; its name tells the format, ".safetensors" or one of torch's pickles.

    Returns:
        Tensors by name; of a pickle, whatever it holds of tensors, numbers, texts and collections of these. They may
        lie in the file still: copy what is to stay.

    Raises:
        WrongStateError: WEIGHTS_DAMAGED, it is something else, torn, or holds code.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        with warnings.catch_warnings():
            # What torch finds unusual about a pickle is refused or read; the caller learns which.
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:
        message = (
            f"{path.name} holds more than weights, and code is not run: save it as safetensors, or get another file"
        )
        raise noted(WrongStateError("WEIGHTS_DAMAGED", message), str(path)) from error
    except _NOT_READABLE as error:
        message = f"{path.name} cannot be read as weights: fetch it again"
        raise noted(WrongStateError("WEIGHTS_DAMAGED", message), f"{path}: {error}") from error


def tensors_by_name(read: Any, file: str) -> State:
    """Return what was read if it is tensors by name, and refuse it otherwise.

    Raises:
        WrongStateError: WEIGHTS_MISMATCHED.
    """
    if not isinstance(read, dict) or not all(isinstance(tensor, Tensor) for tensor in read.values()):
        message = f"{file} does not hold weights by name: get the file that belongs to its configuration"
        raise WrongStateError("WEIGHTS_MISMATCHED", message)
    return read


def without_weight_norm(state: Mapping[str, Tensor]) -> State:
    """Multiply out what weight normalisation keeps apart: weight = g v / |v|, float32.

    Args:
        state: Tensors by name; both namings of torch are known.

    Source:
        Salimans and Kingma 2016, Weight Normalization, https://arxiv.org/abs/1602.07868, eq. 2.
    """
    joined: State = {}
    for name, tensor in state.items():
        base = next((name.removesuffix(end) for end in (_OLD_NORM[1], _NEW_NORM[1]) if name.endswith(end)), None)
        if base is None:
            if not name.endswith((_OLD_NORM[0], _NEW_NORM[0])):
                joined[name] = tensor.float() if tensor.is_floating_point() else tensor
            continue
        scale = next((state[base + end] for end in (_OLD_NORM[0], _NEW_NORM[0]) if base + end in state), None)
        if scale is None or scale.ndim != tensor.ndim or 1 not in scale.shape:
            raise WrongStateError("WEIGHTS_MISMATCHED", f"{name} has no scale that fits: get another file")
        # The norm goes over the axes along which the scale is constant: torch lets a network choose the axis.
        axes = [axis for axis, size in enumerate(scale.shape) if size == 1]
        direction = tensor.float()
        joined[f"{base}.weight"] = direction * (scale.float() / direction.norm(dim=axes, keepdim=True))
    return joined


def fill(network: nn.Module, state: Mapping[str, Tensor], what: str, unused: tuple[str, ...] = ()) -> nn.Module:
    """Put weights into a network, every one, and leave it ready to be asked.

    Args:
        network: Without weight normalisation.
        state: As a file has it, weight normalisation or not.
        what: For people.
        unused: Beginnings of names that the network has no use for.

    Returns:
        The network, in evaluation mode, without gradients.

    Raises:
        WrongStateError: WEIGHTS_MISMATCHED, names or shapes are those of another network.
    """
    wanted = {name: tensor.shape for name, tensor in network.state_dict().items()}
    given = {name: t for name, t in without_weight_norm(state).items() if name in wanted or not name.startswith(unused)}
    lacking, beyond = sorted(set(wanted) - set(given)), sorted(set(given) - set(wanted))
    shapes = sorted(name for name in set(wanted) & set(given) if wanted[name] != given[name].shape)
    if lacking or beyond or shapes:
        found = {"lacks": lacking, "has no place for": beyond, "has in another shape": shapes}
        faults = [f"{fault} {len(names)} weights, {names[0]} for one" for fault, names in found.items() if names]
        message = (
            f"{what} is of another network: it {'; '.join(faults)}. Get the file that belongs to its configuration"
        )
        raise WrongStateError("WEIGHTS_MISMATCHED", message)
    network.load_state_dict(given)
    return network.eval().requires_grad_(False)
