# Generated from singalike/client/aio by services/generate_sync_client.py: change it there.
"""The calls of a client, about tracks, singers and voices."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Self

from singalike.client import channels, converters, requests
from singalike.client.profile_converters import profile_from_message, profile_to_message
from singalike.client.records import (
    Audio,
    CatalogueSinger,
    CatalogueTrack,
    EmbedRefusal,
    EnrolledVoice,
    Model,
    Progress,
    Recording,
    SingerMap,
    TrackDescription,
    Voice,
    VoiceId,
)
from singalike.client.rpc_errors import reading_rpc_errors
from singalike.client.sync import transport
from singalike.client.sync.conversion_calls import ConversionCalls
from singalike.client.sync.listener_calls import ListenerCalls
from singalike.client.sync.suggestion_calls import SuggestionCalls
from singalike.embeddings.profile import VoiceProfile
from singalike.recsys.identification import Identification
from singalike.v1 import embedding_service_pb2 as embedding_pb
from singalike.v1 import recommender_service_pb2 as recommender_pb
from singalike.v1.conversion_service_pb2_grpc import ConversionServiceStub
from singalike.v1.embedding_service_pb2_grpc import EmbeddingServiceStub
from singalike.v1.recommender_service_pb2_grpc import RecommenderServiceStub


class Calls(ListenerCalls, SuggestionCalls, ConversionCalls):
    """All calls of a client, its connections, and the errors of `singalike.errors` for what the server refuses."""

    def __init__(
        self,
        embedding: str = "127.0.0.1:50051",
        recommender: str = "127.0.0.1:50052",
        conversion: str = "127.0.0.1:50053",
        *,
        token: str = "",
        deadline_s: float = 30.0,
        long_deadline_s: float = 900.0,
        root_certificates: bytes | None = None,
        tls: bool = False,
    ) -> None:
        """Connect when the first call wants it.

        Args:
            embedding: Address of the embedding service, "host:port" or any gRPC target.
            recommender: Address of the recommender service.
            conversion: Address of the conversion service.
            token: Bearer token, when the servers want one.
            deadline_s: How long a call may take.
            long_deadline_s: How long taking a track in, laying out a map, enrolling a voice to sing with, or a download
                may take.
            root_certificates: PEM of the authorities to trust; implies TLS.
            tls: Talk TLS, trusting the system's authorities.
        """
        self._channels = tuple(
            transport.connect(target, root_certificates, tls=tls) for target in (embedding, recommender, conversion)
        )
        self._embedding = EmbeddingServiceStub(self._channels[0])
        self._recommender = RecommenderServiceStub(self._channels[1])
        self._conversion = ConversionServiceStub(self._channels[2])
        self._metadata = channels.metadata(token)
        self._deadline_s = deadline_s
        self._long_deadline_s = long_deadline_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        for channel in self._channels:
            transport.close(channel)

    def get_model(self) -> Model:
        """Say which ear listens."""
        reply = self._call(self._embedding.GetModel, embedding_pb.GetModelRequest())
        return converters.read_model(reply.model)

    def embed(self, audio: Audio | Recording) -> VoiceProfile:
        """Embed one recording; a large one is streamed."""
        recording = requests.as_recording(audio)
        if requests.fits_inside(recording):
            request = embedding_pb.EmbedRequest(recording=requests.whole(recording))
            return profile_from_message((self._call(self._embedding.Embed, request)).profile)
        reply = self._call(self._embedding.UploadEmbed, requests.upload(recording))
        return profile_from_message(reply.profile)

    def embed_batch(self, audios: Sequence[Audio | Recording]) -> list[VoiceProfile | EmbedRefusal]:
        """Embed up to 32 short recordings, 8 MiB together; one that is refused does not harm the others."""
        recordings = [requests.whole(requests.as_recording(audio)) for audio in audios]
        reply = self._call(self._embedding.EmbedBatch, embedding_pb.EmbedBatchRequest(recordings=recordings))
        return [converters.read_outcome(outcome) for outcome in reply.outcomes]

    def index_track(
        self, audio: Audio | Recording, info: TrackDescription, progress: Progress | None = None
    ) -> CatalogueTrack:
        """Take a track into the catalogue; the same audio with the same info again answers with what is there."""
        recording = requests.as_recording(audio)
        requests.size_of(recording.audio)
        parts = requests.index_track(recording, info)
        with reading_rpc_errors():
            call = self._embedding.IndexTrack(parts, timeout=self._long_deadline_s, metadata=self._metadata)
            read = [converters.read_track_news(news, progress) for news in call]
        return requests.last_track(read)

    def delete_track(self, track_id: str) -> None:
        """Erase a track and, with its last track, the singer."""
        self._call(self._embedding.DeleteTrack, embedding_pb.DeleteTrackRequest(track_id=track_id))

    def identify_singer(self, voice: Voice, *, k: int = 10, prior_of_none: float = 0.5) -> Identification:
        """Say with what probability a voice is each singer's, or nobody's in the catalogue.

        Args:
            voice: A recording, what `embed` answered, or a `VoiceId`.
            k: How many singers to name at most, 1 to 100.
            prior_of_none: How likely it is, before listening, that the voice is of nobody in the catalogue; 0 shares
                all probability among the singers.
        """
        request = recommender_pb.IdentifySingerRequest(k=k, prior_of_none=prior_of_none, **self._voice(voice))
        return converters.read_identification(self._call(self._recommender.IdentifySinger, request))

    def create_voice(
        self,
        voice: Audio | Recording | VoiceProfile,
        *,
        subject: str,
        statement: str,
        consent_time: datetime | None = None,
        request_id: str = "",
    ) -> EnrolledVoice:
        """Enrol a voice: vectors are kept, the sound is not.

        Args:
            voice: A recording, or what `embed` answered.
            subject: Who agreed, as your application names them.
            statement: The sentence that was agreed to.
            consent_time: When; None: now.
            request_id: Makes the call repeatable across programs; empty: a fresh one, which makes retries safe.
        """
        request = recommender_pb.CreateVoiceRequest(
            consent=requests.consent(subject, statement, consent_time),
            request_id=request_id or requests.new_request_id(),
            **self._voice(voice),
        )
        return converters.read_voice((self._call(self._recommender.CreateVoice, request)).voice)

    def get_voice(self, voice_id: str) -> EnrolledVoice:
        """Say what is known of an enrolled voice."""
        request = recommender_pb.GetVoiceRequest(voice_id=voice_id)
        return converters.read_voice((self._call(self._recommender.GetVoice, request)).voice)

    def delete_voice(self, voice_id: str) -> None:
        """Erase an enrolled voice and the record of its consent."""
        self._call(self._recommender.DeleteVoice, recommender_pb.DeleteVoiceRequest(voice_id=voice_id))

    def get_singer(self, singer_id: str) -> CatalogueSinger:
        """Say what is known of a singer."""
        request = recommender_pb.GetSingerRequest(singer_id=singer_id)
        return converters.read_singer((self._call(self._recommender.GetSinger, request)).singer)

    def list_singers(self, *, name_contains: str = "", page_size: int = 200) -> Iterator[CatalogueSinger]:
        """Walk over the singers by id, fetching page after page."""
        request = recommender_pb.ListSingersRequest(page_size=page_size, name_contains=name_contains)
        while True:
            page = self._call(self._recommender.ListSingers, request)
            for singer in page.singers:
                yield converters.read_singer(singer)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def list_tracks(
        self,
        *,
        singer_id: str = "",
        genre: str = "",
        language: str = "",
        title_contains: str = "",
        page_size: int = 200,
    ) -> Iterator[CatalogueTrack]:
        """Walk over the tracks by id, fetching page after page."""
        request = recommender_pb.ListTracksRequest(
            page_size=page_size, singer_id=singer_id, genre=genre, language=language, title_contains=title_contains
        )
        while True:
            page = self._call(self._recommender.ListTracks, request)
            for track in page.tracks:
                yield converters.read_track(track)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def get_map(self, colour: str = "gender") -> SingerMap:
        """Lay out the singers on a plane, near means alike; labels show "gender", "genre" or "range"."""
        request = recommender_pb.GetMapRequest(colour=requests.map_colour(colour))
        return converters.read_map(self._call(self._recommender.GetMap, request, self._long_deadline_s))

    def _voice(self, voice: Voice | None) -> dict[str, Any]:
        """Name the one field of a request that says whose voice; a large recording is embedded first."""
        if voice is None:
            return {}
        if isinstance(voice, VoiceId):
            return {"voice_id": voice.value}
        if isinstance(voice, VoiceProfile):
            return {"profile": profile_to_message(voice)}
        recording = requests.as_recording(voice)
        if requests.fits_inside(recording):
            return {"recording": requests.whole(recording)}
        return {"profile": profile_to_message(self.embed(recording))}

    def _call(self, method: Any, request: Any, deadline_s: float | None = None) -> Any:
        with reading_rpc_errors():
            return method(request, timeout=deadline_s or self._deadline_s, metadata=self._metadata)
