"""Where an engine leaves the pieces that it has finished: the port, and what serves without files."""

import hashlib
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]


class PieceStore(Protocol):
    """Arrays by name; an engine's names hold a digest of everything that decides their content."""

    def load(self, name: str) -> Arrays | None:
        """Return what was saved under a name, or None."""
        ...

    def save(self, name: str, arrays: Arrays) -> None:
        """Keep arrays under a name, wholly or not at all."""
        ...


class NoPieces:
    """Keeps nothing: every conversion starts at its beginning."""

    def load(self, name: str) -> None:
        """Return None."""

    def save(self, name: str, arrays: Arrays) -> None:
        """Forget the arrays."""


class PiecesInMemory:
    """Keeps pieces as long as the process lives."""

    def __init__(self) -> None:
        self.kept: dict[str, Arrays] = {}

    def load(self, name: str) -> Arrays | None:
        """Return what was saved under a name, or None."""
        return self.kept.get(name)

    def save(self, name: str, arrays: Arrays) -> None:
        """Keep arrays under a name."""
        self.kept[name] = dict(arrays)


def digest_of(*deciding: object) -> str:
    """Name everything that decides what comes out of an engine.

    Args:
        deciding: Arrays, and values whose `repr` tells all of them.

    Returns:
        32 hex digits.
    """
    digest = hashlib.sha256()
    for value in deciding:
        digest.update(np.ascontiguousarray(value).tobytes() if isinstance(value, np.ndarray) else repr(value).encode())
    return digest.hexdigest()[:32]
