"""A finished song on its way into a file: it appears under its name when it is whole, and what it should be."""

import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from singalike.client.conversion_converters import read_song
from singalike.client.conversion_records import ConvertedSong
from singalike.errors import InvalidInputError, UnavailableError
from singalike.v1 import conversion_service_pb2 as pb

PART_SUFFIX = ".part"


class SongFile:
    """Writes a download beside its place, then moves it there in one step; what is not whole is erased.

    Args:
        path: Where the song goes; what is there is replaced.

    Raises:
        InvalidInputError: NOT_WRITABLE, as from every method that writes.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._part = self._path.with_name(f".{self._path.name}.{os.getpid()}{PART_SUFFIX}")
        self._digest = hashlib.sha256()
        self._song: ConvertedSong | None = None
        self._sha256 = ""
        self.size = 0
        try:
            self._file = self._part.open("wb")
        except OSError as error:
            raise self._not_writable(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)

    def take(self, part: pb.DownloadConversionResponse) -> None:
        """Take in one part of the download."""
        match part.WhichOneof("part"):
            case "song":
                self._song = read_song(part.song)
            case "chunk":
                self._write(part.chunk)
            case "sha256":
                self._sha256 = part.sha256

    def finish(self) -> ConvertedSong:
        """Put the song in its place.

        Raises:
            UnavailableError: STREAM_BROKEN, the server ended before the song did; DOWNLOAD_DAMAGED, it is not what the
                server says it is.
        """
        if self._song is None or not self._sha256:
            raise UnavailableError("STREAM_BROKEN", "the server stopped before the song was whole: download it again")
        if self._digest.hexdigest() != self._sha256:
            raise UnavailableError("DOWNLOAD_DAMAGED", "the song came damaged: download it again")
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._part.replace(self._path)
        except OSError as error:
            raise self._not_writable(error) from error
        return self._song

    def _write(self, chunk: bytes) -> None:
        try:
            self._file.write(chunk)
        except OSError as error:
            raise self._not_writable(error) from error
        self._digest.update(chunk)
        self.size += len(chunk)

    def _not_writable(self, error: OSError) -> InvalidInputError:
        return InvalidInputError("NOT_WRITABLE", f"{self._path} cannot be written: {error.strerror}")
