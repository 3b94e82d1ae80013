"""Tiny foreign encoders, written to disk as their makers would, to go through the code that loads real ones."""

import hashlib
import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from singalike.audio.sound import Waveform
from singalike.embeddings.ears.port import EncoderInfo
from singalike.embeddings.profile import Vectors
from tests.support.fake_ear import unit_rows

DIM = 6


class SpectrumEncoder:
    """Mean magnitudes of a few bands, at any rate: an encoder of a third party, without any file."""

    def __init__(self, version: str = "1", sample_rate: int = 16_000, dim: int = DIM) -> None:
        self.info = EncoderInfo("spectrum", version, "MIT", "none", sample_rate, dim)

    def embed(self, waveforms: Sequence[Waveform]) -> Vectors:
        rows = [np.abs(np.fft.rfft(waveform, 4096))[10 : 10 + 40 * self.info.dim] for waveform in waveforms]
        return unit_rows(np.stack(rows).reshape(len(rows), self.info.dim, 40).mean(axis=2) + 1e-3)


def load_spectrum(argument: str, _device: str, _fetch: object) -> SpectrumEncoder:
    """What an entry point names."""
    return SpectrumEncoder(argument or "1")


def write_onnx(folder: Path, **changes: object) -> Path:
    """Write a convolution over waveforms, averaged over time, and its manifest; return the ONNX file."""
    from onnx import TensorProto, helper, numpy_helper, save_model

    kernel = np.random.default_rng(0).normal(size=(DIM, 1, 400)).astype(np.float32)
    nodes = [
        helper.make_node("Unsqueeze", ["waveform", "axis"], ["rows"]),
        helper.make_node("Conv", ["rows", "kernel"], ["heard"], strides=[160]),
        helper.make_node("Relu", ["heard"], ["positive"]),
        helper.make_node("ReduceMean", ["positive", "time"], ["vector"], keepdims=0),
    ]
    constants = [
        numpy_helper.from_array(np.array([1], np.int64), "axis"),
        numpy_helper.from_array(kernel, "kernel"),
        numpy_helper.from_array(np.array([2], np.int64), "time"),
    ]
    return _save_onnx(folder, nodes, constants, ["batch", "samples"], save_model, helper, TensorProto, changes)


def write_onnx_of_mels(folder: Path, **changes: object) -> Path:
    """Write a matrix over log-mels (batch, frames, mels), averaged over time, and its manifest."""
    from onnx import TensorProto, helper, numpy_helper, save_model

    matrix = np.random.default_rng(1).normal(size=(20, DIM)).astype(np.float32)
    nodes = [
        helper.make_node("Relu", ["waveform"], ["positive"]),
        helper.make_node("MatMul", ["positive", "matrix"], ["heard"]),
        helper.make_node("ReduceMean", ["heard", "time"], ["vector"], keepdims=0),
    ]
    constants = [
        numpy_helper.from_array(matrix, "matrix"),
        numpy_helper.from_array(np.array([1], np.int64), "time"),
    ]
    mel = {"window_length": 400, "hop_length": 160, "n_fft": 512, "mels": 20, "low_hz": 60.0, "high_hz": 7600.0}
    said = {"input": "log-mel", "mel": mel, "layout": "frames-mels", "subtract_mean": True, **changes}
    return _save_onnx(folder, nodes, constants, ["batch", "frames", 20], save_model, helper, TensorProto, said)


def _save_onnx(folder, nodes, constants, shape, save_model, helper, kinds, changes):  # type: ignore[no-untyped-def]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("waveform", kinds.FLOAT, shape)],
        [helper.make_tensor_value_info("vector", kinds.FLOAT, ["batch", DIM])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path: Path = folder / "tiny.onnx"
    save_model(model, str(path))
    write_manifest(path, name="tiny-onnx", **changes)
    return path


def write_manifest(path: Path, **changes: object) -> Path:
    """Write the manifest of a model file beside it."""
    said = {
        "file": path.name,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "sample_rate": 16_000,
        "dim": DIM,
        "licence": "MIT",
        "weights_licence": "CC0-1.0",
        **changes,
    }
    manifest = path.with_suffix(".json")
    manifest.write_text(json.dumps(said), "utf-8")
    return manifest


class _Bands(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, dim, 400, stride=200)

    def forward(self, waveform: Tensor) -> Tensor:
        return torch.relu(self.conv(waveform[:, None])).mean(-1)


def write_torchscript(path: Path, dim: int = DIM) -> Path:
    """Write a traced convolution over waveforms."""
    torch.manual_seed(0)
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.trace(_Bands(dim).eval(), torch.randn(1, 8_000)), str(path))
    return path


def write_ast(folder: Path, max_length: int = 48) -> Path:
    """Write a transformer of two narrow layers in the format of `transformers`."""
    from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

    torch.manual_seed(0)
    config = ASTConfig(
        hidden_size=24, num_hidden_layers=2, num_attention_heads=2, intermediate_size=48, patch_size=8,
        frequency_stride=8, time_stride=8, max_length=max_length, num_mel_bins=32, num_labels=3,
    )  # fmt: skip
    ASTForAudioClassification(config).save_pretrained(folder)
    ASTFeatureExtractor(num_mel_bins=32, max_length=max_length).save_pretrained(folder)
    return folder
