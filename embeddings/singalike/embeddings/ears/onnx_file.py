"""Any ONNX file as an encoder, through onnxruntime."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from singalike.audio.sound import Waveform
from singalike.embeddings.ears.answers import embed_equal_lengths
from singalike.embeddings.ears.manifest import EarManifest, find_manifest, read_listed, read_manifest
from singalike.embeddings.ears.port import EncoderInfo, Fetch
from singalike.embeddings.mel import log_mel
from singalike.embeddings.profile import Vectors
from singalike.errors import InvalidInputError, WrongStateError

Run = Callable[[NDArray[np.float32]], NDArray[np.floating]]


@dataclass(frozen=True, eq=False)
class OnnxEncoder:
    """An ONNX graph that hears waveforms or log-mels.

    Attributes:
        manifest: What the graph takes and gives.
        run: The graph, from its input to the chosen output.
    """

    manifest: EarManifest
    run: Run

    @property
    def info(self) -> EncoderInfo:
        """What the manifest says."""
        return self.manifest.info

    def embed(self, waveforms: Sequence[Waveform]) -> Vectors:
        """Embed stretches of voice, float32 (n, dim); see the port."""
        said = self.manifest
        return embed_equal_lengths(waveforms, said.sample_rate, said.dim, self._answer, said.at_once)

    def _answer(self, waveforms: NDArray[np.float32]) -> NDArray[np.floating]:
        return self.run(waveforms if self.manifest.mel is None else self._log_mel(waveforms))

    def _log_mel(self, waveforms: NDArray[np.float32]) -> NDArray[np.float32]:
        assert self.manifest.mel is not None
        with torch.inference_mode():
            mel = log_mel(torch.from_numpy(waveforms), self.manifest.mel)
            if self.manifest.subtract_mean:
                mel = mel - mel.mean(dim=-1, keepdim=True)
            return (mel if self.manifest.layout == "mels-frames" else mel.transpose(1, 2)).contiguous().numpy()


def load(argument: str, device: str, _fetch: Fetch) -> OnnxEncoder:
    """Load an ONNX file that a manifest describes.

    Args:
        argument: The .onnx file (its manifest lies beside it), the manifest, or a folder with ear.json.
        device: "cuda..." asks for onnxruntime's CUDA provider where that is installed.

    Raises:
        NotFoundError: ENCODER_NOT_FOUND.
        InvalidInputError: BAD_ENCODER_MANIFEST.
        WrongStateError: ENCODER_NOT_INSTALLED, ENCODER_DAMAGED.
    """
    path = find_manifest(argument)
    manifest = read_manifest(path)
    return OnnxEncoder(manifest, _session(read_listed(path.parent / manifest.file, manifest.sha256), manifest, device))


def _session(graph: bytes, manifest: EarManifest, device: str) -> Run:
    try:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as fault
    except ImportError as error:
        message = "onnxruntime is not installed: pip install 'singalike[onnx]'"
        raise WrongStateError("ENCODER_NOT_INSTALLED", message) from error
    wanted = ("CUDAExecutionProvider",) if device.startswith("cuda") else ()
    providers = [name for name in wanted if name in onnxruntime.get_available_providers()] + ["CPUExecutionProvider"]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    try:
        session: Any = onnxruntime.InferenceSession(graph, options, providers=providers)
    except (
        fault.Fail,
        fault.InvalidArgument,
        fault.InvalidGraph,
        fault.InvalidProtobuf,
        fault.NotImplemented,
    ) as error:
        raise WrongStateError("ENCODER_DAMAGED", f"{manifest.file} is no graph that can be run: {error}") from error
    inputs, outputs = session.get_inputs(), [output.name for output in session.get_outputs()]
    output = manifest.output or outputs[0]
    if len(inputs) != 1 or output not in outputs:
        message = f"{manifest.file} has {len(inputs)} inputs and the outputs {', '.join(outputs)}: one input is needed"
        raise InvalidInputError("BAD_ENCODER_MANIFEST", f"{message}, and `output` must be one of these")

    def run(values: NDArray[np.float32]) -> NDArray[np.floating]:
        try:
            answer: NDArray[np.floating] = session.run([output], {inputs[0].name: values})[0]
        except (fault.Fail, fault.InvalidArgument, fault.RuntimeException) as error:
            message = f"{manifest.file} does not take {values.shape}: check input, layout and mel of its manifest"
            raise WrongStateError("ENCODER_ANSWER_WRONG", f"{message} ({error})") from error
        return answer

    return run
