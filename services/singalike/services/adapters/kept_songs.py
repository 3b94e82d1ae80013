"""The sound of tracks that came over gRPC, kept in the data folder so that they can be converted."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from singalike.errors import NotFoundError
from singalike.services.adapters.private_files import file_errors_mapped, make_folder, write_whole
from singalike.services.conversion_ports import SongFiles
from singalike.services.conversion_records import SongFile


class KeptSongs:
    """Files by the digest of their bytes; each has its row before it is there, so what has no row may go.

    One keeps or sweeps after the other, over all processes: a sweep that looked for rows a moment ago would take the
    file of a song that has come again since.

    Args:
        folder: Made when the first song is kept; its files are for their owner only.
        song_files: Where the rows are.
        min_free_disk_mb: Songs are refused when less is free, in MiB.
    """

    def __init__(self, folder: Path, song_files: SongFiles, min_free_disk_mb: int = 0) -> None:
        self._folder = folder
        self._song_files = song_files
        self._min_free_bytes = min_free_disk_mb * 2**20

    def keep(self, audio: bytes, content_sha256: str, channel: str, *, a_cappella: bool) -> None:
        """Keep the song of a track; nothing of one that was erased meanwhile.

        Raises:
            CapacityError: DISK_FULL.
            UnavailableError: FILES_UNAVAILABLE.
        """
        path = make_folder(self._folder) / content_sha256
        with self._alone():
            if not self._song_files.add_track_file(SongFile(content_sha256, str(path), channel, a_cappella)):
                return
            if not path.is_file():
                write_whole(path, lambda part: part.write_bytes(audio), self._min_free_bytes)
            if not self._is_wanted(content_sha256):  # whoever erased the track may have swept before, or never does
                with file_errors_mapped(self._folder):
                    path.unlink(missing_ok=True)

    def sweep(self) -> None:
        """Erase what was kept of tracks that are no more."""
        if not self._folder.is_dir():
            return
        with self._alone():
            with file_errors_mapped(self._folder):
                there = list(self._folder.iterdir())
            known = self._song_files.song_paths()
            with file_errors_mapped(self._folder):
                for path in there:
                    if str(_meant(path)) not in known:
                        path.unlink(missing_ok=True)

    def _is_wanted(self, content_sha256: str) -> bool:
        try:
            return Path(self._song_files.find_song_file(content_sha256).path) == self._folder / content_sha256
        except NotFoundError:
            return False

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until no thread of any process keeps or sweeps; the lock goes with the process, however that ends."""
        with file_errors_mapped(self._folder):
            file = self._folder.with_suffix(".lock").open("ab")
            fcntl.flock(file, fcntl.LOCK_EX)
        with file:
            yield


def _meant(path: Path) -> Path:
    """Return under which name a file that is being written will stand."""
    return path.with_name(path.name.lstrip(".").split(".")[0])
