"""What is sung, whoever sings it: a layer of HuBERT, ContentVec or WavLM, through `transformers`.

Source:
    Hsu et al. 2021, HuBERT, https://arxiv.org/abs/2106.07447; Qian et al. 2022, ContentVec,
    https://arxiv.org/abs/2204.09224; Chen et al. 2022, WavLM, https://arxiv.org/abs/2110.13900.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from singalike.audio.sound import Sound
from singalike.conversion.neural.precision import half_precision
from singalike.conversion.neural.state_dict import State, fill, read_tensors, tensors_by_name
from singalike.conversion.neural.weights import Weights, setting
from singalike.errors import WrongStateError, noted

Floats = NDArray[np.float32]

RATE, HOP = 16_000, 320
CONFIG = "config.json"
KINDS = {"hubert": ("HubertConfig", "HubertModel"), "wavlm": ("WavLMConfig", "WavLMModel")}
UNUSED = (
    "encoder.layer_norm.",
    "final_proj.",
    "lm_head.",
    "masked_spec_embed",
    "projector.",
    "classifier.",
    "label_embs_concat",
)
_NORMALISED = "encoder.pos_conv_embed.conv"


@dataclass(frozen=True, eq=False)
class ContentEncoder:
    """A transformer that is asked for one of its layers.

    Attributes:
        model: HubertModel or WavLMModel, cut behind the layer.
        dim: Numbers in a row.
        receptive: Samples that one row hears before the transformer.
        normalise: Whether the model wants sound of zero mean and unit variance.
        device: Where it runs.
    """

    model: nn.Module
    dim: int
    receptive: int
    normalise: bool
    device: str

    def encode(self, sound: Sound) -> Floats:
        """Say what is sung, a row for every begun 20 ms.

        Args:
            sound: Mono at 16 000 Hz, at least one sample. Rows depend on the whole of it, and on nothing else.

        Returns:
            float32 (ceil(samples / 320), dim); row i begins at sample 320 i.
        """
        waveform = sound.waveform[0]
        rows = math.ceil(len(waveform) / HOP)
        if self.normalise:
            waveform = (waveform - waveform.mean()) / np.sqrt(waveform.var() + 1e-7)
        filled = np.pad(waveform, (0, (rows - 1) * HOP + self.receptive - len(waveform)))
        with torch.inference_mode(), half_precision(self.device):
            heard = self.model(torch.from_numpy(filled[None]).to(self.device)).last_hidden_state[0]
        return np.asarray(heard.float().cpu().numpy(), dtype=np.float32)


def load_content(weights: Weights, name: str, layer: int, device: str) -> ContentEncoder:
    """Load the part of the weights that listens.

    Args:
        weights: Where `name` is listed; its settings may state another `layer`, and `normalise`.
        name: Of the part.
        layer: Of the transformer, from 1.
        device: Where torch computes.

    Raises:
        WrongStateError: ENGINE_NOT_INSTALLED, ENGINE_WEIGHTS_MISSING, BAD_WEIGHTS_MANIFEST, WEIGHTS_DAMAGED,
            WEIGHTS_MISMATCHED.
    """
    part, transformers = weights.parts[name], import_transformers()
    layer = setting(part, "layer", layer, lambda value: value >= 1)
    normalise = setting(part, "normalise", False, lambda _value: True)
    path = weights.find(name, CONFIG) / CONFIG
    said = _read_config(path)
    settings_name, model_name = KINDS[said["model_type"]]
    config = getattr(transformers, settings_name)(**said)
    strides, kernels = tuple(config.conv_stride), tuple(config.conv_kernel)
    if math.prod(strides) != HOP or layer > config.num_hidden_layers:
        message = f"{CONFIG} of {name} has {config.num_hidden_layers} layers and a hop of {math.prod(strides)} samples"
        mismatched = WrongStateError("WEIGHTS_MISMATCHED", f"{message}, wanted are layer {layer} and {HOP}")
        raise noted(mismatched, str(path))
    model = getattr(transformers, model_name)(type(config)(**said | {"num_hidden_layers": layer}))
    state = _named(tensors_by_name(read_tensors(weights.checked(name)), part.file), said["model_type"])
    beyond = tuple(f"encoder.layers.{number}." for number in range(layer, config.num_hidden_layers))
    fill(_bare(model), state, part.file, UNUSED + beyond)
    receptive = 1
    for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
        receptive = (receptive - 1) * stride + kernel
    return ContentEncoder(model.to(device), int(config.hidden_size), receptive, normalise, device)


def import_transformers() -> Any:
    """Import `transformers`, as late as possible: it takes seconds.

    Raises:
        WrongStateError: ENGINE_NOT_INSTALLED.
    """
    try:
        import transformers
        from transformers import HubertModel, WavLMModel  # noqa: F401 - what fails, fails here and not at the first use
    except (ImportError, OSError) as error:  # a torchaudio of another build than torch is an OSError
        message = "transformers cannot be imported: pip install 'singalike[neural]'"
        raise noted(WrongStateError("ENGINE_NOT_INSTALLED", message), str(error)) from error
    return transformers


def _read_config(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_text("utf-8"))
        kind = said["model_type"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        message = f"{path.name} is no configuration of a network that listens: fetch it again"
        raise noted(WrongStateError("WEIGHTS_DAMAGED", message), f"{path}: {error!r}") from error
    if kind not in KINDS:
        message = f"{path.name} describes a {kind}: name a folder or repository of {' or '.join(KINDS)}"
        raise noted(WrongStateError("WEIGHTS_MISMATCHED", message), str(path))
    return dict(said)


def _bare(model: Any) -> nn.Module:
    """Take weight normalisation and what training alone needs out of a model, and the norm behind its last layer.

    A layer's own answer, where layers begin with their norm, comes before that last norm.
    """
    convolution = model.get_submodule(_NORMALISED)
    if nn.utils.parametrize.is_parametrized(convolution, "weight"):
        nn.utils.parametrize.remove_parametrizations(convolution, "weight")
    if hasattr(model, "masked_spec_embed"):
        del model.masked_spec_embed
    if model.config.do_stable_layer_norm:
        model.encoder.layer_norm = nn.Identity()
    bare: nn.Module = model
    return bare


def _named(tensors: State, kind: str) -> State:
    """Drop the prefix that models with a head give to what they share."""
    return {name.removeprefix(f"{kind}."): tensor for name, tensor in tensors.items()}
