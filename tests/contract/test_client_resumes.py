"""Streams that are cut off go on by themselves, without a gap and without anything twice."""
# ruff: noqa: N802  the generated base class dictates names

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc import aio

from singalike.client import AsyncClient, Client
from singalike.errors import NotFoundError, UnavailableError
from singalike.v1 import conversion_service_pb2 as pb
from singalike.v1 import conversions_pb2
from singalike.v1.conversion_service_pb2_grpc import (
    ConversionServiceServicer,
    add_ConversionServiceServicer_to_server,
)
from tests.support.conversion_servers import bench, enrol
from tests.support.patience import PATIENCE_S
from tests.support.servers import small_settings

SONG = bytes(range(256)) * 40
CHUNK = 1000


class Breaking(ConversionServiceServicer):
    """Gives out a song and news, and breaks off after a few of them until all have gone out."""

    def __init__(self, breaks: int, sha256: str = hashlib.sha256(SONG).hexdigest()) -> None:
        self._breaks = breaks
        self._sha256 = sha256
        self.offsets: list[int] = []
        self.sequences: list[int] = []

    async def _maybe_break(self, context: Any) -> None:
        if self._breaks:
            self._breaks -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the connection is lost")

    async def DownloadConversion(self, request: pb.DownloadConversionRequest, context: Any) -> AsyncIterator[Any]:
        self.offsets.append(request.offset)
        yield pb.DownloadConversionResponse(song=conversions_pb2.ConvertedSong(size_bytes=len(SONG)))
        for number, start in enumerate(range(request.offset, len(SONG), CHUNK)):
            if number == 2:
                await self._maybe_break(context)
            yield pb.DownloadConversionResponse(chunk=SONG[start : start + CHUNK])
        yield pb.DownloadConversionResponse(sha256=self._sha256)

    async def WatchConversion(self, request: pb.WatchConversionRequest, context: Any) -> AsyncIterator[Any]:
        self.sequences.append(request.after_sequence)
        for number, sequence in enumerate(range(request.after_sequence + 1, 9)):
            if number == 3:
                await self._maybe_break(context)
            yield pb.WatchConversionResponse(sequence=sequence)


@asynccontextmanager
async def serving_breaks(servicer: Breaking) -> AsyncIterator[str]:
    server = aio.server()
    add_ConversionServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


async def download_async(address: str, path: Path) -> None:
    async with AsyncClient(conversion=address) as client:
        await client.download_conversion("c-1", path)


async def download_blocking(address: str, path: Path) -> None:
    with Client(conversion=address) as client:
        await asyncio.to_thread(client.download_conversion, "c-1", path)


async def watch_async(address: str) -> list[int]:
    async with AsyncClient(conversion=address) as client:
        return [news.sequence async for news in client.watch_conversion("c-1", 1)]


async def watch_blocking(address: str) -> list[int]:
    with Client(conversion=address) as client:
        return await asyncio.to_thread(lambda: [news.sequence for news in client.watch_conversion("c-1", 1)])


@pytest.mark.parametrize("download", [download_async, download_blocking])
async def test_a_download_goes_on_from_its_last_byte(tmp_path: Path, download: Callable[..., Any]) -> None:
    servicer = Breaking(breaks=2)
    async with serving_breaks(servicer) as address:
        await download(address, tmp_path / "song.ogg")

    assert (tmp_path / "song.ogg").read_bytes() == SONG
    assert servicer.offsets == [0, 2 * CHUNK, 4 * CHUNK]


@pytest.mark.parametrize("watch", [watch_async, watch_blocking])
async def test_a_watch_goes_on_behind_the_last_news(watch: Callable[..., Any]) -> None:
    servicer = Breaking(breaks=2)
    async with serving_breaks(servicer) as address:
        heard = await watch(address)

    assert heard == [2, 3, 4, 5, 6, 7, 8]
    assert servicer.sequences == [1, 4, 7]


@pytest.mark.parametrize("download", [download_async, download_blocking])
async def test_a_damaged_download_is_not_kept_and_not_tried_for_ever(
    tmp_path: Path, download: Callable[..., Any]
) -> None:
    servicer = Breaking(0, sha256="00" * 32)
    async with serving_breaks(servicer) as address:
        with pytest.raises(UnavailableError) as refused:
            await download(address, tmp_path / "song.ogg")

    assert refused.value.reason == "DOWNLOAD_DAMAGED"
    assert servicer.offsets == [0]
    assert list(tmp_path.iterdir()) == []


async def test_a_watch_outlives_a_restart_of_the_server(tmp_path: Path) -> None:
    settings = small_settings(tmp_path)
    async with bench(settings) as first:
        track_id, _ = first.add_song()
        voice = await enrol(first.client)
        conversion_id = (await first.client.create_conversion(track_id, voice.voice_id)).conversion_id
        client = AsyncClient(conversion=first.servers.conversion)
        told = client.watch_conversion(conversion_id)
        heard = [await anext(told)]
        rest = asyncio.ensure_future(_all(told))
    port = first.servers.ports.conversion
    async with bench(settings.model_copy(update={"conversion_port": port})) as second:
        second.sing(conversion_id, b"a song")
        async with asyncio.timeout(PATIENCE_S):
            heard += await rest
        with pytest.raises(NotFoundError):
            await client.get_conversion("c-0")
    await client.close()

    assert [news.sequence for news in heard] == [1, 2, 3, 4]
    assert heard[-1].state == "succeeded"


async def _all(told: AsyncIterator[Any]) -> list[Any]:
    return [news async for news in told]
