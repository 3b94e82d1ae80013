"""The calls about conversions."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from singalike.client import conversion_converters as converters
from singalike.client import conversion_requests as requests
from singalike.client.aio import transport
from singalike.client.conversion_records import (
    ConsentPhrase,
    ConversionChoices,
    ConversionNews,
    ConvertedSong,
    Engine,
    SongConversion,
    TargetVoice,
)
from singalike.client.downloads import Download
from singalike.client.records import Audio, Recording
from singalike.client.rpc_errors import reading_rpc_errors
from singalike.errors import UnavailableError
from singalike.recsys.suggestions import Conversion
from singalike.v1 import conversion_service_pb2 as pb

if TYPE_CHECKING:
    from singalike.v1.conversion_service_pb2_grpc import ConversionServiceAsyncStub


class ConversionCalls(ABC):
    """How a client enrols voices and has songs sung with them."""

    _conversion: "ConversionServiceAsyncStub"
    _metadata: tuple[tuple[str, str], ...]
    _long_deadline_s: float

    async def list_engines(self) -> tuple[Engine, ...]:
        """Say which engines the server can sing with, its own choice first."""
        reply = await self._call(self._conversion.ListEngines, pb.ListEnginesRequest())
        return tuple(map(converters.read_engine, reply.engines))

    async def create_consent_phrase(self, language: str = "en") -> ConsentPhrase:
        """Draw a phrase for the owner of a voice to read aloud, "en" or "ko"."""
        request = pb.CreateConsentPhraseRequest(language=language)
        return converters.read_phrase((await self._call(self._conversion.CreateConsentPhrase, request)).phrase)

    async def create_voice_profile(
        self,
        takes: Sequence[Audio | Recording],
        reading: Audio | Recording,
        *,
        phrase_id: str,
        subject: str,
        statement: str,
        consent_time: datetime | None = None,
        expire_time: datetime | None = None,
        engines: Sequence[str] = (),
        request_id: str = "",
    ) -> TargetVoice:
        """Enrol a voice to sing with: what was learnt is kept, the sound is not.

        Args:
            takes: 1 to 32 recordings of the voice alone, 30 s or more together.
            reading: The phrase read aloud by the same person.
            phrase_id: Which phrase, from `create_consent_phrase`.
            subject: Who agreed, as your application names them.
            statement: The sentence that was agreed to.
            consent_time: When; None: now.
            expire_time: Until when the consent is given; None: until it is revoked.
            engines: Names of engines to learn the voice; empty: the server's choice.
            request_id: Makes the call repeatable across programs; empty: a fresh one, which makes retries safe.
        """
        parts = requests.enrolment(
            takes,
            reading,
            phrase_id=phrase_id,
            subject=subject,
            statement=statement,
            consent_time=consent_time,
            expire_time=expire_time,
            engines=engines,
            request_id=request_id,
        )
        reply = await self._call(self._conversion.CreateVoiceProfile, parts, self._long_deadline_s)
        return converters.read_target(reply.voice)

    async def get_voice_profile(self, voice_id: str) -> TargetVoice:
        """Say what is kept of a voice; after its consent was revoked only the record is left."""
        request = pb.GetVoiceProfileRequest(voice_id=voice_id)
        return converters.read_target((await self._call(self._conversion.GetVoiceProfile, request)).voice)

    async def revoke_consent(self, voice_id: str) -> TargetVoice:
        """Take a consent back: conversions stop, what was learnt and sung is erased, the record stays."""
        request = pb.RevokeConsentRequest(voice_id=voice_id)
        return converters.read_target((await self._call(self._conversion.RevokeConsent, request)).voice)

    async def delete_voice_profile(self, voice_id: str) -> None:
        """Erase a voice, the record of its consent and everything that was sung with it."""
        await self._call(self._conversion.DeleteVoiceProfile, pb.DeleteVoiceProfileRequest(voice_id=voice_id))

    async def create_conversion(
        self,
        song: Conversion | str,
        voice_id: str = "",
        *,
        key_shift_semitones: int | None = None,
        choices: ConversionChoices | None = None,
        request_id: str = "",
    ) -> SongConversion:
        """Have a song sung; when it answers, the wish is on disk and outlives any process.

        Args:
            song: What `recommend_songs` proposed, its `conversion`, or the id of a track.
            voice_id: Who shall sing; empty: as proposed.
            key_shift_semitones: In which key, -24 to 24; None: as proposed, or the one that fits the voice.
            choices: How it is to be sung.
            request_id: Makes the call repeatable across programs; empty: a fresh one, which makes retries safe.
        """
        request = converters.write_order(song, voice_id, key_shift_semitones, choices, request_id)
        reply = await self._call(self._conversion.CreateConversion, request)
        return converters.read_song_conversion(reply.conversion)

    async def get_conversion(self, conversion_id: str) -> SongConversion:
        """Say where a conversion stands."""
        request = pb.GetConversionRequest(conversion_id=conversion_id)
        reply = await self._call(self._conversion.GetConversion, request)
        return converters.read_song_conversion(reply.conversion)

    async def list_conversions(
        self, *, voice_id: str = "", state: str = "", page_size: int = 200
    ) -> AsyncIterator[SongConversion]:
        """Walk over conversions, newest first, fetching page after page; an empty state is any."""
        request = requests.list_request(voice_id, state, page_size)
        while True:
            page = await self._call(self._conversion.ListConversions, request)
            for conversion in page.conversions:
                yield converters.read_song_conversion(conversion)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def cancel_conversion(self, conversion_id: str) -> SongConversion:
        """Stop a conversion; cancelling it again changes nothing."""
        request = pb.CancelConversionRequest(conversion_id=conversion_id)
        reply = await self._call(self._conversion.CancelConversion, request)
        return converters.read_song_conversion(reply.conversion)

    async def delete_conversion(self, conversion_id: str) -> None:
        """Erase a conversion and its song; it is cancelled first if need be."""
        await self._call(self._conversion.DeleteConversion, pb.DeleteConversionRequest(conversion_id=conversion_id))

    async def watch_conversion(self, conversion_id: str, after_sequence: int = 0) -> AsyncIterator[ConversionNews]:
        """Follow a conversion to its end; after a broken connection it goes on behind the last news by itself.

        Args:
            conversion_id: Which.
            after_sequence: Number of the last news that was seen; 0: from the beginning.
        """
        request = pb.WatchConversionRequest(conversion_id=conversion_id, after_sequence=after_sequence)
        resuming = requests.Resuming()
        while True:
            call = self._conversion.WatchConversion(request, metadata=self._metadata)
            try:
                with reading_rpc_errors():
                    async for message in call:
                        resuming.went_on()
                        request.after_sequence = message.sequence
                        yield converters.read_news(message)
            except UnavailableError as error:
                pause_s = resuming.pause_s(error)
            else:
                return
            finally:
                transport.cancel(call)
            await transport.sleep(pause_s)

    async def download_conversion(self, conversion_id: str, path: str | Path) -> ConvertedSong:
        """Save a finished song; the file appears when it is whole and its digest is right.

        Args:
            conversion_id: Which.
            path: Where; what is there is replaced.

        Raises:
            WrongStateError: CONVERSION_NOT_FINISHED; CONVERSION_FAILED; CONVERSION_CANCELLED.
            InvalidInputError: NOT_WRITABLE.
            UnavailableError: DOWNLOAD_DAMAGED.
        """
        resuming = requests.Resuming()
        with Download(path) as file:
            while True:
                request = pb.DownloadConversionRequest(conversion_id=conversion_id, offset=file.size)
                try:
                    with reading_rpc_errors():
                        async for part in self._conversion.DownloadConversion(
                            request, timeout=self._long_deadline_s, metadata=self._metadata
                        ):
                            await transport.in_thread(file.take, part)
                            resuming.went_on()
                    break
                except UnavailableError as error:
                    pause_s = resuming.pause_s(error)
                await transport.sleep(pause_s)
            return await transport.in_thread(file.end)

    @abstractmethod
    async def _call(self, method: Any, request: Any, deadline_s: float | None = None) -> Any:
        """Call a method with the client's metadata; errors come back as ours."""
