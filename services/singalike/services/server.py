"""The servers as a process: parts are built, ports opened, signals heeded, everything closed in order."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Literal

import structlog

from singalike.services.conversion.serving import build_conversions
from singalike.services.embedding.index_track import TrackIndexer, nobody_follows
from singalike.services.embedding.local_embedder import LocalEmbedder
from singalike.services.embedding.servicer import EmbeddingServicer
from singalike.services.recommender.serving import build_recommender
from singalike.services.server_parts import open_eraser, open_kept_songs, open_parts
from singalike.services.settings import Settings
from singalike.services.wire.listening import check_exposure
from singalike.services.wire.rpc_server import RpcServer
from singalike.v1.conversion_service_pb2_grpc import add_ConversionServiceServicer_to_server
from singalike.v1.embedding_service_pb2_grpc import add_EmbeddingServiceServicer_to_server
from singalike.v1.recommender_service_pb2_grpc import add_RecommenderServiceServicer_to_server
from singalike.whole_files import whole_file

LOG = structlog.get_logger()

Which = Literal["embedding", "recommender", "conversion", "all"]

EMBEDDING_SERVICE = "singalike.v1.EmbeddingService"
RECOMMENDER_SERVICE = "singalike.v1.RecommenderService"
CONVERSION_SERVICE = "singalike.v1.ConversionService"

BLOCKING_THREADS = 16
"""SQL, index searches and file writes at once; the event loop itself never waits for any of them."""

SWITCH_INTERVAL_S = 0.0005
"""How long a thread may hold the interpreter when another wants it. With the usual 5 ms the event loop, which lets go
of it at every look at the database, waits for so long each time that somebody is being ranked for."""


@dataclass(frozen=True)
class Ports:
    """Where the services listen; None for one that this process does not serve."""

    embedding: int | None
    recommender: int | None
    conversion: int | None


def run(which: Which, settings: Settings, ports_file: Path | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then drain and return."""
    check_exposure(settings)
    asyncio.run(_run_until_signal(which, settings, ports_file))


async def _run_until_signal(which: Which, settings: Settings, ports_file: Path | None) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with serving(which, settings) as ports:
        if ports_file is not None:
            write_ports(ports_file, ports)
        LOG.info("server_started", services=which, host=settings.host, **asdict(ports), pid=os.getpid())
        await stopping.wait()
        LOG.info("server_stopping", grace_s=settings.grace_s)
    LOG.info("server_stopped")


def write_ports(path: Path, ports: Ports) -> None:
    """Write the ports as JSON in one step: a script that waits for the file never reads half of it."""
    with whole_file(path) as part:
        part.write_text(json.dumps(asdict(ports)) + "\n", "utf-8")


@asynccontextmanager
async def serving(which: Which, settings: Settings) -> AsyncIterator[Ports]:
    """Build what is to be served, serve it, and close everything in reverse order at the end."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(BLOCKING_THREADS, thread_name_prefix="blocking"))
    async with AsyncExitStack() as parts:
        servers = await _build_servers(which, settings, parts)
        for server in servers.values():
            await server.start()
        try:
            ports = {field.name: None for field in fields(Ports)} | {name: one.port for name, one in servers.items()}
            yield Ports(**ports)
        finally:
            await asyncio.gather(*(server.stop() for server in servers.values()))


async def _build_servers(which: Which, settings: Settings, closing: AsyncExitStack) -> dict[str, RpcServer]:
    parts = await open_parts(settings, closing, with_ear=which in {"embedding", "all"})
    served = await build_recommender(parts) if which in {"recommender", "all"} else None
    servers: dict[str, RpcServer] = {}
    if which in {"conversion", "all"}:
        views, forget = (served.recommender.views, served.servicer.forget_voices) if served else (None, nobody_follows)
        conversions = await build_conversions(parts, views, forget)
        register = partial(add_ConversionServiceServicer_to_server, conversions.servicer)
        servers["conversion"] = RpcServer(
            CONVERSION_SERVICE, register, settings, settings.conversion_port, conversions.stop
        )
    if served is not None:
        register = partial(add_RecommenderServiceServicer_to_server, served.servicer)
        servers["recommender"] = RpcServer(RECOMMENDER_SERVICE, register, settings, settings.recommender_port)
    if isinstance(parts.embedder, LocalEmbedder):
        after_add = served.after_add if served else nobody_follows
        after_erase = served.after_erase if served else open_eraser(parts)
        kept = await open_kept_songs(parts)
        songs = kept if settings.keep_songs else None
        erase = partial(_erase_all, after_erase, kept.sweep)
        indexer = TrackIndexer(parts.embedder, parts.catalogue, after_add, erase, songs)
        servicer = EmbeddingServicer(parts.embedder, indexer, parts.uploads)
        register = partial(add_EmbeddingServiceServicer_to_server, servicer)
        servers["embedding"] = RpcServer(EMBEDDING_SERVICE, register, settings, settings.embedding_port)
    return servers


def _erase_all(*erasers: Callable[[], object]) -> None:
    for erase in erasers:
        erase()
