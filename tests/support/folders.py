"""Folders for tests that write to disk again and again."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

IN_MEMORY = Path("/dev/shm")  # a mounted folder, not a file name that somebody could guess
ROOM_BYTES = 2**30
"""Containers often have 64 MiB there, which an index alone may fill."""


@contextmanager
def quick_folder() -> Iterator[Path]:
    """Make a folder in memory where the system has room there: every fsync on a busy disk costs a tenth of a second."""
    has_room = IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free >= ROOM_BYTES
    base = IN_MEMORY if has_room else None
    with tempfile.TemporaryDirectory(dir=base, prefix="singalike-test-") as folder:
        yield Path(folder)
