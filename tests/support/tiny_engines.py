"""Tiny weights of the engines with networks, drawn at random and saved as the real ones are."""

import hashlib
import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from singalike.conversion.neural.generator import GeneratorConfig, NsfHifiGan
from singalike.conversion.rvc.checkpoint import write_checkpoint
from singalike.conversion.rvc.synthesiser import TrainedVoice, VoiceShape

CONTENT_DIM, LAYERS = 32, 3
RENDERER = GeneratorConfig(16_000, CONTENT_DIM, (10, 8, 2, 2), (20, 16, 4, 4), 32, (3,), ((1, 3),), harmonics=4)


@dataclass(frozen=True)
class TinyPart:
    """A part of a manifest."""

    source: str
    sha256: str
    file: str = "model.safetensors"
    licence: str = "CC0-1.0"

    def listed(self, **settings: object) -> dict[str, Any]:
        """Write it as a manifest does."""
        return {**asdict(self), "settings": settings}


def save_content(
    folder: Path, kind: str = "hubert", file: str = "model.safetensors", dim: int = CONTENT_DIM
) -> TinyPart:
    """Save a tiny HuBERT or WavLM in the format of `transformers`."""
    import transformers

    torch.manual_seed(1)
    settings_name, model_name = {"hubert": ("HubertConfig", "HubertModel"), "wavlm": ("WavLMConfig", "WavLMModel")}[
        kind
    ]
    shape: dict[str, Any] = {
        "hidden_size": dim,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 2,
        "intermediate_size": 2 * dim,
        "conv_dim": [16] * 7,
        "num_conv_pos_embeddings": 16,
        "num_conv_pos_embedding_groups": 4,
    }
    if kind == "wavlm":
        shape |= {"do_stable_layer_norm": True, "feat_extract_norm": "layer"}
    model = getattr(transformers, model_name)(getattr(transformers, settings_name)(**shape))
    model.save_pretrained(folder)
    if file.endswith(".bin"):
        (folder / "model.safetensors").unlink()
        torch.save({f"{kind}.{name}": tensor for name, tensor in model.state_dict().items()}, folder / file)
    return TinyPart(folder.name, digest(folder / file), file)


def save_renderer(folder: Path, config: GeneratorConfig = RENDERER) -> TinyPart:
    """Save a renderer that lets its source through, so that what it sings has the pitch of the source.

    Weights that were only drawn at random would filter the source at random; here each stage hands on one channel, and
    all else is drawn small.
    """
    network = sounding(NsfHifiGan(config))
    folder.mkdir(parents=True, exist_ok=True)
    save_file(dict(network.state_dict()), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(asdict(config)), "utf-8")
    return TinyPart(folder.name, digest(folder / "model.safetensors"))


def sounding(network: NsfHifiGan) -> NsfHifiGan:
    """Draw small weights, and let the source through the last stage."""
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for weights in network.parameters():
            weights.copy_(0.02 * torch.randn(weights.shape, generator=generator))
        network.m_source.l_linear.weight.fill_(1.0)
        last = network.noise_convs[-1]
        assert isinstance(last, nn.Conv1d)
        last.weight[0] = 1.0
        network.conv_post.weight[0, 0, 3] = 1.0
    return network


def rvc_config(rate: int) -> list[Any]:
    """Configure a tiny voice as RVC's files do: upsampling as published, everything else small."""
    rates, kernels = {
        32_000: ([10, 8, 2, 2], [20, 16, 4, 4]),
        40_000: ([10, 10, 2, 2], [16, 16, 4, 4]),
        48_000: ([12, 10, 2, 2], [24, 20, 4, 4]),
    }[rate]
    return [1025, 32, 8, 16, 32, 2, 2, 3, 0, "1", [3], [[1, 3]], rates, 32, kernels, 109, 8, rate]


def rvc_voice(rate: int) -> dict[str, torch.Tensor]:
    """Draw the weights of a tiny voice that lets its source through, named and normalised as in RVC's files."""
    config = rvc_config(rate)
    generator = GeneratorConfig(rate, 8, tuple(config[12]), tuple(config[14]), 32, (3,), ((1, 3),), speaker_dim=8)
    network = TrainedVoice(VoiceShape(CONTENT_DIM, 8, 16, 32, 2, 2, 3, 2, generator))
    drawn = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for weights in network.parameters():
            weights.copy_(0.1 * torch.randn(weights.shape, generator=drawn))
    sounding(network.dec)
    state: dict[str, torch.Tensor] = {}
    for name, tensor in network.state_dict().items():
        if re.fullmatch(r"(dec\.(ups|resblocks)|flow\.flows\.\d\.enc)\..*weight", name):
            state[f"{name}_g"] = tensor.norm(dim=(1, 2), keepdim=True).half()
            state[f"{name}_v"] = tensor.half()
        else:
            state[name] = tensor.half()
    return state


def save_rvc(folder: Path, rate: int = 40_000, file: str = "voice.pth", *, with_index: bool = True) -> Path:
    """Save everything that rvc needs."""
    content = save_content(folder / "content")
    if file.endswith(".safetensors"):
        write_checkpoint(rvc_voice(rate), rvc_config(rate), folder / file)
    else:
        plain = {"info": "20epoch", "sr": f"{rate // 1000}k", "f0": 1, "version": "v2"}
        torch.save({"weight": OrderedDict(rvc_voice(rate)), "config": rvc_config(rate), **plain}, folder / file)
    parts = {
        "content": content.listed(layer=LAYERS),
        "voice": TinyPart(".", digest(folder / file), file).listed(speaker=1),
    }
    if with_index:
        save_index(folder / "added.index")
        parts["index"] = TinyPart(".", digest(folder / "added.index"), "added.index").listed()
    return write_manifest(folder, parts)


def save_index(path: Path, dim: int = CONTENT_DIM) -> np.ndarray:
    """Save an index of the kind that RVC trains; returns its moments."""
    import faiss

    moments = np.random.default_rng(4).normal(size=(200, dim)).astype(np.float32)
    index = faiss.index_factory(dim, "IVF4,Flat")
    index.train(moments)
    index.add(moments)
    faiss.write_index(index, str(path))
    return moments


def write_manifest(folder: Path, parts: Mapping[str, Mapping[str, Any]]) -> Path:
    """Write weights.json."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.json").write_text(json.dumps(parts), "utf-8")
    return folder


def save_knn_svc(folder: Path, kind: str = "wavlm", file: str = "model.safetensors") -> Path:
    """Save everything that knn-svc needs."""
    content, renderer = save_content(folder / "content", kind, file), save_renderer(folder / "renderer")
    return write_manifest(folder, {"content": content.listed(layer=2), "renderer": renderer.listed()})


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
