"""The singer encoders of ISMIR 2023 as they are published: TorchScript files that hear 44.1 kHz.

Source:
    Torres, Lattner and Richard 2023, Singer identity representation learning using self-supervised techniques,
    https://github.com/SonyCSLParis/ssl-singer-identity.
"""

import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from singalike.audio.sound import Waveform
from singalike.embeddings.ears.answers import embed_equal_lengths
from singalike.embeddings.ears.manifest import EarManifest, find_manifest, read_listed, read_manifest
from singalike.embeddings.ears.port import EncoderInfo, Fetch
from singalike.embeddings.profile import Vectors
from singalike.errors import InvalidInputError, WrongStateError

REPOSITORY = "BernardoTorres/singer-identity"
MODELS = ("byol", "contrastive", "contrastive-vc", "uniformity", "vicreg")
FILE, SAMPLE_RATE, DIM = "model.ts", 44_100, 1_000


@dataclass(frozen=True, eq=False)
class TorchScriptEncoder:
    """A TorchScript module from waveforms (batch, samples) to vectors (batch, dim).

    Attributes:
        manifest: What the module takes and gives.
        network: The module, in evaluation mode.
        device: Where it runs.
    """

    manifest: EarManifest
    network: torch.nn.Module
    device: str

    @property
    def info(self) -> EncoderInfo:
        """What the manifest says."""
        return self.manifest.info

    def embed(self, waveforms: Sequence[Waveform]) -> Vectors:
        """Embed stretches of voice, float32 (n, dim); see the port."""
        said = self.manifest
        return embed_equal_lengths(waveforms, said.sample_rate, said.dim, self._answer, said.at_once)

    def _answer(self, waveforms: NDArray[np.float32]) -> NDArray[np.floating]:
        with torch.inference_mode():
            answer: torch.Tensor = self.network(torch.from_numpy(waveforms).to(self.device))
            return answer.float().cpu().numpy()


def load(argument: str, device: str, fetch: Fetch) -> TorchScriptEncoder:
    """Load one of the published encoders, or any TorchScript file that a manifest describes.

    A TorchScript file is a program, so it is run only when its SHA-256 is the one that somebody vouches for: in the
    manifest, or behind a # in the argument.

    Args:
        argument: A file or folder with a manifest, or [OWNER/NAME/]MODEL[@REVISION]#SHA256 on a hub.
        device: Where torch computes.
        fetch: Brings the file from the hub.

    Raises:
        NotFoundError: ENCODER_NOT_FOUND.
        InvalidInputError: ENCODER_ARGUMENT_MISSING, BAD_ENCODER_MANIFEST.
        WrongStateError: ENCODER_DAMAGED, the digest differs or the file is no TorchScript.
    """
    if not argument:
        message = f"name a folder with a manifest, or MODEL#SHA256 with a model of {', '.join(MODELS)}"
        raise InvalidInputError("ENCODER_ARGUMENT_MISSING", message)
    if Path(argument).expanduser().exists():
        path = find_manifest(argument)
        manifest = read_manifest(path)
        return _load(path.parent / manifest.file, manifest, device)
    place, _, sha256 = argument.partition("#")
    place, _, revision = place.partition("@")
    repository, _, model = place.rpartition("/")
    folder = fetch((repository or REPOSITORY) + (f"@{revision}" if revision else ""), (f"{model}/{FILE}",))
    manifest = EarManifest(FILE, sha256, SAMPLE_RATE, DIM, f"ssl-singer-{model}", "MIT", "unknown")
    return _load(folder / model / FILE, manifest, device)


def _load(path: Path, manifest: EarManifest, device: str) -> TorchScriptEncoder:
    content = read_listed(path, manifest.sha256)
    try:
        with warnings.catch_warnings():
            # torch would rather have torch.export; what is published is TorchScript.
            warnings.simplefilter("ignore", DeprecationWarning)
            network = torch.jit.load(io.BytesIO(content), map_location=device)  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        raise WrongStateError("ENCODER_DAMAGED", f"{path} is no TorchScript file: {error}") from error
    network.eval()
    return TorchScriptEncoder(manifest, network, device)
