"""The servers as a process: parts are built, ports opened, signals heeded, everything closed in order."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal

import structlog

from singalike.client import AsyncClient
from singalike.errors import UnavailableError
from singalike.recsys.presets import load_presets
from singalike.services import bootstrap
from singalike.services.adapters.grpc_embedder import GrpcEmbedder
from singalike.services.adapters.kept_songs import KeptSongs
from singalike.services.embedding.index_track import TrackIndexer, nobody_follows
from singalike.services.embedding.local_embedder import LocalEmbedder
from singalike.services.embedding.servicer import EmbeddingServicer
from singalike.services.erasure import IndexEraser
from singalike.services.exposure_log import ExposureLog
from singalike.services.feedback_pruner import FeedbackPruner
from singalike.services.identify import SingerIdentifier
from singalike.services.index_follower import FollowEvent, IndexFollower
from singalike.services.listener_ports import FeedbackStore
from singalike.services.ports import Catalogue, EarInfo, Embedder
from singalike.services.recommend import Recommender
from singalike.services.recommender.map_keeper import MapKeeper
from singalike.services.recommender.servicer import RecommenderServicer
from singalike.services.recommender.voices import Voices
from singalike.services.settings import Settings
from singalike.services.showing import Showing, check_experiment
from singalike.services.taste_keeper import TasteKeeper
from singalike.services.wire.listening import check_exposure
from singalike.services.wire.rpc_server import RpcServer
from singalike.v1.embedding_service_pb2_grpc import add_EmbeddingServiceServicer_to_server
from singalike.v1.recommender_service_pb2_grpc import add_RecommenderServiceServicer_to_server

LOG = structlog.get_logger()

Which = Literal["embedding", "recommender", "all"]

EMBEDDING_SERVICE = "singalike.v1.EmbeddingService"
RECOMMENDER_SERVICE = "singalike.v1.RecommenderService"

BLOCKING_THREADS = 16
"""SQL, index searches and file writes at once; the event loop itself never waits for any of them."""

SWITCH_INTERVAL_S = 0.0005
"""How long a thread may hold the interpreter when another wants it. With the usual 5 ms the event loop, which lets go
of it at every look at the database, waits for so long each time that somebody is being ranked for."""

FOLLOW_INTERVAL_S = 1.0
PRUNE_INTERVAL_S = 60.0
EXPOSURE_INTERVAL_S = 1.0

EAR_ATTEMPTS, EAR_PAUSE_S = 60, 1.0


@dataclass(frozen=True)
class Ports:
    """Where the services listen; None for one that this process does not serve."""

    embedding: int | None
    recommender: int | None


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
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(asdict(ports)) + "\n", "utf-8")
    unfinished.replace(path)


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
            yield Ports(*(servers[name].port if name in servers else None for name in ("embedding", "recommender")))
        finally:
            await asyncio.gather(*(server.stop() for server in servers.values()))


async def _build_servers(which: Which, settings: Settings, parts: AsyncExitStack) -> dict[str, RpcServer]:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    catalogue = await asyncio.to_thread(bootstrap.open_catalogue, settings)
    parts.callback(catalogue.close)
    embedder = await _build_embedder(which, settings, parts)
    servers: dict[str, RpcServer] = {}
    after_add: Callable[[], object] = nobody_follows
    after_erase: Callable[[], object] = nobody_follows
    if which != "embedding":
        ear = await _await_ear(embedder)
        index = await asyncio.to_thread(
            bootstrap.open_index, settings, ear.timbre_dim, ear.style_dim, ear.model_version
        )
        parts.callback(index.close)
        feedback = await _open_feedback(settings, parts)
        listeners = TasteKeeper(feedback, utc_now)
        parts.callback(listeners.stop)
        presets = load_presets(settings.presets)
        follower = IndexFollower(catalogue, index, ear.model_version)
        recommender = Recommender(
            catalogue, index, ear.model_version, listeners, presets, index_revision=lambda: follower.revision
        )
        after_add, after_erase = follower.catch_up, _forget_erased(follower, recommender)
        await _follow(follower, recommender, parts)
        listeners.follow(recommender.view())
        servicer = RecommenderServicer(
            recommender,
            SingerIdentifier(recommender.views, ear.model_version),
            catalogue,
            Voices(embedder, catalogue),
            MapKeeper(recommender.view),
            utc_now,
            feedback,
            settings.feedback_days,
            _open_showing(settings, recommender, feedback, parts),
        )
        register = partial(add_RecommenderServiceServicer_to_server, servicer)
        servers["recommender"] = RpcServer(RECOMMENDER_SERVICE, register, settings, settings.recommender_port)
    else:
        after_erase = _open_eraser(settings, catalogue, parts)
    if isinstance(embedder, LocalEmbedder):
        kept = await _open_kept_songs(settings, parts)
        songs = kept if settings.keep_songs else None
        indexer = TrackIndexer(embedder, catalogue, after_add, partial(_erase_all, after_erase, kept.sweep), songs)
        register = partial(
            add_EmbeddingServiceServicer_to_server,
            EmbeddingServicer(embedder, indexer, settings.max_upload_mb * 2**20),
        )
        servers["embedding"] = RpcServer(EMBEDDING_SERVICE, register, settings, settings.embedding_port)
    return servers


async def _open_kept_songs(settings: Settings, parts: AsyncExitStack) -> KeptSongs:
    """Open what is kept of uploaded tracks, and erase what another process left of tracks that are no more."""
    song_files = await asyncio.to_thread(bootstrap.open_song_files, settings)
    parts.callback(song_files.close)
    kept = bootstrap.build_kept_songs(settings, song_files)
    await asyncio.to_thread(kept.sweep)
    return kept


def _erase_all(*erasers: Callable[[], object]) -> None:
    for erase in erasers:
        erase()


def _open_eraser(settings: Settings, catalogue: Catalogue, parts: AsyncExitStack) -> Callable[[], object]:
    """Where no recommender follows the catalogue, let what is erased leave the index too."""
    eraser = IndexEraser(settings, catalogue)
    eraser.run_in_background(FOLLOW_INTERVAL_S)
    parts.callback(eraser.stop)
    return eraser.request


async def _open_feedback(settings: Settings, parts: AsyncExitStack) -> FeedbackStore:
    """Open what is kept of listeners, and forget in time."""
    feedback = await asyncio.to_thread(bootstrap.open_feedback, settings)
    parts.callback(feedback.close)
    pruner = FeedbackPruner(feedback, utc_now)
    pruner.run_in_background(PRUNE_INTERVAL_S)
    parts.callback(pruner.stop)
    return feedback


def _open_showing(
    settings: Settings, recommender: Recommender, feedback: FeedbackStore, parts: AsyncExitStack
) -> Showing:
    """Write down what is shown, beside the requests, and run the experiment, if any."""
    log = ExposureLog(feedback)
    log.run_in_background(EXPOSURE_INTERVAL_S)
    parts.callback(log.stop)
    experiment = bootstrap.load_experiment(settings)
    if experiment is not None:
        check_experiment(experiment, recommender.presets)
        LOG.info("experiment_started", name=experiment.name, ranks=experiment.ranks, interleave=experiment.interleave)
    return Showing(recommender, log, utc_now, experiment)


async def _build_embedder(which: Which, settings: Settings, parts: AsyncExitStack) -> Embedder:
    """Load the ear; only a recommender that stands alone asks another process for one."""
    if which == "recommender":
        return GrpcEmbedder(await parts.enter_async_context(_ear_client(settings)))
    ear = await asyncio.to_thread(bootstrap.load_encoder, settings)
    decoder = parts.enter_context(await asyncio.to_thread(bootstrap.build_decoder, settings))
    separator = await asyncio.to_thread(bootstrap.build_separator, settings)
    embedder = LocalEmbedder(ear, decoder, separator, settings)
    parts.push_async_callback(embedder.close)
    return embedder


def _ear_client(settings: Settings) -> AsyncClient:
    """Call the embedding service as a fellow: with the same token, and over TLS with the same certificate, if any."""
    certificate = settings.tls_certificate.read_bytes() if settings.tls_certificate else None
    return AsyncClient(
        settings.embedding_target, token=settings.auth_token.get_secret_value(), root_certificates=certificate
    )


async def _await_ear(embedder: Embedder) -> EarInfo:
    """Ask which ear listens; an embedding service that starts beside us may still be loading it."""
    for _ in range(EAR_ATTEMPTS):
        try:
            return await embedder.info()
        except UnavailableError as error:
            LOG.warning("embedding_awaited", reason=error.reason, message=error.message)
            await asyncio.sleep(EAR_PAUSE_S)
    return await embedder.info()


def _forget_erased(follower: IndexFollower, recommender: Recommender) -> Callable[[], object]:
    """An added track may wait for the next look at the catalogue; an erased one must be gone from ranking at once."""

    def forget() -> None:
        follower.catch_up()
        recommender.refresh()

    return forget


async def _follow(follower: IndexFollower, recommender: Recommender, parts: AsyncExitStack) -> None:
    """Reconcile before the first call, then follow what any process writes."""
    report = await asyncio.to_thread(follower.start)
    LOG.info("index_reconciled", **asdict(report))
    await asyncio.to_thread(recommender.refresh)
    follower.run_in_background(FOLLOW_INTERVAL_S, partial(after_following, recommender))
    parts.callback(follower.stop)


def after_following(recommender: Recommender, event: FollowEvent) -> None:
    """Log what was followed and rank by it: the next caller is not told of a singer whom another process erased."""
    _log_follow(event)
    if event.deleted:
        recommender.refresh()
    elif event.added:
        recommender.view()


def _log_follow(event: FollowEvent) -> None:
    if event.error is not None:
        LOG.warning(event.name, revision=event.revision, reason=event.error.reason, message=event.error.message)
    else:
        LOG.info(event.name, added=event.added, deleted=event.deleted, revision=event.revision)


def utc_now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)
