"""The files of songs and their folders, for their owner only; foreign errors turned into ours."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from singalike.errors import CapacityError, UnavailableError, noted
from singalike.services.index_points import refuse_full_disk
from singalike.whole_files import is_full_disk, told_of_file_limit, whole_file

UNREACHABLE = "files of songs cannot be reached: see that their folder is there and can be written"


def make_folder(folder: Path) -> Path:
    """Make a folder that only its owner may look into, with those above it."""
    with file_errors_mapped(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def write_whole(path: Path, write: Callable[[Path], object], min_free_bytes: int = 0) -> None:
    """Write a file beside its place, bring it to the disk, and put it there in one step.

    Args:
        path: Where; its folder is there.
        write: Writes to the path that it is given.
        min_free_bytes: Refused when less is free.

    Raises:
        CapacityError: DISK_FULL.
        UnavailableError: FILES_UNAVAILABLE.
    """
    refuse_little_room(path.parent, min_free_bytes)
    with file_errors_mapped(path.parent), whole_file(path) as part:
        part.touch(mode=0o600)
        write(part)


def refuse_little_room(folder: Path, min_free_bytes: int) -> None:
    """Refuse to begin what would fill the disk; raises CapacityError DISK_FULL."""
    with file_errors_mapped(folder):
        free_bytes = shutil.disk_usage(folder).free
    try:
        refuse_full_disk(free_bytes, min_free_bytes, "the folder of songs")
    except CapacityError as error:
        noted(error, str(folder))
        raise


@contextmanager
def file_errors_mapped(folder: Path) -> Iterator[None]:
    """Turn the errors of the file system, and of libraries that hide them, into ours."""
    try:
        yield
    # libsndfile says a RuntimeError of its own, and soundfile an AssertionError, when a write came short.
    except (OSError, RuntimeError, AssertionError) as error:
        if is_full_disk(error, folder):
            message = "the disk of the songs is full: make room, and ask again"
            raise noted(CapacityError("DISK_FULL", message), f"{folder}: {error}") from error
        message = told_of_file_limit(error) or UNREACHABLE
        raise noted(UnavailableError("FILES_UNAVAILABLE", message), f"{folder}: {error}") from error
