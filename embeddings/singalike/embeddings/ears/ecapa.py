"""ECAPA-TDNN as speechbrain publishes it, run by speechbrain's own network.

Only the weights are read: the `hyperparams.yaml` beside them may run any code, so the shape of the network is taken
from the shapes of the weights.

Source:
    Desplanques et al. 2020, ECAPA-TDNN, https://arxiv.org/abs/2005.07143.
"""

import hashlib
import io
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from singalike.audio.sound import Waveform
from singalike.embeddings.ears.answers import embed_equal_lengths
from singalike.embeddings.ears.manifest import DIGITS, read_bytes
from singalike.embeddings.ears.port import EncoderInfo, Fetch, local_folder
from singalike.embeddings.profile import Vectors
from singalike.errors import WrongStateError

FILES = ("embedding_model.safetensors", "embedding_model.ckpt")
SAMPLE_RATE = 16_000


@dataclass(frozen=True, eq=False)
class EcapaEncoder:
    """Mel energies, each band's mean subtracted, through ECAPA-TDNN.

    Attributes:
        features: Waveforms (batch, samples) to mel energies (batch, frames, mels).
        network: Mel energies to (batch, 1, dim).
        info: What it is.
        device: Where it runs.
    """

    features: nn.Module
    network: nn.Module
    info: EncoderInfo
    device: str

    def embed(self, waveforms: Sequence[Waveform]) -> Vectors:
        """Embed stretches of voice, float32 (n, dim); see the port."""
        return embed_equal_lengths(waveforms, SAMPLE_RATE, self.info.dim, self._answer)

    def _answer(self, waveforms: NDArray[np.float32]) -> NDArray[np.floating]:
        with torch.inference_mode():
            mel: Tensor = self.features(torch.from_numpy(waveforms).to(self.device))
            answer: Tensor = self.network(mel - mel.mean(dim=1, keepdim=True))
            return answer[:, 0].cpu().numpy()


def load(argument: str, device: str, fetch: Fetch) -> EcapaEncoder:
    """Load the weights of a folder or of a hub.

    Args:
        argument: A folder with embedding_model.safetensors or embedding_model.ckpt, or the id of a repository, for
            instance speechbrain/spkrec-ecapa-voxceleb@REVISION.
        device: Where torch computes.
        fetch: Brings the weights from the hub.

    Raises:
        NotFoundError: ENCODER_NOT_FOUND.
        WrongStateError: ENCODER_NOT_INSTALLED; ENCODER_DAMAGED, these are no weights of an ECAPA-TDNN.
    """
    networks, features = _speechbrain()
    folder = local_folder(argument, FILES, fetch)
    path = next((folder / name for name in FILES if (folder / name).is_file()), folder / FILES[-1])
    content = read_bytes(path)
    weights = _weights(path, content)
    try:
        settings = _settings(weights)
        network = networks.ECAPA_TDNN(**settings)
        network.load_state_dict(weights)
    except (KeyError, RuntimeError) as error:
        raise WrongStateError("ENCODER_DAMAGED", f"{path} holds no weights of an ECAPA-TDNN: {error}") from error
    info = EncoderInfo(
        "ecapa", hashlib.sha256(content).hexdigest()[:DIGITS], "Apache-2.0", "unknown", SAMPLE_RATE,
        settings["lin_neurons"],
    )  # fmt: skip
    fbank = features.Fbank(n_mels=settings["input_size"])
    return EcapaEncoder(fbank.to(device).eval(), network.to(device).eval(), info, device)


def _speechbrain() -> tuple[Any, Any]:
    try:
        from speechbrain.lobes import features
        from speechbrain.lobes.models import ECAPA_TDNN
    except (ImportError, OSError) as error:  # a torchaudio of another build than torch is an OSError
        message = (
            f"speechbrain cannot be imported ({error}): pip install 'singalike[ecapa]' with the torchaudio of the same "
            "build as torch, or use an ONNX file of ECAPA with the encoder `onnx`"
        )
        raise WrongStateError("ENCODER_NOT_INSTALLED", message) from error
    return ECAPA_TDNN, features


def _weights(path: Path, content: bytes) -> Mapping[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load as read_safetensors

            return read_safetensors(content)
        weights: Mapping[str, Tensor] = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, ValueError, EOFError) as error:
        raise WrongStateError("ENCODER_DAMAGED", f"{path} cannot be read as weights alone: {error}") from error
    return weights


def _settings(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """Read the shape of the network off its weights; kernels and dilations are those of the paper."""
    last = max(int(name.split(".")[1]) for name in weights if name.startswith("blocks."))
    first, pooled = weights["blocks.0.conv.conv.weight"], weights["mfa.conv.conv.weight"]
    branches = {name.split(".")[4] for name in weights if name.startswith("blocks.1.res2net_block.blocks.")}
    widths = [first.shape[0]] + [weights[f"blocks.{i}.tdnn2.conv.conv.weight"].shape[0] for i in range(1, last + 1)]
    return {
        "input_size": first.shape[1],
        "channels": [*widths, pooled.shape[0]],
        "kernel_sizes": [5, *[3] * last, 1],
        "dilations": [*range(1, last + 2), 1],
        "groups": [1] * (last + 2),
        "res2net_scale": len(branches) + 1,
        "se_channels": weights["blocks.1.se_block.conv1.conv.weight"].shape[0],
        "attention_channels": weights["asp.tdnn.conv.conv.weight"].shape[0],
        "lin_neurons": weights["fc.conv.weight"].shape[0],
    }
