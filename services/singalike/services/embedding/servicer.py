"""The embedding service over gRPC: each method reads the message, calls one use case and writes the answer."""
# ruff: noqa: ARG002, N802  the generated base class dictates names and arguments

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

from singalike.client.profile_converters import profile_to_message
from singalike.embeddings.profile import VoiceProfile
from singalike.errors import SingalikeError
from singalike.services.embedding.index_track import Stage, TrackIndexer
from singalike.services.ports import Embedder
from singalike.services.records import Track
from singalike.services.wire.converters import channel_word, is_a_cappella, read_info, write_model, write_track
from singalike.services.wire.upload_stream import UploadStream
from singalike.services.wire.uploads import UploadLimits
from singalike.services.wire.validators import validate
from singalike.v1 import embedding_service_pb2 as pb
from singalike.v1 import voice_pb2
from singalike.v1.embedding_service_pb2_grpc import EmbeddingServiceServicer


class EmbeddingServicer(EmbeddingServiceServicer):
    """Serves `singalike.v1.EmbeddingService`.

    Args:
        embedder: The ear.
        indexer: Takes tracks in and erases them.
        limits: How much of uploads is taken in.
    """

    def __init__(self, embedder: Embedder, indexer: TrackIndexer, limits: UploadLimits) -> None:
        self._embedder = embedder
        self._indexer = indexer
        self._limits = limits

    async def Embed(self, request: pb.EmbedRequest, context: object) -> pb.EmbedResponse:
        """Embed one recording."""
        validate(request)
        profile = await self._embed(request.recording)
        return pb.EmbedResponse(profile=profile_to_message(profile))

    async def UploadEmbed(
        self, request_iterator: AsyncIterator[pb.UploadEmbedRequest], context: object
    ) -> pb.UploadEmbedResponse:
        """Embed one recording that comes in chunks."""
        upload = UploadStream(request_iterator, self._limits)
        recording = (await upload.head()).recording
        audio = await upload.audio(recording.audio)
        profile = await self._embedder.embed(audio, channel_word(recording), is_a_cappella(recording, default=True))
        return pb.UploadEmbedResponse(profile=profile_to_message(profile))

    async def EmbedBatch(self, request: pb.EmbedBatchRequest, context: object) -> pb.EmbedBatchResponse:
        """Embed several recordings, each for itself."""
        validate(request)
        outcomes = await asyncio.gather(*(self._outcome(recording) for recording in request.recordings))
        return pb.EmbedBatchResponse(outcomes=outcomes)

    async def IndexTrack(
        self, request_iterator: AsyncIterator[pb.IndexTrackRequest], context: object
    ) -> AsyncIterator[pb.IndexTrackResponse]:
        """Take a track into the catalogue, saying how far it is."""
        upload = UploadStream(request_iterator, self._limits)
        header = (await upload.head()).header
        recording = header.recording
        audio = await upload.audio(recording.audio)
        a_cappella = is_a_cappella(recording, default=False)
        told = self._indexer.index(
            audio, read_info(header.info), channel=channel_word(recording), a_cappella=a_cappella
        )
        async with aclosing(told):
            async for news in told:
                yield _write_news(news)

    async def DeleteTrack(self, request: pb.DeleteTrackRequest, context: object) -> pb.DeleteTrackResponse:
        """Erase a track."""
        validate(request)
        await self._indexer.delete(request.track_id)
        return pb.DeleteTrackResponse()

    async def GetModel(self, request: pb.GetModelRequest, context: object) -> pb.GetModelResponse:
        """Say which ear listens."""
        return pb.GetModelResponse(model=write_model(await self._embedder.info()))

    async def _embed(self, recording: voice_pb2.Recording) -> VoiceProfile:
        a_cappella = is_a_cappella(recording, default=True)
        return await self._embedder.embed(recording.audio, channel_word(recording), a_cappella)

    async def _outcome(self, recording: voice_pb2.Recording) -> pb.EmbedOutcome:
        try:
            return pb.EmbedOutcome(profile=profile_to_message(await self._embed(recording)))
        except SingalikeError as error:
            return pb.EmbedOutcome(refusal=pb.EmbedRefusal(reason=error.reason, message=error.message))


def _write_news(news: Stage | Track) -> pb.IndexTrackResponse:
    if isinstance(news, Track):
        return pb.IndexTrackResponse(track=write_track(news))
    return pb.IndexTrackResponse(progress=pb.IndexProgress(stage=news.name, share=news.share))
