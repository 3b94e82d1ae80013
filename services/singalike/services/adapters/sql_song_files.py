"""Where the sound of songs lies, in the catalogue's database."""

import sqlalchemy as sa

from singalike.errors import NotFoundError
from singalike.services.adapters.sql_engine import Database
from singalike.services.adapters.sql_rows import mappings
from singalike.services.adapters.sql_schema import song_files, tracks
from singalike.services.conversion_records import SongFile


class SqlSongFiles:
    """Paths of songs by the digest of their bytes; see `singalike.services.conversion_ports.SongFiles`.

    Args:
        url: SQLAlchemy URL of the catalogue's database; brought to this release's schema when opened.
        min_free_disk_mb: Writes to SQLite are refused when less is free on its disk, in MiB.
    """

    def __init__(self, url: str, min_free_disk_mb: int = 0) -> None:
        self._database = Database(url, min_free_disk_mb)

    def add_song_file(self, file: SongFile) -> None:
        """Remember where a song lies; the last word counts.

        Raises:
            CapacityError: DISK_FULL.
        """
        if self._find(file.content_sha256) == file:
            return  # an ingest that is started again says the same of thousands
        with self._database.write() as connection:
            _put(connection, file)

    def add_track_file(self, file: SongFile) -> bool:
        """Remember where a track lies, if it is in the catalogue; see the port.

        Raises:
            CapacityError: DISK_FULL.
        """
        of_track = sa.select(tracks.c.track_id).where(tracks.c.content_sha256 == file.content_sha256)
        with self._database.write() as connection:
            there = connection.execute(of_track).first() is not None
            if there:
                _put(connection, file)
        return there

    def find_song_file(self, content_sha256: str) -> SongFile:
        """Return where a song lies; raises NotFoundError SONG_SOUND_NOT_FOUND."""
        found = self._find(content_sha256)
        if found is None:
            raise NotFoundError(
                "SONG_SOUND_NOT_FOUND",
                "nobody knows where the sound of this song lies: take it in again with `singalike ingest`, or send it "
                "with SINGALIKE_KEEP_SONGS=true",
            )
        return found

    def song_paths(self) -> frozenset[str]:
        """Return all paths: what was kept for the catalogue and is not among them may go."""
        with self._database.read() as connection:
            return frozenset(connection.execute(sa.select(song_files.c.path)).scalars())

    def close(self) -> None:
        """Let go of files and connections."""
        self._database.close()

    def _find(self, content_sha256: str) -> SongFile | None:
        query = sa.select(song_files).where(song_files.c.content_sha256 == content_sha256)
        with self._database.read() as connection:
            for row in mappings(connection, query):
                return SongFile(content_sha256, row["path"], row["channel"], bool(row["a_cappella"]))
        return None


def _put(connection: sa.Connection, file: SongFile) -> None:
    same = song_files.c.content_sha256 == file.content_sha256
    said = {"path": file.path, "channel": file.channel, "a_cappella": int(file.a_cappella)}
    if not connection.execute(sa.update(song_files).where(same).values(**said)).rowcount:
        connection.execute(sa.insert(song_files).values(content_sha256=file.content_sha256, **said))
