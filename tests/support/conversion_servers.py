"""A conversion service in this process: engines that learn nothing, jobs in memory, and a worker that sings at once."""

import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from singalike.client import AsyncClient, TargetVoice
from singalike.client.rpc_errors import reading_rpc_errors
from singalike.conversion.engine import EngineInfo, VoiceEngine
from singalike.errors import InvalidInputError
from singalike.services import bootstrap
from singalike.services.adapters.memory_jobs import MemoryJobs
from singalike.services.conversion.parts import ConversionParts
from singalike.services.conversion_records import ConversionProgress, ConvertedSong, SongFile
from singalike.services.ports import Catalogue
from singalike.services.records import TrackInfo
from singalike.services.settings import Settings
from singalike.v1.conversion_service_pb2 import DownloadConversionRequest, DownloadConversionResponse
from tests.support.conversion_stores import ENGINE
from tests.support.enrolling import NoEngine
from tests.support.fake_ear import make_profile
from tests.support.recordings import encode, tone
from tests.support.servers import Running, running, use_fake_ear

STATEMENT = "You may sing with my voice."
TAKE = encode(tone(12.0, 16_000), 16_000, "mp3", "libmp3lame")
READING = encode(tone(6.0, 16_000), 16_000, "mp3", "libmp3lame")
WORKER = "worker-1"


class QuickEngines:
    """The default engine and another, neither of which takes any time."""

    names = (ENGINE, "other")

    def ready(self) -> tuple[EngineInfo, ...]:
        return tuple(NoEngine(name).info for name in self.names)

    def get(self, name: str = "") -> VoiceEngine:
        if name not in {"", *self.names}:
            raise InvalidInputError("ENGINE_UNKNOWN", f"no engine {name!r} is installed: choose another")
        return NoEngine(name or ENGINE)  # type: ignore[return-value]  # it never sings


@dataclass(frozen=True)
class Bench:
    """A service that runs, with what lies behind it.

    Attributes:
        servers: The servers and a client.
        settings: Of the servers.
        parts: Stores, jobs and files, the same that the service uses.
        catalogue: The truth about songs.
    """

    servers: Running
    settings: Settings
    parts: ConversionParts
    catalogue: Catalogue

    @property
    def client(self) -> AsyncClient:
        """A client of all services."""
        return self.servers.client

    def add_song(self, name: str = "A song", duration_s: float = 60.0) -> tuple[str, Path]:
        """Take a song in without listening to it; answers its id and where its file lies."""
        content = f"the sound of {name}".encode()
        digest = hashlib.sha256(content).hexdigest()
        path = self.settings.data_dir / f"{digest[:8]}.mp3"
        path.write_bytes(content)
        self.catalogue.add_track(TrackInfo("A singer", name), digest, duration_s, "identity", make_profile(5))
        songs = bootstrap.open_song_files(self.settings)
        songs.add_song_file(SongFile(digest, str(path)))
        songs.close()
        return digest[:20], path

    def sing(self, conversion_id: str, content: bytes, steps: Sequence[float] = (0.5,)) -> ConvertedSong:
        """Do what a worker does, with a song that is there already."""
        conversions, folder = self.parts.conversions, self.parts.folder
        conversions.start(conversion_id, WORKER)
        for share in steps:
            conversions.report(conversion_id, WORKER, ConversionProgress("converting", share, 1.0))
        folder.song_path(conversion_id, "ogg").write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        song = ConvertedSong(digest, len(content), 60.0, f"{ENGINE} 1", -2.0, -2.0, "identity")
        conversions.succeed(conversion_id, WORKER, song)
        return song

    async def download_stream(self, conversion_id: str, offset: int = 0) -> AsyncIterator[DownloadConversionResponse]:
        """Read the parts of a download as they come."""
        request = DownloadConversionRequest(conversion_id=conversion_id, offset=offset)
        with reading_rpc_errors():
            async for part in self.client._conversion.DownloadConversion(request, metadata=self.client._metadata):
                yield part


async def enrol(client: AsyncClient, takes: Sequence[bytes] = (TAKE,), **said: object) -> TargetVoice:
    """Enrol a voice as a caller would."""
    phrase = await client.create_consent_phrase()
    given = {"phrase_id": phrase.phrase_id, "subject": "mia", "statement": STATEMENT, **said}
    return await client.create_voice_profile(takes, READING, **given)  # type: ignore[arg-type]


@contextmanager
def quick_conversions() -> Iterator[pytest.MonkeyPatch]:
    """Let servers started in this block hear with the small ear, learn nothing and keep jobs in memory."""
    jobs = MemoryJobs()
    with pytest.MonkeyPatch.context() as patch:
        use_fake_ear(patch)
        patch.setattr(bootstrap, "build_engines", lambda settings: QuickEngines())
        patch.setattr(bootstrap, "open_jobs", lambda settings: jobs)
        yield patch


@asynccontextmanager
async def bench(settings: Settings, token: str = "") -> AsyncIterator[Bench]:
    """Serve while the block runs."""
    with quick_conversions(), ExitStack() as closing:
        async with running(settings, token=token) as servers:
            parts = bootstrap.open_conversion_parts(settings, closing)
            catalogue = bootstrap.open_catalogue(settings)
            closing.callback(catalogue.close)
            yield Bench(servers, settings, parts, catalogue)
