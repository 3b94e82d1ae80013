"""What the services of one process share: the truth, the ear and the decoder."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from singalike.client import AsyncClient
from singalike.errors import UnavailableError, for_operators
from singalike.services import bootstrap
from singalike.services.adapters.grpc_embedder import GrpcEmbedder
from singalike.services.adapters.kept_songs import KeptSongs
from singalike.services.embedding.local_embedder import LocalEmbedder
from singalike.services.erasure import IndexEraser
from singalike.services.ports import Catalogue, EarInfo, Embedder, SoundDecoder
from singalike.services.settings import Settings
from singalike.services.wire.enrolment_upload import RECORDINGS_OF_FULL_SIZE
from singalike.services.wire.uploads import SpoolRoom, UploadLimits

LOG = structlog.get_logger()

FOLLOW_INTERVAL_S = 1.0

EAR_ATTEMPTS, EAR_PAUSE_S = 60, 1.0


@dataclass(frozen=True)
class ServerParts:
    """What is built once for a process.

    Attributes:
        settings: Of the process.
        closing: Closes in reverse order what was opened.
        catalogue: The truth.
        embedder: The ear of this process, or of another one.
        uploads: How much of recordings is taken in, by all services together.
    """

    settings: Settings
    closing: AsyncExitStack
    catalogue: Catalogue
    embedder: Embedder
    uploads: UploadLimits

    async def ear(self) -> EarInfo:
        """Ask which ear listens; an embedding service that starts beside us may still be loading it."""
        for _ in range(EAR_ATTEMPTS):
            try:
                return await self.embedder.info()
            except UnavailableError as error:
                LOG.warning("embedding_awaited", reason=error.reason, message=for_operators(error))
                await asyncio.sleep(EAR_PAUSE_S)
        return await self.embedder.info()

    async def decoder(self) -> SoundDecoder:
        """Return what decodes: that of the ear in this process, or one of our own."""
        if isinstance(self.embedder, LocalEmbedder):
            return self.embedder.decoder
        return self.closing.enter_context(await asyncio.to_thread(bootstrap.build_decoder, self.settings))


async def open_parts(settings: Settings, closing: AsyncExitStack, *, with_ear: bool) -> ServerParts:
    """Open what all services need.

    Args:
        settings: Of the process.
        closing: Closes in reverse order what is opened.
        with_ear: Load the ear here; otherwise another process is asked for one.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    catalogue = await asyncio.to_thread(bootstrap.open_catalogue, settings)
    closing.callback(catalogue.close)
    if not with_ear:
        ears = await closing.enter_async_context(_ear_client(settings))
        return ServerParts(settings, closing, catalogue, GrpcEmbedder(ears), upload_limits(settings))
    ear = await asyncio.to_thread(bootstrap.load_encoder, settings)
    decoder = closing.enter_context(await asyncio.to_thread(bootstrap.build_decoder, settings))
    separator = await asyncio.to_thread(bootstrap.build_separator, settings)
    embedder = LocalEmbedder(ear, decoder, separator, settings)
    closing.push_async_callback(embedder.close)
    return ServerParts(settings, closing, catalogue, embedder, upload_limits(settings))


def upload_limits(settings: Settings) -> UploadLimits:
    """Read how much of recordings is taken in: room for one enrolment of full size there always is, for everybody."""
    enrolment_mb = RECORDINGS_OF_FULL_SIZE * settings.max_upload_mb
    most_mb = max(settings.uploads_room_mb, enrolment_mb)
    # Where there is one tenant, nobody is to be left room for.
    share = 1.0 if settings.tenants is None else settings.uploads_tenant_share
    tenant_mb = max(share * most_mb, enrolment_mb)
    return UploadLimits(settings.max_upload_mb * 2**20, SpoolRoom(most_mb * 2**20, round(tenant_mb * 2**20)))


def _ear_client(settings: Settings) -> AsyncClient:
    """Call the embedding service as a fellow: with the same token, and over TLS with the same certificate, if any."""
    certificate = settings.tls_certificate.read_bytes() if settings.tls_certificate else None
    return AsyncClient(
        settings.embedding_target, token=settings.auth_token.get_secret_value(), root_certificates=certificate
    )


def open_eraser(parts: ServerParts) -> Callable[[], object]:
    """Where no recommender follows the catalogue, let what is erased leave the index too."""
    eraser = IndexEraser(parts.settings, parts.catalogue)
    eraser.run_in_background(FOLLOW_INTERVAL_S)
    parts.closing.callback(eraser.stop)
    return eraser.request


async def open_kept_songs(parts: ServerParts) -> KeptSongs:
    """Open what is kept of uploaded tracks, and erase what another process left of tracks that are no more."""
    song_files = await asyncio.to_thread(bootstrap.open_song_files, parts.settings)
    parts.closing.callback(song_files.close)
    kept = bootstrap.build_kept_songs(parts.settings, song_files)
    await asyncio.to_thread(kept.sweep)
    return kept


def utc_now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)
