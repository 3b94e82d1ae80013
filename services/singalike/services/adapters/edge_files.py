"""The files of an edge index: one owner, a state file that is never half written, and a digest of every other file.

A shard whose files were cut or flipped may load without an error and hold fewer points, or die of SIGBUS on a
memory-mapped page. So a shard is loaded only when each of its files is, byte for byte, what the state file lists.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from singalike.errors import CapacityError, UnavailableError, WrongStateError, noted
from singalike.whole_files import FULL_DISK, whole_file

FORMAT = 1
BLOCK = 2**16
DIGEST_SIZE = 16


@dataclass(frozen=True)
class EdgeState:
    """What the state file says.

    Attributes:
        shard: Name of the folder in force.
        timbre_dim, style_dim: Lengths of its vectors.
        revision, model_version: Up to where the catalogue has been followed, and for which ear.
        added, deleted: Points changed since the search graph was last built.
        files: Digest of each file of the shard by relative path.
    """

    shard: str
    timbre_dim: int
    style_dim: int
    revision: int = 0
    model_version: str = ""
    added: int = 0
    deleted: int = 0
    files: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def file_errors() -> Iterator[None]:
    """Turn the errors of the file system into ours: whoever follows the catalogue tries those again, and no others."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL_DISK:
            raise CapacityError("DISK_FULL", "the disk of the index is full: make room") from error
        message = "the files of the index cannot be used: try again"
        raise noted(UnavailableError("INDEX_FAILED", message), str(error)) from error


@file_errors()
def file_digests(folder: Path) -> dict[str, str]:
    """Digest all files below a folder, by relative path.

    Every file is read each time: writing through a memory map does not reliably change a file's time.
    """
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): _digest(path) for path in paths}


def _digest(path: Path) -> str:
    size = path.stat().st_size
    digest = hashlib.blake2b(str(size).encode(), digest_size=DIGEST_SIZE)
    with path.open("rb", buffering=0) as file:
        for offset, block in _written_blocks(file, size):
            digest.update(offset.to_bytes(8, "little"))
            digest.update(block)
    return digest.hexdigest()


def _written_blocks(file: IO[bytes], size: int) -> Iterator[tuple[int, bytes]]:
    """Yield the blocks that are not all zero; holes are skipped without being read, as 100 MB of a shard are holes."""
    offset = 0
    while offset < size:
        try:
            offset = os.lseek(file.fileno(), offset, os.SEEK_DATA) // BLOCK * BLOCK
        except OSError:  # ENXIO: only a hole is left
            return
        block = os.pread(file.fileno(), BLOCK, offset)
        if not block:
            return
        if block.count(0) != len(block):
            yield offset, block
        offset += BLOCK


@file_errors()
def lock_folder(folder: Path) -> IO[bytes]:
    """Become the only owner of a folder until the returned file is closed.

    Raises:
        WrongStateError: INDEX_LOCKED, another process owns it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = (folder / "lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise WrongStateError(
            "INDEX_LOCKED", f"another process owns the index in {folder}: ask the running server, or stop it first"
        ) from error
    return file


@file_errors()
def write_state(path: Path, state: EdgeState) -> None:
    """Replace the state file in one step, on disk when this returns."""
    body = {"format": FORMAT, **asdict(state), "files": dict(state.files)}
    with whole_file(path, path.with_suffix(".new")) as fresh:
        fresh.write_text(json.dumps({"body": body, "digest": _body_digest(body)}), "utf-8")


def read_state(path: Path) -> EdgeState:
    """Read the state file.

    Raises:
        WrongStateError: INDEX_DAMAGED, it is absent, altered or of another release.
    """
    try:
        document = json.loads(path.read_text("utf-8"))
        body = dict(document["body"])
        if document["digest"] != _body_digest(body) or body.pop("format") != FORMAT:
            raise damaged("its state file is not what was written")
        return EdgeState(**body)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise damaged("its state file cannot be read") from error


def damaged(what: str) -> WrongStateError:
    """Say what is wrong with an index; whoever follows the catalogue clears and rebuilds it."""
    return WrongStateError("INDEX_DAMAGED", f"the index is damaged, {what}: clear it, it is rebuilt from the catalogue")


@file_errors()
def copy_sparse(source: Path, target: Path) -> None:
    """Copy a folder without filling the holes of its files: shards reserve 100 MB that they do not use."""
    for path in sorted(source.rglob("*")):
        copy = target / path.relative_to(source)
        if path.is_dir():
            copy.mkdir(parents=True, exist_ok=True)
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        _copy_file(path, copy)


def _copy_file(source: Path, target: Path) -> None:
    with source.open("rb", buffering=0) as original, target.open("wb", buffering=0) as copy:
        size = os.fstat(original.fileno()).st_size
        copy.truncate(size)
        for offset, block in _written_blocks(original, size):
            os.pwrite(copy.fileno(), block, offset)


def _body_digest(body: Mapping[str, object]) -> str:
    return hashlib.blake2b(json.dumps(body, sort_keys=True).encode(), digest_size=DIGEST_SIZE).hexdigest()
