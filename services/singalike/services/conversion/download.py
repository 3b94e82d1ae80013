"""Use case: give out a finished song, piece by piece."""

import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from singalike.errors import FieldViolation, InvalidInputError, NotFoundError, UnavailableError
from singalike.services.conversion.conversions import check_finished
from singalike.services.conversion_ports import ConversionFolder, ConversionStore
from singalike.services.conversion_records import ConvertedSong

CHUNK_BYTES = 256 * 2**10


class OpenSong:
    """A finished song that is being read; close it after use.

    Args:
        song: What is known of it.
        file: Its file, which stands where reading begins.
    """

    def __init__(self, song: ConvertedSong, file: BinaryIO) -> None:
        self.song = song
        self._file = file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.close()

    def read(self) -> bytes:
        """Return the next 256 KiB; empty at the end.

        Raises:
            NotFoundError: CONVERSION_NOT_FOUND, it was erased meanwhile: what is erased does not go out any more,
                though an open file could still be read.
            UnavailableError: SONG_NOT_READABLE.
        """
        try:
            if os.fstat(self._file.fileno()).st_nlink == 0:
                raise NotFoundError("CONVERSION_NOT_FOUND", "the song was erased while it went out: convert it again")
            return self._file.read(CHUNK_BYTES)
        except OSError as error:
            raise _not_readable(error) from error


class Downloads:
    """Opens finished songs.

    Args:
        conversions: Knows which are finished.
        folder: Holds their files.
    """

    def __init__(self, conversions: ConversionStore, folder: ConversionFolder) -> None:
        self._conversions = conversions
        self._folder = folder

    def open(self, tenant: str, conversion_id: str, offset: int = 0) -> OpenSong:
        """Open a song from a byte on.

        Raises:
            NotFoundError: CONVERSION_NOT_FOUND; SONG_NOT_FOUND.
            WrongStateError: CONVERSION_NOT_FINISHED; CONVERSION_CANCELLED; CONVERSION_FAILED.
            InvalidInputError: BAD_OFFSET.
            UnavailableError: SONG_NOT_READABLE.
        """
        conversion = self._conversions.get_conversion(conversion_id, tenant)
        check_finished(conversion)
        assert conversion.song is not None, "what has succeeded has a song"
        if offset > conversion.song.size_bytes:
            description = f"lies behind the end of the song, which has {conversion.song.size_bytes} bytes: begin at 0"
            raise InvalidInputError("BAD_OFFSET", f"offset {description}", (FieldViolation("offset", description),))
        file = _open(self._folder.find_song(conversion_id))
        file.seek(offset)
        return OpenSong(conversion.song, file)


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise NotFoundError("SONG_NOT_FOUND", "the song is being erased: ask for it again") from error
    except OSError as error:
        raise _not_readable(error) from error


def _not_readable(error: OSError) -> UnavailableError:
    return UnavailableError("SONG_NOT_READABLE", f"the song cannot be read ({error.strerror}): try again later")
