"""Everything that jobs need, on real stores, with files that are names only and a performing that a test directs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from singalike.audio.sound import Sound
from singalike.conversion.piece_store import PiecesInMemory
from singalike.errors import NotFoundError
from singalike.services.adapters.memory_jobs import MemoryJobs
from singalike.services.conversion.parts import ConversionParts
from singalike.services.conversion.worker import Check, ConversionWorker, WorkerParts
from singalike.services.conversion_records import (
    ConvertedSong,
    JobState,
    Priority,
    StoredConversion,
    Tenant,
)
from tests.support.conversion_stores import SONG, TENANT, ConversionStores, add_target, fresh_stores, order


@dataclass
class NamedFiles:
    """A folder of which only the names are kept."""

    songs: set[str] = field(default_factory=set)
    pieces_of: set[str] = field(default_factory=set)
    vocals_of: set[str] = field(default_factory=set)

    def pieces(self, conversion_id: str) -> PiecesInMemory:
        self.pieces_of.add(conversion_id)
        return PiecesInMemory()

    def song_path(self, conversion_id: str, suffix: str) -> Path:
        self.songs.add(conversion_id)
        return Path(f"{conversion_id}.{suffix}")

    def find_song(self, conversion_id: str) -> Path:
        if conversion_id not in self.songs:
            raise NotFoundError("SONG_NOT_FOUND", f"there is no song of {conversion_id}")
        return Path(conversion_id)

    def drop_pieces(self, conversion_id: str) -> None:
        self.pieces_of.discard(conversion_id)

    def erase(self, conversion_id: str) -> None:
        self.drop_pieces(conversion_id)
        self.songs.discard(conversion_id)

    def conversion_ids(self) -> frozenset[str]:
        return frozenset(self.songs | self.pieces_of)

    def load_vocal(self, _name: str) -> Sound | None:
        return None

    def save_vocal(self, _name: str, vocal: Sound) -> Sound:
        return vocal

    def vocal_contents(self) -> frozenset[str]:
        return frozenset(self.vocals_of)

    def erase_vocals(self, content_sha256: str) -> None:
        self.vocals_of.discard(content_sha256)


@dataclass
class JobsBench:
    """A conversion service without sound.

    Attributes:
        stores: The real stores.
        jobs, files: Twins in memory.
        voice_id: A voice that songs may be sung with.
    """

    stores: ConversionStores
    jobs: MemoryJobs
    files: NamedFiles
    voice_id: str

    @property
    def parts(self) -> ConversionParts:
        """As servers and workers share them."""
        return ConversionParts(
            self.stores.targets, self.stores.conversions, self.stores.executors, self.jobs, self.files
        )

    def ask(self, song: int = 1, priority: Priority = Priority.NORMAL, tenant: Tenant = TENANT) -> str:
        """Create a conversion and its job; returns the id."""
        stored = self.stores.conversions.add_conversion(tenant, order(self.voice_id, song, priority=priority))
        self.jobs.enqueue(stored.conversion_id, stored.tenant, stored.order.priority, stored.number)
        return stored.conversion_id

    def take(self, executor_id: str) -> str:
        """Have a worker begin the next conversion and die of it, or hang; returns the id."""
        conversion_id = self.jobs.take(executor_id)
        assert conversion_id is not None
        self.stores.conversions.start(conversion_id, executor_id)
        self.files.pieces(conversion_id)
        return conversion_id

    def find(self, conversion_id: str) -> StoredConversion:
        return self.stores.conversions.get_conversion(conversion_id)

    def job(self, conversion_id: str) -> JobState | None:
        return next((job.state for job in self.jobs.jobs() if job.conversion_id == conversion_id), None)


@contextmanager
def jobs_bench() -> Iterator[JobsBench]:
    """Set everything up on an empty database."""
    with fresh_stores() as stores:
        yield JobsBench(stores, MemoryJobs(), NamedFiles(), add_target(stores).voice_id)


def worker_of(
    bench: JobsBench,
    perform: Callable[[StoredConversion, Check], ConvertedSong],
    executor_id: str = "worker-1",
    lost: Callable[[], None] = lambda: None,
) -> ConversionWorker:
    """A worker that waits for nothing for long."""
    parts = WorkerParts(
        bench.stores.conversions,
        bench.jobs,
        bench.files,
        perform,
        most_running=lambda _tenant: 2,
        pauses_s=(0.0, 0.0),
        store_pauses_s=(0.0,),
        watch_s=0.005,
    )
    return ConversionWorker(parts, executor_id, lost)


def sing(bench: JobsBench) -> Callable[[StoredConversion, Check], ConvertedSong]:
    """Perform as it should be: files, and the facts of a song."""

    def perform(conversion: StoredConversion, check: Check) -> ConvertedSong:
        check()
        bench.files.pieces(conversion.conversion_id)
        bench.files.song_path(conversion.conversion_id, "flac")
        return SONG

    return perform
