"""Folders for tests that write to disk again and again."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IN_MEMORY = Path("/dev/shm")  # a mounted folder, not a file name that somebody could guess


@contextmanager
def quick_folder() -> Iterator[Path]:
    """Make a folder in memory where the system has one: every fsync on a busy disk costs a tenth of a second."""
    base = IN_MEMORY if IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=base, prefix="singalike-test-") as folder:
        yield Path(folder)
