"""Generated clips on disk, within a budget: what was not read for longest goes first.

A clip is named by what makes it, so the same preset, seed and name find it again and any change of them does not. Files
appear whole (written aside, then renamed), so several processes may read, write and tidy one folder at a time; at worst
a clip is made twice.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from singalike.errors import InvalidInputError

Clips = NDArray[Any]

_TIDY_SHARE = 0.05
"""Share of the budget written by one process before it looks at the folder again."""

_KEPT_SHARE = 0.9
"""Share of the budget left after tidying, so that not every further clip tidies again."""


def clip_key(seed: int, name: str, preset: Mapping[str, Any]) -> str:
    """Name a clip by what makes it: 64 hexadecimal digits.

    Args:
        seed: Of all chance.
        name: Which clip, for instance singer and number.
        preset: All settings of the generator, JSON values only.
    """
    text = json.dumps([seed, name, preset], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class ClipCache:
    """A folder of arrays that never outgrows its budget by more than a twentieth for each writer.

    Args:
        folder: Created when absent; holds nothing else.
        budget_bytes: Size on disk to stay under.

    Raises:
        InvalidInputError: CACHE_BUDGET_WRONG, the budget is not above zero.
    """

    def __init__(self, folder: Path, budget_bytes: int) -> None:
        if budget_bytes <= 0:
            raise InvalidInputError("CACHE_BUDGET_WRONG", f"{budget_bytes} bytes is no budget: give more than zero")
        self.folder = folder
        self.budget_bytes = budget_bytes
        # The first write tidies: an earlier run may have had a larger budget.
        self._unseen_bytes = budget_bytes
        folder.mkdir(parents=True, exist_ok=True)

    def get_or_make(self, key: str, make: Callable[[], Clips]) -> Clips:
        """Return the clip of a key, made and kept when it is not there; the same numbers either way."""
        kept = self.get(key)
        if kept is None:
            kept = make()
            self.put(key, kept)
        return kept

    def get(self, key: str) -> Clips | None:
        """Read a clip and mark it as used; None when it is absent or its file is damaged."""
        path = self._path(key)
        try:
            clip: Clips = np.load(path, allow_pickle=False)
            os.utime(path)
        except FileNotFoundError:
            return None
        except (ValueError, EOFError, OSError):
            path.unlink(missing_ok=True)
            return None
        return clip

    def put(self, key: str, clip: Clips) -> None:
        """Keep a clip; others see all of it or nothing."""
        path = self._path(key)
        path.parent.mkdir(exist_ok=True)
        handle, aside = tempfile.mkstemp(".unfinished", dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                np.save(file, clip, allow_pickle=False)
            self._unseen_bytes += Path(aside).stat().st_size
            Path(aside).replace(path)
        except FileNotFoundError:
            return  # Another process tidied it away before it had its name: the budget is smaller than what is in use.
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
        if self._unseen_bytes >= _TIDY_SHARE * self.budget_bytes:
            self._tidy()

    def size_bytes(self) -> int:
        """Return the bytes of all clips in the folder."""
        return sum(size for _, size, _ in self._files())

    def _tidy(self) -> None:
        """Remove what was not used for longest until the folder is under nine tenths of its budget, if it is over."""
        files = sorted(self._files())
        held = sum(size for _, size, _ in files)
        self._unseen_bytes = 0
        if held <= self.budget_bytes:
            return
        for _, size, path in files:
            path.unlink(missing_ok=True)
            held -= size
            if held <= _KEPT_SHARE * self.budget_bytes:
                return

    def _files(self) -> list[tuple[int, int, Path]]:
        """Last use, size and place of every clip and of what killed writers left; others may remove one meanwhile."""
        found = []
        for path in (*self.folder.glob("??/*.npy"), *self.folder.glob("*.unfinished")):
            with suppress(FileNotFoundError):
                status = path.stat()
                found.append((status.st_mtime_ns, status.st_size, path))
        return found

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.npy"
