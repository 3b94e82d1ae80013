"""Uploads kept on disk while they come in: a slow caller costs no memory."""

import asyncio
import tempfile
import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Self

from singalike.errors import CapacityError, UnavailableError
from singalike.services.wire.tenants import calling_tenant
from singalike.whole_files import FULL_DISK

MAX_CHUNK_BYTES = 4 * 2**20

RETRY_S = 5.0
"""When to come back where others' uploads have to be done first."""


class SpoolRoom:
    """How much disk the uploads of a process may take together; on one event loop.

    Args:
        max_bytes: Of all that come in or wait at once.
        tenant_bytes: Of those of one tenant, so that others still get in; None: all of it.
    """

    def __init__(self, max_bytes: int, tenant_bytes: int | None = None) -> None:
        self._max_bytes = max_bytes
        self._tenant_bytes = max_bytes if tenant_bytes is None else tenant_bytes
        self._taken_by: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        """Bytes that are held now."""
        return self._taken_by.total()

    def take(self, size: int, tenant: str) -> None:
        """Hold some more bytes for a tenant; raises CapacityError UPLOADS_FULL."""
        if self.taken + size > self._max_bytes:
            message = f"uploads of {self._max_bytes / 2**20:g} MiB are coming in or wait already: try again later"
            raise CapacityError("UPLOADS_FULL", message, RETRY_S)
        if self._taken_by[tenant] + size > self._tenant_bytes:
            message = f"yours of {self._tenant_bytes / 2**20:g} MiB are coming in or wait already: try again later"
            raise CapacityError("UPLOADS_FULL", message, RETRY_S)
        self._taken_by[tenant] += size

    def give_back(self, size: int, tenant: str) -> None:
        """Let go of bytes of a tenant."""
        self._taken_by[tenant] -= size
        if not self._taken_by[tenant]:
            del self._taken_by[tenant]


@dataclass(frozen=True)
class UploadLimits:
    """How much of uploads is taken in.

    Attributes:
        max_bytes: Largest recording.
        room: What all uploads share.
    """

    max_bytes: int
    room: SpoolRoom


class Spool:
    """A file without a name that grows chunk by chunk; the disk forgets it when it is closed, or when we die.

    Args:
        max_bytes: Largest upload.
        room: Holds what is taken in until the file is closed, for the tenant whose call this is.

    Raises:
        CapacityError: DISK_FULL, UPLOADS_FULL, as from every method that writes.
        UnavailableError: SPOOL_UNAVAILABLE, as from every method.
    """

    def __init__(self, max_bytes: int, room: SpoolRoom) -> None:
        self._max_bytes = max_bytes
        self._room = room
        self._tenant = calling_tenant().name
        self._size = 0
        self._held = 0
        # Who leaves closes the file while a thread is still at it, and the file's number may be another's by then.
        self._in_use = threading.Lock()
        with _errors_mapped():
            self._file: IO[bytes] = tempfile.TemporaryFile(prefix="singalike-upload-", buffering=0)  # noqa: SIM115

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._room.give_back(self._held, self._tenant)
        self._held = 0
        with self._in_use:
            self._file.close()

    async def write_all(self, chunks: AsyncIterator[bytes]) -> None:
        """Take in all chunks; raises CapacityError TOO_LARGE as soon as they are too many."""
        async for chunk in chunks:
            await self.write(chunk)

    async def write(self, chunk: bytes) -> None:
        """Take in one chunk."""
        self._size += len(chunk)
        if self._size > self._max_bytes:
            raise too_large(self._max_bytes)
        self._room.take(len(chunk), self._tenant)
        self._held += len(chunk)
        await asyncio.to_thread(self._write, chunk)

    async def read(self) -> bytes:
        """Return the whole upload."""
        return await asyncio.to_thread(self.read_part, 0, self._size)

    @property
    def size(self) -> int:
        """Bytes taken in so far."""
        return self._size

    def read_part(self, start: int, size: int) -> bytes:
        """Return some bytes from a place on; blocks, so call it from a thread."""
        with self._in_use, _errors_mapped():
            self._file.seek(start)
            return self._file.read(size)

    def _write(self, chunk: bytes) -> None:
        view = memoryview(chunk)
        with self._in_use, _errors_mapped():
            while view:
                view = view[self._file.write(view) :]


def too_large(max_bytes: int) -> CapacityError:
    """Refuse an upload beyond this size."""
    return CapacityError("TOO_LARGE", f"more than {max_bytes / 2**20:g} MiB: send a compressed or shorter recording")


@contextmanager
def _errors_mapped() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL_DISK:
            message = "the disk that uploads wait on is full: try again later"
            raise CapacityError("DISK_FULL", message, RETRY_S) from error
        raise UnavailableError(
            "SPOOL_UNAVAILABLE", f"uploads cannot be kept while they come in: {error.strerror}"
        ) from error
