"""The files of conversions: pieces, finished songs, and vocals that all conversions of a song share.

stems/SONG-DIGEST.flac   a separated vocal; goes with the last conversion of its song
work/ID/NAME.safetensors pieces of a conversion at work
songs/ID/song.ogg        a finished song
"""

import hashlib
import re
import secrets
import shutil
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from singalike.audio.sound import Sound
from singalike.conversion.piece_store import Arrays
from singalike.errors import NotFoundError, UnavailableError
from singalike.services.adapters.private_files import (
    file_errors_mapped,
    make_folder,
    refuse_little_room,
    write_whole,
)
from singalike.services.adapters.vocal_files import quantised, read_vocal, restored, write_vocal
from singalike.services.conversion_refusals import conversion_not_found
from singalike.whole_files import PART_SUFFIX

ID = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
NAME = re.compile(r"[A-Za-z0-9_-]{1,150}", re.ASCII)
ERASED = ".erased-"
"""Begins the names of folders that are being erased: whoever still writes under the old name finds no folder."""

SUFFIX, VOCAL_SUFFIX = ".safetensors", ".flac"


class PieceFolder:
    """Pieces of one conversion, a file each; see `singalike.conversion.piece_store.PieceStore`.

    Args:
        folder: Where they lie; made by `ConversionFiles`.
        min_free_bytes: Pieces are refused when less is free.
    """

    def __init__(self, folder: Path, min_free_bytes: int = 0) -> None:
        self._folder = folder
        self._min_free_bytes = min_free_bytes

    def load(self, name: str) -> Arrays | None:
        """Return what was saved under a name, or None, also where the disk has damaged it."""
        with file_errors_mapped(self._folder):
            try:
                return load(self._path(name).read_bytes())
            except (FileNotFoundError, SafetensorError):
                return None

    def save(self, name: str, arrays: Arrays) -> None:
        """Keep arrays under a name, wholly or not at all.

        Raises:
            NotFoundError: CONVERSION_NOT_FOUND, the conversion was erased meanwhile.
            CapacityError: DISK_FULL.
            UnavailableError: FILES_UNAVAILABLE.
        """
        content = save({key: np.ascontiguousarray(array) for key, array in arrays.items()})
        try:
            write_whole(self._path(name), lambda part: part.write_bytes(content), self._min_free_bytes)
        except UnavailableError as error:
            if self._folder.is_dir():
                raise
            raise conversion_not_found(self._folder.name) from error

    def _path(self, name: str) -> Path:
        return self._folder / (_safe(name) + SUFFIX)


class ConversionFiles:
    """The folder of conversions; see `singalike.services.conversion_ports.ConversionFolder`.

    Several processes may use one folder at once; only its owner can look into it.

    Args:
        folder: Made when it is not there.
        min_free_disk_mb: Writes are refused when less is free on its disk, in MiB.

    Raises:
        CapacityError: DISK_FULL.
        UnavailableError: FILES_UNAVAILABLE.
    """

    def __init__(self, folder: Path, min_free_disk_mb: int = 0) -> None:
        self._min_free_bytes = min_free_disk_mb * 2**20
        self._stems, self._work, self._songs = (make_folder(folder / name) for name in ("stems", "work", "songs"))
        self._finish_erasing()

    def pieces(self, conversion_id: str) -> PieceFolder:
        """Return where a conversion keeps finished pieces."""
        return PieceFolder(make_folder(_of(self._work, conversion_id)), self._min_free_bytes)

    def song_path(self, conversion_id: str, suffix: str) -> Path:
        """Return where the finished song goes; its folder is there, and has room.

        Args:
            conversion_id: Whose.
            suffix: "ogg", with or without a dot.
        """
        folder = make_folder(_of(self._songs, conversion_id))
        refuse_little_room(folder, self._min_free_bytes)
        return folder / f"song.{suffix.lstrip('.')}"

    def find_song(self, conversion_id: str) -> Path:
        """Return the finished song; raises NotFoundError SONG_NOT_FOUND."""
        folder = _of(self._songs, conversion_id)
        with file_errors_mapped(folder):
            songs = sorted(path for path in folder.glob("song.*") if path.is_file())
        if not songs:
            raise NotFoundError("SONG_NOT_FOUND", "the song is not there: it was erased, or is not finished")
        return songs[0]

    def drop_pieces(self, conversion_id: str) -> None:
        """Erase what only the work needed, and what killed workers left beside the song."""
        self._erase(_of(self._work, conversion_id))
        with file_errors_mapped(self._songs):
            for part in _of(self._songs, conversion_id).glob(f".*{PART_SUFFIX}"):
                part.unlink(missing_ok=True)

    def erase(self, conversion_id: str) -> None:
        """Erase every file of a conversion; nothing where there is none."""
        self._erase(_of(self._work, conversion_id))
        self._erase(_of(self._songs, conversion_id))

    def conversion_ids(self) -> frozenset[str]:
        """Return the ids of all conversions that have files; erases what could only be taken out of the way before.

        Ask this before the store: what comes in between has a row.
        """
        self._finish_erasing()
        with file_errors_mapped(self._work):
            found = [*self._work.iterdir(), *self._songs.iterdir()]
        return frozenset(path.name for path in found if not path.name.startswith("."))

    def load_vocal(self, name: str) -> Sound | None:
        """Return a separated vocal by its name, or None, also where the disk has damaged it."""
        with file_errors_mapped(self._stems):
            try:
                return read_vocal(self._vocal_path(name))
            except (FileNotFoundError, ValueError):
                return None

    def save_vocal(self, name: str, vocal: Sound) -> Sound:
        """Keep a separated vocal for all who ask for the song; returns it as it will be loaded.

        Args:
            name: The song's content_sha256, "-", and a digest of what else decides the vocal.
            vocal: One or two channels.

        Raises:
            CapacityError: DISK_FULL.
            UnavailableError: FILES_UNAVAILABLE.
        """
        numbers, halvings = quantised(vocal)
        rate = vocal.sample_rate
        path = self._vocal_path(name)
        write_whole(path, lambda part: write_vocal(part, numbers, halvings, rate), self._min_free_bytes)
        return restored(numbers, halvings, vocal.sample_rate)

    def vocal_contents(self) -> frozenset[str]:
        """Return the digests of the songs whose vocals are kept; ask this before the store as well."""
        with file_errors_mapped(self._stems):
            return frozenset(_content_of(path) for path in self._stems.iterdir())

    def erase_vocals(self, content_sha256: str) -> None:
        """Erase all vocals of a song, and what killed workers left of them."""
        with file_errors_mapped(self._stems):
            for path in [each for each in self._stems.iterdir() if _content_of(each) == content_sha256]:
                path.unlink(missing_ok=True)

    def _vocal_path(self, name: str) -> Path:
        return self._stems / (_safe(name) + VOCAL_SUFFIX)

    def _erase(self, folder: Path) -> None:
        """Take a folder out of the way of those who may still write to it, then erase it."""
        aside = folder.with_name(ERASED + secrets.token_hex(8))
        with file_errors_mapped(folder.parent):
            try:
                folder.rename(aside)
            except FileNotFoundError:
                return
            shutil.rmtree(aside, ignore_errors=True)
            if aside.exists():  # not because another process was at it too
                shutil.rmtree(aside)

    def _finish_erasing(self) -> None:
        """Erase what somebody who was killed, or whose disk did not answer, had begun to."""
        for folder in (self._work, self._songs):
            for aside in folder.glob(f"{ERASED}*"):
                shutil.rmtree(aside, ignore_errors=True)  # another process may be at it too


def _of(folder: Path, conversion_id: str) -> Path:
    """Return a conversion's own folder; an id that none has is never made a path."""
    if not ID.fullmatch(conversion_id):
        raise conversion_not_found(conversion_id)
    return folder / conversion_id


def _safe(name: str) -> str:
    return name if NAME.fullmatch(name) else hashlib.sha256(name.encode()).hexdigest()


def _content_of(vocal: Path) -> str:
    return re.split(r"[-.]", vocal.name.lstrip("."), maxsplit=1)[0]
