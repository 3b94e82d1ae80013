"""The one way in which the project writes files: wholly or not at all, even when the power goes."""

import errno
import os
import resource
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PART_SUFFIX = ".part"
"""Ends the names of files that are being written; what a killed process left of them may be deleted."""

FULL_DISK = frozenset({errno.ENOSPC, errno.EDQUOT})
"""What the system says where a disk, or its owner's share of it, is full."""

LEAST_FREE_BYTES = 1 << 20
"""What cannot be written where less is free has no room, whatever a library says of it."""


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
        OSError: As the system says it; EFBIG also where a library that writes by itself hides it.
    """
    aside = part or part_of(path)
    try:
        yield aside
        put_in_place(aside, path)
    except Exception as error:
        if aside.is_file() and aside.stat().st_size >= _largest_file_bytes():
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG)) from error
        raise
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


def is_full_disk(error: BaseException, folder: Path) -> bool:
    """Say whether a write failed because the disk of its folder is full, or its owner's share of it."""
    if isinstance(error, OSError) and error.errno in FULL_DISK:
        return True
    return folder.is_dir() and shutil.disk_usage(folder).free < LEAST_FREE_BYTES


def told_of_file_limit(error: BaseException) -> str:
    """Say what to do where no file so large may be written; nothing where a write failed for another reason."""
    if not isinstance(error, OSError) or error.errno != errno.EFBIG:
        return ""
    allowed_bytes = _largest_file_bytes()
    if allowed_bytes == float("inf"):
        return "the file system takes no file so large: use another one"
    return f"this process may write no file of more than {allowed_bytes} bytes: raise its limit (ulimit -f)"


def _largest_file_bytes() -> float:
    allowed_bytes = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return float("inf") if allowed_bytes == resource.RLIM_INFINITY else allowed_bytes
