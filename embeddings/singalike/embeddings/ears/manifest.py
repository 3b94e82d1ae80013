"""A small JSON beside a foreign model file: what the file cannot say of itself.

::

    {"file": "encoder.onnx", "sha256": "...", "name": "my-ear", "sample_rate": 16000, "dim": 192,
     "licence": "Apache-2.0", "weights_licence": "CC-BY-4.0", "input": "waveform"}

With `"input": "log-mel"` the keys `mel` (the fields of `MelSettings` but its rate), `layout` ("mels-frames" or
"frames-mels") and `subtract_mean` (of each band over time) say what the network hears.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from singalike.embeddings.ears.port import EncoderInfo
from singalike.embeddings.mel import MelSettings
from singalike.errors import InvalidInputError, NotFoundError, WrongStateError

FILE_NAME = "ear.json"
INPUTS = ("waveform", "log-mel")
LAYOUTS = ("mels-frames", "frames-mels")
DIGITS = 12
"""Digits of a SHA-256 that name a version: two files share them once in 10^14."""


@dataclass(frozen=True)
class EarManifest:
    """What a manifest says.

    Attributes:
        file: Name of the model file, in the manifest's folder.
        sha256: Of the file.
        sample_rate: Of the waveforms, in Hz.
        dim: Numbers in the answer.
        name: Name of the ear.
        licence: Of the code of the model.
        weights_licence: Of the weights.
        input: "waveform", (batch, samples), or "log-mel", (batch, mels, frames).
        output: Name of the output to take; empty for the first.
        mel: How the log-mel is made, None for waveforms.
        layout: "mels-frames" or "frames-mels".
        subtract_mean: Whether each band's mean over time is subtracted.
        at_once: Recordings that the model takes in one call; 0 for any number.
    """

    file: str
    sha256: str
    sample_rate: int
    dim: int
    name: str
    licence: str = "unknown"
    weights_licence: str = "unknown"
    input: str = "waveform"
    output: str = ""
    mel: MelSettings | None = None
    layout: str = "mels-frames"
    subtract_mean: bool = False
    at_once: int = 0

    @property
    def info(self) -> EncoderInfo:
        """What the port wants to know."""
        version = self.sha256[:DIGITS]
        return EncoderInfo(self.name, version, self.licence, self.weights_licence, self.sample_rate, self.dim)


def find_manifest(argument: str) -> Path:
    """Return the manifest of a model file (encoder.onnx.json or encoder.json), a folder, or itself.

    Raises:
        NotFoundError: ENCODER_NOT_FOUND.
    """
    path = Path(argument).expanduser()
    places = [path / FILE_NAME] if path.is_dir() else [Path(f"{path}.json"), path.with_suffix(".json")]
    found = next((place for place in places if place.is_file()), None)
    if not argument or found is None:
        message = f"no manifest {places[0]}: name a model file with a .json beside it, or a folder with {FILE_NAME}"
        raise NotFoundError("ENCODER_NOT_FOUND", message)
    return found


def read_manifest(path: Path) -> EarManifest:
    """Read and check a manifest.

    Raises:
        InvalidInputError: BAD_ENCODER_MANIFEST, naming what is wrong.
    """
    try:
        values = json.loads(path.read_text("utf-8"))
        return _manifest(values)
    except (OSError, ValueError, TypeError, InvalidInputError) as error:
        message = f"{path} does not describe an encoder: {error}. See docs/ears.md"
        raise InvalidInputError("BAD_ENCODER_MANIFEST", message) from error


def _manifest(values: Mapping[str, Any]) -> EarManifest:
    unknown = set(values) - {field.name for field in fields(EarManifest)}
    if unknown:
        raise ValueError(f"unknown keys {', '.join(sorted(unknown))}")
    given = dict(values)
    if mel := given.pop("mel", None):
        given["mel"] = MelSettings(sample_rate=int(values["sample_rate"]), **mel)
    manifest = EarManifest(**given)
    texts = (manifest.file, manifest.sha256, manifest.name, manifest.licence, manifest.weights_licence, manifest.output)
    numbers = (manifest.sample_rate, manifest.dim)
    if not all(isinstance(text, str) for text in texts) or not all(type(n) is int and n > 0 for n in numbers):
        raise ValueError("file, sha256, name, licences and output are texts, sample_rate and dim whole numbers above 0")
    if type(manifest.at_once) is not int or manifest.at_once < 0:
        raise ValueError("`at_once` is a whole number, 0 for any number of recordings")
    if Path(manifest.file).name != manifest.file:
        raise ValueError("`file` is a name in the manifest's own folder")
    if manifest.input not in INPUTS or manifest.layout not in LAYOUTS:
        raise ValueError(f"`input` is one of {', '.join(INPUTS)}, `layout` one of {', '.join(LAYOUTS)}")
    if (manifest.mel is None) != (manifest.input == "waveform"):
        raise ValueError("`mel` belongs to the input log-mel, and only to it")
    return manifest


def read_listed(path: Path, sha256: str) -> bytes:
    """Read a file whose digest is the listed one; the very bytes that were checked are returned.

    Raises:
        NotFoundError: ENCODER_NOT_FOUND.
        WrongStateError: ENCODER_DAMAGED, the digest differs.
    """
    content = read_bytes(path)
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256.lower():
        message = f"{path} has the SHA-256 {digest}, listed is {sha256 or 'none'}"
        raise WrongStateError("ENCODER_DAMAGED", f"{message}: fetch it again, or list this one if you trust it")
    return content


def read_bytes(path: Path) -> bytes:
    """Read a file of an encoder.

    Raises:
        NotFoundError: ENCODER_NOT_FOUND.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotFoundError("ENCODER_NOT_FOUND", f"{path} cannot be read: {error.strerror}") from error
