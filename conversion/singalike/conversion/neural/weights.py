"""The weights of an engine: a folder with a manifest that lists every file, its SHA-256 and its licence.

::

    {"content": {"source": "microsoft/wavlm-large@REVISION", "file": "pytorch_model.bin", "sha256": "...",
                 "licence": "CC-BY-SA-3.0", "settings": {"layer": 6}},
     "renderer": {"source": "renderer", "file": "model.safetensors", "sha256": "...", "licence": "Apache-2.0"}}

A source is a folder, relative to the manifest's, or a repository on a hub. Only files with the listed digest are read.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from singalike.embeddings.ears.port import Fetch
from singalike.errors import InvalidInputError, NotFoundError, WrongStateError, noted

MANIFEST = "weights.json"
DIGITS = 12
"""Digits of a SHA-256 that name a version: two sets of weights share them once in 10^14."""


@dataclass(frozen=True)
class WeightsPart:
    """One file of weights.

    Attributes:
        source: Folder, or "owner/name@revision" on a hub.
        file: Name of the file in it.
        sha256: Of the file, hex digits.
        licence: Of the weights.
        settings: How the engine shall use them, JSON values.
    """

    source: str
    sha256: str
    file: str = "model.safetensors"
    licence: str = "unknown"
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        texts = (self.source, self.file, self.licence)
        if not all(isinstance(text, str) and text for text in texts) or not isinstance(self.settings, dict):
            raise ValueError("`source`, `file` and `licence` are texts, `settings` is an object")
        if not isinstance(self.sha256, str) or not re.fullmatch("[0-9a-fA-F]{64}", self.sha256):
            raise ValueError(f"`sha256` of {self.file} is not 64 hex digits")


@dataclass(frozen=True)
class Weights:
    """What a manifest lists.

    Attributes:
        folder: Of the manifest.
        parts: By name.
        fetch: Brings files of a hub.
    """

    folder: Path
    parts: Mapping[str, WeightsPart]
    fetch: Fetch

    @property
    def tag(self) -> str:
        """First digits of a digest of all weights and how they are used: voices of two tags never mix."""
        said = [(name, part.sha256.lower(), dict(part.settings)) for name, part in sorted(self.parts.items())]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:DIGITS]

    @property
    def licence(self) -> str:
        """The licences of all parts, each once."""
        return ", ".join(dict.fromkeys(part.licence for part in self.parts.values()))

    def find(self, name: str, *beside: str) -> Path:
        """Return the folder of a part, fetched where it lies on a hub.

        Args:
            name: Of the part.
            beside: Names of further files that are wanted from there.

        Raises:
            WrongStateError: ENGINE_WEIGHTS_MISSING, saying what to put where.
            UnavailableError: HUB_UNAVAILABLE.
        """
        part, manifest = self.parts[name], self.folder / MANIFEST
        wanted = (part.file, *beside)
        folder = self.folder / Path(part.source).expanduser()
        if not folder.is_dir():
            try:
                folder = self.fetch(part.source, wanted)
            except (InvalidInputError, NotFoundError) as error:
                message = f"the `source` of {name} in {MANIFEST} is no folder and cannot be fetched: correct it"
                missing = WrongStateError("ENGINE_WEIGHTS_MISSING", message)
                raise noted(missing, f"{manifest}: {error.message}") from error
        lacking = [file for file in wanted if not (folder / file).is_file()]
        if lacking:
            message = f"the folder of {name} lacks {', '.join(lacking)}: put it there, or correct {MANIFEST}"
            raise noted(WrongStateError("ENGINE_WEIGHTS_MISSING", message), f"{folder}, listed in {manifest}")
        return folder

    def checked(self, name: str) -> Path:
        """Return the file of a part after its digest was compared with the listed one.

        Raises:
            WrongStateError: ENGINE_WEIGHTS_MISSING; WEIGHTS_DAMAGED, the digest is not the listed one.
            UnavailableError: HUB_UNAVAILABLE.
        """
        part = self.parts[name]
        path = self.find(name) / part.file
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != part.sha256.lower():
            message = f"{part.file} has the SHA-256 {digest}, {MANIFEST} lists {part.sha256}: fetch it again"
            raise noted(WrongStateError("WEIGHTS_DAMAGED", message), str(path))
        return path


def open_weights(
    engine: str, folder: Path | None, fetch: Fetch, needed: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Weights:
    """Read the manifest of an engine's weights.

    Args:
        engine: Its name.
        folder: Where the weights lie; None: nobody named one.
        fetch: Brings files of a hub.
        needed: Parts that the manifest must list.
        optional: Parts that it may list.

    Raises:
        WrongStateError: ENGINE_WEIGHTS_MISSING, there is no manifest; BAD_WEIGHTS_MANIFEST.
    """
    if folder is None or not (folder / MANIFEST).is_file():
        place = f"SINGALIKE_ENGINE_WEIGHTS/{engine}"
        message = f"{engine} needs weights: put {MANIFEST} that lists {' and '.join(needed)} into {place}"
        missing = WrongStateError("ENGINE_WEIGHTS_MISSING", f"{message} (docs/conversion.md, Engines)")
        raise missing if folder is None else noted(missing, str(folder))
    path = folder / MANIFEST
    try:
        parts = _parts(json.loads(path.read_text("utf-8")), needed, optional)
    except OSError as error:
        message = f"{MANIFEST} of {engine} cannot be read: see that it belongs to the service"
        raise noted(WrongStateError("BAD_WEIGHTS_MANIFEST", message), str(error)) from error
    except (ValueError, TypeError) as error:
        message = f"{MANIFEST} of {engine} does not list weights: {error} (docs/conversion.md, Engines)"
        raise noted(WrongStateError("BAD_WEIGHTS_MANIFEST", message), str(path)) from error
    return Weights(folder, parts, fetch)


def _parts(listed: Any, needed: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, WeightsPart]:
    if not isinstance(listed, dict) or not set(needed) <= set(listed) <= set(needed + optional):
        raise ValueError(f"it has to list {', '.join(needed)}" + "".join(f", may list {name}" for name in optional))
    return {name: WeightsPart(**part) for name, part in listed.items()}


def setting(part: WeightsPart, name: str, default: Any, fits: Callable[[Any], bool]) -> Any:
    """Return one of a part's settings.

    Raises:
        WrongStateError: BAD_WEIGHTS_MANIFEST, it is of another type or out of range.
    """
    value = part.settings.get(name, default)
    if type(value) is not type(default) or not fits(value):
        message = f"the setting `{name}` of {part.file} cannot be {value!r}: correct {MANIFEST}"
        raise WrongStateError("BAD_WEIGHTS_MANIFEST", message)
    return value
