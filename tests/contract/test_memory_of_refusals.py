"""What is refused leaves no recording in memory, whether the garbage collector has come round or not."""

import asyncio
import gc
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from grpc import aio

from singalike.v1.catalogue_pb2 import TrackInfo
from singalike.v1.embedding_service_pb2 import EmbedRequest, IndexTrackHeader, IndexTrackRequest, UploadEmbedRequest
from singalike.v1.embedding_service_pb2_grpc import EmbeddingServiceStub
from singalike.v1.voice_pb2 import Recording
from tests.support.servers import running, small_settings, use_fake_ear

MIB = 2**20
CALLS = 8
RECORDING_MIB = 6


@pytest.fixture
def without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    tracemalloc.start()
    yield
    tracemalloc.stop()
    gc.enable()


async def uploaded() -> AsyncIterator[UploadEmbedRequest]:
    yield UploadEmbedRequest(recording=Recording(audio=b"RIFF"))
    for _ in range(4 * RECORDING_MIB):
        yield UploadEmbedRequest(chunk=bytes(MIB // 4))


async def indexed() -> AsyncIterator[IndexTrackRequest]:
    yield IndexTrackRequest(header=IndexTrackHeader(info=TrackInfo(singer="A", title="B")))
    for _ in range(4 * RECORDING_MIB):
        yield IndexTrackRequest(chunk=bytes(MIB // 4))


@pytest.mark.usefixtures("without_collector")
@pytest.mark.parametrize("method", ["Embed", "UploadEmbed", "IndexTrack"])
async def test_refused_recordings_are_forgotten_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, method: str
) -> None:
    use_fake_ear(monkeypatch)
    async with running(small_settings(tmp_path)) as servers, aio.insecure_channel(servers.embedding) as channel:
        ear = EmbeddingServiceStub(channel)

        async def refused() -> None:
            with suppress(aio.AioRpcError):
                if method == "Embed":
                    await ear.Embed(EmbedRequest(recording=Recording(audio=bytes(RECORDING_MIB * MIB))))
                elif method == "UploadEmbed":
                    await ear.UploadEmbed(uploaded())
                else:
                    async for _ in ear.IndexTrack(indexed()):
                        pass

        await refused()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(CALLS):
            await refused()
        await asyncio.sleep(0)
        after, _ = tracemalloc.get_traced_memory()

    # The server may not have let go of the last one yet; what is kept must not grow with the calls.
    assert (after - before) / MIB < 2 * RECORDING_MIB
