"""A finished song on its way into a file: it appears under its name when it is whole and what it should be."""

import hashlib
from pathlib import Path
from types import TracebackType
from typing import Self

from singalike.client.conversion_converters import read_song
from singalike.client.conversion_records import ConvertedSong
from singalike.errors import InvalidInputError, UnavailableError
from singalike.v1 import conversion_service_pb2 as pb
from singalike.whole_files import part_of, put_in_place


class SongFile:
    """Writes a song beside its place, then moves it there in one step; what is not whole is erased.

    Args:
        path: Where the song goes; what is there is replaced.

    Raises:
        InvalidInputError: NOT_WRITABLE, as from every method that writes.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._part = part_of(self._path)
        self._digest = hashlib.sha256()
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

    def write(self, chunk: bytes) -> None:
        """Take in the next bytes."""
        try:
            self._file.write(chunk)
        except OSError as error:
            raise self._not_writable(error) from error
        self._digest.update(chunk)
        self.size += len(chunk)

    def finish(self, sha256: str) -> None:
        """Put the song in its place.

        Args:
            sha256: What its digest must be, in hex digits.

        Raises:
            UnavailableError: DOWNLOAD_DAMAGED, it is another.
        """
        if self._digest.hexdigest() != sha256:
            raise UnavailableError("DOWNLOAD_DAMAGED", "the song came damaged: fetch it again")
        try:
            self._file.flush()
            put_in_place(self._part, self._path)
        except OSError as error:
            raise self._not_writable(error) from error

    def _not_writable(self, error: OSError) -> InvalidInputError:
        return InvalidInputError("NOT_WRITABLE", f"{self._path} cannot be written: {error.strerror}")


class Download(SongFile):
    """A song that comes over gRPC."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(path)
        self._song: ConvertedSong | None = None
        self._sha256 = ""

    def take(self, part: pb.DownloadConversionResponse) -> None:
        """Take in one part of the download."""
        match part.WhichOneof("part"):
            case "song":
                self._song = read_song(part.song)
            case "chunk":
                self.write(part.chunk)
            case "sha256":
                self._sha256 = part.sha256

    def end(self) -> ConvertedSong:
        """Put the song in its place; raises UnavailableError as `finish`, or STREAM_BROKEN when it is not whole."""
        if self._song is None or not self._sha256:
            raise UnavailableError("STREAM_BROKEN", "the server stopped before the song was whole: download it again")
        self.finish(self._sha256)
        return self._song
