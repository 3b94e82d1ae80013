"""The conversion service over gRPC: each method reads the message, calls one use case and writes the answer."""
# ruff: noqa: ARG002, N802  the generated base class dictates names and arguments

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from singalike.services.conversion.conversions import Conversions, TargetVoices
from singalike.services.conversion.create import ConversionCreator
from singalike.services.conversion.download import Downloads
from singalike.services.conversion.enrolment import Enrolment, VoiceEnroller
from singalike.services.conversion.news import NewsFeed
from singalike.services.conversion_ports import Engines
from singalike.services.conversion_records import ConversionFilter, StoredTarget
from singalike.services.wire.consents import read_consent
from singalike.services.wire.conversion_converters import (
    read_enrolment,
    read_state,
    read_wish,
    write_conversion,
    write_conversion_news,
    write_engine,
    write_phrase,
    write_song,
    write_target,
)
from singalike.services.wire.enrolment_upload import RECORDINGS_OF_FULL_SIZE, EnrolmentUpload
from singalike.services.wire.tenants import calling_tenant
from singalike.services.wire.uploads import Spool, UploadLimits
from singalike.services.wire.validators import validate
from singalike.v1 import conversion_service_pb2 as pb
from singalike.v1 import conversions_pb2
from singalike.v1.conversion_service_pb2_grpc import ConversionServiceServicer

DEFAULT_PAGE_SIZE = 50

ENROLMENTS_AT_ONCE = 1
"""Learning a voice keeps a processor busy for seconds and holds its takes decoded: others wait."""


@dataclass(frozen=True)
class ConversionUseCases:
    """What the servicer calls.

    Attributes:
        engines: Of this machine.
        enroller: Draws phrases and enrols voices.
        voices: Voices that are enrolled.
        creator: Acknowledges conversions.
        conversions: Conversions that are there.
        news: Tells what happens to them.
        downloads: Gives out finished songs.
    """

    engines: Engines
    enroller: VoiceEnroller
    voices: TargetVoices
    creator: ConversionCreator
    conversions: Conversions
    news: NewsFeed
    downloads: Downloads


class ConversionServicer(ConversionServiceServicer):
    """Serves `singalike.v1.ConversionService`.

    Args:
        use_cases: What it calls.
        now: The clock, in UTC.
        limits: How much of uploads is taken in.
    """

    def __init__(self, use_cases: ConversionUseCases, now: Callable[[], datetime], limits: UploadLimits) -> None:
        self._use_cases = use_cases
        self._now = now
        self._limits = limits
        self._enrolling = asyncio.Semaphore(ENROLMENTS_AT_ONCE)

    async def ListEngines(self, request: pb.ListEnginesRequest, context: object) -> pb.ListEnginesResponse:
        """Say which engines there are."""
        validate(request)
        infos = await asyncio.to_thread(self._use_cases.engines.ready)
        return pb.ListEnginesResponse(engines=[write_engine(info) for info in infos])

    async def CreateConsentPhrase(
        self, request: pb.CreateConsentPhraseRequest, context: object
    ) -> pb.CreateConsentPhraseResponse:
        """Draw a phrase."""
        validate(request)
        tenant = calling_tenant().name
        phrase = await asyncio.to_thread(self._use_cases.enroller.create_phrase, tenant, request.language)
        return pb.CreateConsentPhraseResponse(phrase=write_phrase(phrase))

    async def CreateVoiceProfile(
        self, request_iterator: AsyncIterator[pb.CreateVoiceProfileRequest], context: object
    ) -> pb.CreateVoiceProfileResponse:
        """Enrol a voice; without consent its recordings are not even taken in."""
        max_bytes = self._limits.max_bytes
        with Spool(RECORDINGS_OF_FULL_SIZE * max_bytes, self._limits.room) as spool:
            upload = EnrolmentUpload(request_iterator, spool, max_bytes)
            header = await upload.header()
            consent = read_consent(header.consent, self._now)
            recordings = await upload.recordings()
            enrolment = read_enrolment(header, calling_tenant().name, consent, recordings, upload.content)
            target = await self._enrol(enrolment)
        return pb.CreateVoiceProfileResponse(voice=write_target(target))

    async def _enrol(self, enrolment: Enrolment) -> StoredTarget:
        async with self._enrolling:
            learning = asyncio.ensure_future(asyncio.to_thread(self._use_cases.enroller.enrol, enrolment))
            try:
                return await asyncio.shield(learning)
            except asyncio.CancelledError:
                # A thread cannot be stopped: callers who leave must not fill all threads with enrolments of theirs.
                await asyncio.wait([learning])
                raise

    async def GetVoiceProfile(self, request: pb.GetVoiceProfileRequest, context: object) -> pb.GetVoiceProfileResponse:
        """Say what is kept of a voice."""
        validate(request)
        target = await asyncio.to_thread(self._use_cases.voices.get, calling_tenant().name, request.voice_id)
        return pb.GetVoiceProfileResponse(voice=write_target(target))

    async def RevokeConsent(self, request: pb.RevokeConsentRequest, context: object) -> pb.RevokeConsentResponse:
        """Take a consent back."""
        validate(request)
        target = await asyncio.to_thread(self._use_cases.voices.revoke, calling_tenant().name, request.voice_id)
        return pb.RevokeConsentResponse(voice=write_target(target))

    async def DeleteVoiceProfile(
        self, request: pb.DeleteVoiceProfileRequest, context: object
    ) -> pb.DeleteVoiceProfileResponse:
        """Erase a voice and all that was sung with it."""
        validate(request)
        await asyncio.to_thread(self._use_cases.voices.delete, calling_tenant().name, request.voice_id)
        return pb.DeleteVoiceProfileResponse()

    async def CreateConversion(
        self, request: conversions_pb2.CreateConversionRequest, context: object
    ) -> pb.CreateConversionResponse:
        """Have a song sung."""
        validate(request)
        conversion = await asyncio.to_thread(self._use_cases.creator.create, calling_tenant(), read_wish(request))
        return pb.CreateConversionResponse(conversion=write_conversion(conversion))

    async def GetConversion(self, request: pb.GetConversionRequest, context: object) -> pb.GetConversionResponse:
        """Say where a conversion stands."""
        validate(request)
        conversions = self._use_cases.conversions
        conversion = await asyncio.to_thread(conversions.get, calling_tenant().name, request.conversion_id)
        return pb.GetConversionResponse(conversion=write_conversion(conversion))

    async def ListConversions(self, request: pb.ListConversionsRequest, context: object) -> pb.ListConversionsResponse:
        """List conversions, newest first."""
        validate(request)
        where = ConversionFilter(request.voice_id, read_state(request.state), calling_tenant().name)
        size = request.page_size or DEFAULT_PAGE_SIZE
        page = await asyncio.to_thread(self._use_cases.conversions.list, size, request.page_token, where)
        return pb.ListConversionsResponse(
            conversions=[write_conversion(conversion) for conversion in page.items],
            next_page_token=page.next_page_token,
            total_size=page.total_size,
        )

    async def CancelConversion(
        self, request: pb.CancelConversionRequest, context: object
    ) -> pb.CancelConversionResponse:
        """Stop a conversion."""
        validate(request)
        conversions = self._use_cases.conversions
        conversion = await asyncio.to_thread(conversions.cancel, calling_tenant().name, request.conversion_id)
        return pb.CancelConversionResponse(conversion=write_conversion(conversion))

    async def DeleteConversion(
        self, request: pb.DeleteConversionRequest, context: object
    ) -> pb.DeleteConversionResponse:
        """Erase a conversion and its song."""
        validate(request)
        await asyncio.to_thread(self._use_cases.conversions.delete, calling_tenant().name, request.conversion_id)
        return pb.DeleteConversionResponse()

    async def WatchConversion(
        self, request: pb.WatchConversionRequest, context: object
    ) -> AsyncIterator[pb.WatchConversionResponse]:
        """Tell what happens to a conversion until it has ended."""
        validate(request)
        told = self._use_cases.news.watch(calling_tenant().name, request.conversion_id, request.after_sequence)
        async with aclosing(told):
            async for news in told:
                yield write_conversion_news(news)

    async def DownloadConversion(
        self, request: pb.DownloadConversionRequest, context: object
    ) -> AsyncIterator[pb.DownloadConversionResponse]:
        """Give out a finished song."""
        validate(request)
        tenant, downloads = calling_tenant().name, self._use_cases.downloads
        with await asyncio.to_thread(downloads.open, tenant, request.conversion_id, request.offset) as opened:
            yield pb.DownloadConversionResponse(song=write_song(opened.song))
            while chunk := await asyncio.to_thread(opened.read):
                yield pb.DownloadConversionResponse(chunk=chunk)
            yield pb.DownloadConversionResponse(sha256=opened.song.sha256)
