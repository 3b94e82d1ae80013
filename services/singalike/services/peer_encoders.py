"""Other people's encoders in a Python of their own, for comparison: what they need must not be installed here."""

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from singalike.errors import UnavailableError

if TYPE_CHECKING:
    from singalike.embeddings.evaluation.bench import Peer

PEERS: Mapping[str, str] = {
    "Resemblyzer": """
import sys, warnings
warnings.simplefilter("ignore")
import numpy as np
from resemblyzer import VoiceEncoder, preprocess_wav
encoder = VoiceEncoder("cpu", verbose=False)
given = np.load(sys.argv[1])
pieces = np.split(given["samples"], given["ends"][:-1])
np.save(sys.argv[2], np.stack([encoder.embed_utterance(preprocess_wav(piece)) for piece in pieces]))
""",
}
"""By name a program that reads waveforms at 16 000 Hz from one file and writes utterance vectors, made as its README
makes them, to another."""


def open_peers(python: Path | None) -> "Mapping[str, Peer]":
    """Return the peers that a Python runs; None is none. Whether it can import them shows when they are asked."""
    if python is None:
        return {}
    return {name: partial(embed_by_peer, python, name) for name in PEERS}


def open_encoders(specs: Sequence[str], device: str) -> "Mapping[str, Peer]":
    """Load timbre encoders to stand beside the ear, by their names and versions.

    Args:
        specs: NAME or NAME:ARGUMENT each.
        device: Torch device, or "auto".

    Raises:
        SingalikeError: As `singalike.embeddings.ears.loading.load_encoder`.
    """
    if not specs:
        return {}
    from singalike.embeddings.ears.loading import load_encoder
    from singalike.embeddings.encoder import choose_device
    from singalike.embeddings.evaluation.other_ears import peer_of
    from singalike.services.adapters.hub import fetch_folder

    encoders = [load_encoder(spec, choose_device(device), fetch_folder) for spec in specs]
    return {encoder.info.tag: peer_of(encoder) for encoder in encoders}


def embed_by_peer(python: Path, name: str, waveforms: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Embed waveforms in another Python.

    Args:
        python: Its interpreter.
        name: One of `PEERS`.
        waveforms: float32 (samples,) at 16 000 Hz each.

    Returns:
        Unit rows, float32 (waveforms, dim).

    Raises:
        UnavailableError: PEER_FAILED, with the last line of what it said.
    """
    with tempfile.TemporaryDirectory(prefix="singalike-peer-") as folder:
        given, made = Path(folder, "waveforms.npz"), Path(folder, "vectors.npy")
        np.savez(given, samples=np.concatenate(waveforms), ends=np.cumsum([len(waveform) for waveform in waveforms]))
        command = [str(python), "-c", PEERS[name], str(given), str(made)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - the Python that was named
        except (subprocess.CalledProcessError, OSError) as error:
            said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1]
            message = f"{python} cannot run {name} ({said}): install it there, or leave out --peer-python"
            raise UnavailableError("PEER_FAILED", message) from error
        vectors = np.load(made)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)
