"""Files of trained voices: RVC v2's `.pth`, and the same as safetensors with its configuration in the header."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from singalike.conversion.neural.generator import GeneratorConfig
from singalike.conversion.neural.state_dict import State, read_tensors, tensors_by_name
from singalike.conversion.rvc.synthesiser import VoiceShape
from singalike.errors import WrongStateError

HEADER = "rvc"
CONFIG_NAMES = (
    "spec_channels",
    "segment_size",
    "inter_channels",
    "hidden_channels",
    "filter_channels",
    "n_heads",
    "n_layers",
    "kernel_size",
    "p_dropout",
    "resblock",
    "resblock_kernel_sizes",
    "resblock_dilation_sizes",
    "upsample_rates",
    "upsample_initial_channel",
    "upsample_kernel_sizes",
    "spk_embed_dim",
    "gin_channels",
    "sr",
)
"""What the list `config` of a file of RVC holds, in order."""

_PHONE, _SPEAKERS = "enc_p.emb_phone.weight", "emb_g.weight"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a file holds.

    Attributes:
        shape: Of the voice.
        state: Its weights, with weight normalisation or without.
    """

    shape: VoiceShape
    state: State


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a trained voice.

    Args:
        path: A file ".safetensors", or a pickle that may hold nothing but tensors and plain values.

    Raises:
        WrongStateError: WEIGHTS_DAMAGED; WEIGHTS_MISMATCHED, it is no voice of RVC v2 with pitch.
    """
    read, file = read_tensors(path), path.name
    try:
        said, weights = (_header(path), read) if path.suffix == ".safetensors" else (read, read["weight"])
        version, with_pitch, config = said.get("version", "v2"), int(said.get("f0", 1)), list(said["config"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"{file} is no voice of RVC ({error!r}): name a file from its folder `weights`, not from `logs`"
        raise WrongStateError("WEIGHTS_MISMATCHED", message) from error
    if version != "v2" or not with_pitch:
        message = f"{file} is of RVC {version}{'' if with_pitch else ' without pitch'}: train it as v2 with pitch"
        raise WrongStateError("WEIGHTS_MISMATCHED", message)
    state = tensors_by_name(weights, file)
    try:
        return Checkpoint(_shape(config, state), state)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        message = f"{file}: the configuration does not describe a voice of RVC v2 ({error}): get another file"
        raise WrongStateError("WEIGHTS_MISMATCHED", message) from error


def write_checkpoint(state: Mapping[str, Tensor], config: Sequence[object], path: Path) -> None:
    """Write a voice as safetensors, for whoever wants no pickle on the machine.

    Args:
        state: `weight` of RVC's file.
        config: `config` of RVC's file.
        path: Ends in ".safetensors".
    """
    said = json.dumps({"config": list(config), "version": "v2", "f0": 1})
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, path, {HEADER: said})


def _header(path: Path) -> Any:
    """Read what stands in the header of safetensors beside the tensors."""
    with safe_open(path, "pt") as file:
        return json.loads((file.metadata() or {})[HEADER])


def _shape(config: list[Any], state: State) -> VoiceShape:
    said = dict(zip(CONFIG_NAMES, config, strict=True))
    if str(said["resblock"]) != "1":
        raise ValueError(f"resblock {said['resblock']}")
    generator = GeneratorConfig(
        said["sr"],
        said["inter_channels"],
        tuple(said["upsample_rates"]),
        tuple(said["upsample_kernel_sizes"]),
        said["upsample_initial_channel"],
        tuple(said["resblock_kernel_sizes"]),
        tuple(tuple(sizes) for sizes in said["resblock_dilation_sizes"]),
        harmonics=0,
        speaker_dim=said["gin_channels"],
    )
    return VoiceShape(
        content_dim=state[_PHONE].shape[1],
        latents=said["inter_channels"],
        hidden=said["hidden_channels"],
        filters=said["filter_channels"],
        heads=said["n_heads"],
        layers=said["n_layers"],
        kernel=said["kernel_size"],
        # Files that were cut down to one voice still state how many there were.
        speakers=state[_SPEAKERS].shape[0],
        generator=generator,
    )
