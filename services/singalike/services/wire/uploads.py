"""Uploads kept on disk while they come in: a slow caller costs no memory."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from types import TracebackType
from typing import IO, Self

from singalike.errors import CapacityError

MAX_CHUNK_BYTES = 4 * 2**20


class Spool:
    """A file without a name that grows chunk by chunk; the disk forgets it when it is closed, or when we die.

    Args:
        max_bytes: Largest upload.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._size = 0
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="singalike-upload-")  # noqa: SIM115  closed in __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    async def write_all(self, chunks: AsyncIterator[bytes]) -> None:
        """Take in all chunks; raises CapacityError TOO_LARGE as soon as they are too many."""
        async for chunk in chunks:
            await self.write(chunk)

    async def write(self, chunk: bytes) -> None:
        """Take in one chunk."""
        self._size += len(chunk)
        if self._size > self._max_bytes:
            limit_mb = self._max_bytes / 2**20
            raise CapacityError("TOO_LARGE", f"more than {limit_mb:g} MiB: send a compressed or shorter recording")
        await asyncio.to_thread(self._file.write, chunk)

    async def read(self) -> bytes:
        """Return the whole upload."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> bytes:
        self._file.seek(0)
        return self._file.read()
