"""The one way in which the project writes files: wholly or not at all, even when the power goes."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PART_SUFFIX = ".part"
"""Ends the names of files that are being written; what a killed process left of them may be deleted."""


def part_of(path: Path) -> Path:
    """Return a new name beside a file, hidden, for what will take its place."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{PART_SUFFIX}")


@contextmanager
def whole_file(path: Path, part: Path | None = None) -> Iterator[Path]:
    """Give a place to write to; what lies there when the block has ended takes the file's place in one step.

    When anything fails, what was there before stays, and nothing is left beside it.

    Args:
        path: Where the file goes; its folder is there.
        part: Where it is written meanwhile, on the same disk, by nobody else; None: under a new name beside it.

    Raises:
        OSError: As the system says it.
    """
    aside = part or part_of(path)
    try:
        yield aside
        put_in_place(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def put_in_place(part: Path, path: Path) -> None:
    """Bring a file to the disk, and have it take the place of another in one step; raises OSError."""
    sync_to_disk(part)
    part.replace(path)
    sync_to_disk(path.parent)


def sync_to_disk(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk itself; raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
