"""Writing a graph as an ONNX or a TorchScript file, and running it from there."""

import contextlib
import hashlib
import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from singalike.audio.sound import Waveform
from singalike.errors import InvalidInputError, WrongStateError

SAMPLE_RATE = 16_000
EXAMPLE_S = 2.0

Run = Callable[[Waveform], Sequence[NDArray[np.float32]]]
"""Takes float32 (samples,), gives the outputs of the graph for it."""


@dataclass(frozen=True, eq=False)
class Graph:
    """A module with the names of its outputs.

    Attributes:
        name: "singalike-timbre", "singalike-melody".
        module: Takes a waveform (1, samples).
        outputs: Names, in order.
        facts: Stand in the file: the version of the ear, the licence.
    """

    name: str
    module: nn.Module
    outputs: tuple[str, ...]
    facts: dict[str, str]


def write_onnx(graph: Graph, out: Path) -> None:
    """Write a graph as one ONNX file, its number of samples free.

    Raises:
        WrongStateError: EXPORT_NOT_INSTALLED.
        InvalidInputError: NOT_WRITABLE.
    """
    # Bounds of the length would have to be proven against what each convolution asks of it, which the exporter cannot.
    samples = torch.export.Dim.AUTO
    try:
        with _quiet():
            program: Any = torch.onnx.export(
                graph.module.eval(),
                (_example(),),
                dynamo=True,
                input_names=["waveform"],
                output_names=list(graph.outputs),
                dynamic_shapes={"waveform": {1: samples}},
                verbose=False,
            )
    except ImportError as error:
        message = f"an ONNX file needs more packages ({error}): pip install 'singalike[export]'"
        raise WrongStateError("EXPORT_NOT_INSTALLED", message) from error
    program.model.metadata_props.update(graph.facts)
    with _writable(out):
        program.save(str(out), external_data=False)


def write_torchscript(graph: Graph, out: Path) -> None:
    """Write a graph as a TorchScript file.

    Raises:
        InvalidInputError: NOT_WRITABLE.
    """
    content = io.BytesIO()
    with _quiet(), torch.inference_mode():
        traced = torch.jit.trace(graph.module.eval(), _example(), check_trace=False)  # type: ignore[no-untyped-call]
        torch.jit.save(traced, content, _extra_files={"facts.json": json.dumps(graph.facts)})
    with _writable(out):
        out.write_bytes(content.getvalue())


def write_manifest(graph: Graph, out: Path, dim: int) -> Path:
    """Write the manifest that lets the encoder `onnx` or `ssl-singer` read a timbre graph; returns its path."""
    manifest = {
        "file": out.name,
        "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
        "name": graph.name,
        "licence": graph.facts["licence"],
        "weights_licence": graph.facts["licence"],
        "sample_rate": SAMPLE_RATE,
        "dim": dim,
        "input": "waveform",
        "output": graph.outputs[0],
        "at_once": 1,
    }
    path = Path(f"{out}.json")  # not timbre.json: an ONNX and a TorchScript file may lie side by side
    path.write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    return path


def run_onnx(path: Path) -> Run:
    """Open an ONNX file with onnxruntime.

    Raises:
        WrongStateError: EXPORT_NOT_INSTALLED.
    """
    try:
        import onnxruntime
    except ImportError as error:
        message = "onnxruntime is not installed: pip install 'singalike[export]'"
        raise WrongStateError("EXPORT_NOT_INSTALLED", message) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda waveform: session.run(None, {"waveform": waveform[None]})


def run_torchscript(path: Path) -> Run:
    """Open a TorchScript file."""
    with _quiet():
        loaded: Any = torch.jit.load(str(path), map_location="cpu")  # type: ignore[no-untyped-call]

    def run(waveform: Waveform) -> Sequence[NDArray[np.float32]]:
        with torch.inference_mode():
            answer = loaded(torch.from_numpy(waveform[None]))
        return [part.numpy() for part in (answer if isinstance(answer, tuple) else (answer,))]

    return run


def _example() -> torch.Tensor:
    """A waveform that a trace goes along; noise, so that no branch of a sort is degenerate."""
    noise = np.random.default_rng(0).normal(0.0, 0.1, round(EXAMPLE_S * SAMPLE_RATE))
    return torch.from_numpy(noise.astype(np.float32))[None]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Hold back what torch says about its own future: TorchScript is deprecated, the exporter uses old helpers."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


@contextlib.contextmanager
def _writable(out: Path) -> Iterator[None]:
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise InvalidInputError("NOT_WRITABLE", f"{out} cannot be written: {error.strerror}") from error
