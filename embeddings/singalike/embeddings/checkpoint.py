"""Weights on disk: safetensors beside a JSON of their settings, each with a listed SHA-256."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from singalike.errors import NotFoundError, WrongStateError

SHIPPED = Path(__file__).parent / "checkpoints"
"""The checkpoints inside the package."""

LISTING = "sha256.json"


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The numbers of one model.

    Attributes:
        name: "timbre", "style", "melody", "voice_gender".
        tensors: Arrays by name.
        config: The preset that the model is built from, JSON values only.
        sha256: Of the weights file, part of the model version.
    """

    name: str
    tensors: Mapping[str, NDArray[Any]]
    config: Mapping[str, Any]
    sha256: str


def load_checkpoint(name: str, folder: Path = SHIPPED) -> Checkpoint:
    """Load weights whose digest is the listed one.

    Args:
        name: Name without suffix.
        folder: Where `NAME.safetensors`, `NAME.json` and `sha256.json` lie.

    Raises:
        NotFoundError: CHECKPOINT_NOT_FOUND, a file is absent.
        WrongStateError: CHECKPOINT_DAMAGED, the digest differs from the listed one.
    """
    try:
        weights = (folder / f"{name}.safetensors").read_bytes()
        config = json.loads((folder / f"{name}.json").read_text("utf-8"))
        listed = json.loads((folder / LISTING).read_text("utf-8"))
    except FileNotFoundError as error:
        raise NotFoundError(
            "CHECKPOINT_NOT_FOUND", f"no checkpoint {name!r} in {folder}: reinstall, or train one"
        ) from error
    digest = hashlib.sha256(weights).hexdigest()
    if listed.get(name) != digest:
        raise WrongStateError("CHECKPOINT_DAMAGED", f"{name}.safetensors in {folder} is not the listed file: reinstall")
    return Checkpoint(name, load(weights), config, digest)


def save_checkpoint(
    name: str, tensors: Mapping[str, NDArray[Any]], config: Mapping[str, Any], folder: Path
) -> Checkpoint:
    """Write weights, settings and digest; the listing comes last, so a torn write is noticed at load.

    Args:
        name: Name without suffix.
        tensors: Arrays by name.
        config: JSON values only.
        folder: Created when absent.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = save({key: np.ascontiguousarray(value) for key, value in tensors.items()})
    digest = hashlib.sha256(weights).hexdigest()
    (folder / f"{name}.safetensors").write_bytes(weights)
    (folder / f"{name}.json").write_text(json.dumps(dict(config), indent=2, sort_keys=True) + "\n", "utf-8")
    listing = folder / LISTING
    listed = json.loads(listing.read_text("utf-8")) if listing.exists() else {}
    listing.write_text(json.dumps({**listed, name: digest}, indent=2, sort_keys=True) + "\n", "utf-8")
    return Checkpoint(name, dict(tensors), config, digest)
