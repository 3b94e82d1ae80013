"""Vectors of earlier runs on disk, so that a second run is quick and a broken one goes on where it was."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class VectorCache:
    """Tables of arrays, each keyed by the content of recordings.

    Attributes:
        folder: Where tables lie; None keeps nothing.
    """

    folder: Path | None = None

    def load(self, table: str) -> dict[str, NDArray[np.float32]]:
        """Read a table, empty when absent or damaged: what is lost is only time."""
        if self.folder is None:
            return {}
        try:
            with np.load(self._file(table), allow_pickle=False) as arrays:
                keys, shapes, numbers = arrays["keys"], arrays["shapes"], arrays["numbers"]
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return {}
        ends = np.cumsum(shapes.prod(axis=1))
        pieces = np.split(numbers, ends[:-1])
        return {str(key): piece.reshape(shape) for key, piece, shape in zip(keys, pieces, shapes, strict=True)}

    def save(self, table: str, entries: Arrays) -> None:
        """Write a table whole: it is the old one or the new one, whatever happens meanwhile.

        Args:
            table: Name, any characters.
            entries: float32 arrays of one number of axes, not empty.
        """
        if self.folder is None or not entries:
            return
        file = self._file(table)
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".part")
        with unfinished.open("wb") as stream:
            np.savez(
                stream,
                keys=np.array(list(entries)),
                shapes=np.array([array.shape for array in entries.values()]),
                numbers=np.concatenate([array.ravel() for array in entries.values()]).astype(np.float32),
            )
        unfinished.replace(file)

    def _file(self, table: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{re.sub(r'[^A-Za-z0-9.+-]+', '_', table)}.npz"
