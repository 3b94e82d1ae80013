"""The recommender service over gRPC: each method reads the message, calls one use case and writes the answer."""
# ruff: noqa: ARG002, N802  the generated base class dictates names and arguments

import asyncio
from collections.abc import Callable
from datetime import datetime

from singalike.client.profile_converters import summary_to_message
from singalike.services.listeners.listener_ports import FeedbackStore
from singalike.services.ports import Catalogue, TrackFilter
from singalike.services.recommender.experiment_servicer import ExperimentServicer
from singalike.services.recommender.explain_servicer import ExplainServicer
from singalike.services.recommender.identify import SingerIdentifier
from singalike.services.recommender.listener_servicer import ListenerServicer
from singalike.services.recommender.map_keeper import MapKeeper
from singalike.services.recommender.recommend import Recommender
from singalike.services.recommender.reply_keeper import ReplyKeeper
from singalike.services.recommender.showing import Showing
from singalike.services.recommender.voices import Voices
from singalike.services.wire.consents import read_consent
from singalike.services.wire.converters import (
    read_identify_options,
    write_identification,
    write_map_point,
    write_singer,
    write_singer_suggestion,
    write_song_suggestion,
    write_track,
    write_voice,
)
from singalike.services.wire.explanation_converters import write_abstention
from singalike.services.wire.option_converters import read_options, write_preset, write_summary
from singalike.services.wire.validators import validate
from singalike.v1 import recommender_service_pb2 as pb
from singalike.v1.recommender_service_pb2_grpc import RecommenderServiceServicer

RANKINGS_AT_ONCE = 2
"""Lists that are made at the same time: more threads would only take the interpreter from one another."""

DEFAULT_PAGE_SIZE = 50

COLOUR_WORDS = {pb.MAP_COLOUR_GENRE: "genre", pb.MAP_COLOUR_RANGE: "range"}


class RecommenderServicer(ExplainServicer, ListenerServicer, ExperimentServicer, RecommenderServiceServicer):
    """Serves `singalike.v1.RecommenderService`.

    Args:
        recommender: Ranks.
        identifier: Says who a voice may be.
        catalogue: Singers, tracks and enrolled voices.
        voices: Finds the profile that a request means.
        maps: Lays out the singers.
        now: The clock, in UTC.
        feedback: What is kept of listeners.
        feedback_days: How long events are kept whose callers do not say; 0: for ever.
        showing: Makes lists for listeners and notes down what they were shown.
    """

    def __init__(
        self,
        recommender: Recommender,
        identifier: SingerIdentifier,
        catalogue: Catalogue,
        voices: Voices,
        maps: MapKeeper,
        now: Callable[[], datetime],
        feedback: FeedbackStore,
        feedback_days: int,
        showing: Showing,
    ) -> None:
        super().__init__(feedback, feedback_days, now, showing)
        self._recommender = recommender
        self._identifier = identifier
        self._catalogue = catalogue
        self._voices = voices
        self._maps = maps
        self._ranking = asyncio.Semaphore(RANKINGS_AT_ONCE)
        self._replies = ReplyKeeper(recommender.fingerprint, showing.show_again)

    def _erase(self, listener_id: str) -> None:
        super()._erase(listener_id)
        self._replies.forget()

    async def RecommendSingers(
        self, request: pb.RecommendSingersRequest, context: object
    ) -> pb.RecommendSingersResponse:
        """Find singers for a voice."""
        await self._voices.admit(request)
        return await self._replies.get(request, lambda: self._recommend_singers(request))

    async def _recommend_singers(self, request: pb.RecommendSingersRequest) -> pb.RecommendSingersResponse:
        profile = await self._voices.find_any(request)
        async with self._ranking:
            found = await asyncio.to_thread(
                self._showing.recommend_singers, profile, read_options(request.options), request.page_token
            )
        return pb.RecommendSingersResponse(
            singers=[write_singer_suggestion(singer) for singer in found.singers],
            voice=summary_to_message(found.voice) if found.voice else None,
            notes=found.notes,
            next_page_token=found.next_page_token,
            abstention=write_abstention(found.abstention),
            summary=write_summary(found.summary),
        )

    async def RecommendSongs(self, request: pb.RecommendSongsRequest, context: object) -> pb.RecommendSongsResponse:
        """Find songs for a voice."""
        await self._voices.admit(request)
        return await self._replies.get(request, lambda: self._recommend_songs(request))

    async def _recommend_songs(self, request: pb.RecommendSongsRequest) -> pb.RecommendSongsResponse:
        profile = await self._voices.find_any(request)
        async with self._ranking:
            found = await asyncio.to_thread(
                self._showing.recommend_songs,
                profile,
                read_options(request.options),
                request.page_token,
                request.voice_id,
            )
        return pb.RecommendSongsResponse(
            songs=[write_song_suggestion(song) for song in found.songs],
            voice=summary_to_message(found.voice) if found.voice else None,
            notes=found.notes,
            next_page_token=found.next_page_token,
            abstention=write_abstention(found.abstention),
            summary=write_summary(found.summary),
        )

    async def IdentifySinger(self, request: pb.IdentifySingerRequest, context: object) -> pb.IdentifySingerResponse:
        """Say who a voice may be."""
        await self._voices.admit(request)
        profile = await self._voices.find(request)
        found = await asyncio.to_thread(self._identifier.identify, profile, read_identify_options(request))
        return write_identification(found)

    async def ListPresets(self, request: pb.ListPresetsRequest, context: object) -> pb.ListPresetsResponse:
        """List the presets of weights."""
        validate(request)
        presets = self._recommender.presets
        return pb.ListPresetsResponse(
            presets=[write_preset(preset, is_default=presets.is_default(preset)) for preset in presets.all()]
        )

    async def CreateVoice(self, request: pb.CreateVoiceRequest, context: object) -> pb.CreateVoiceResponse:
        """Enrol a voice; without consent its recording is not even listened to."""
        validate(request)
        consent = read_consent(request.consent, self._now)
        profile = await self._voices.find(request)
        voice = await asyncio.to_thread(self._catalogue.add_voice, profile, consent, request.request_id)
        return pb.CreateVoiceResponse(voice=write_voice(voice))

    async def GetVoice(self, request: pb.GetVoiceRequest, context: object) -> pb.GetVoiceResponse:
        """Say what is known of an enrolled voice."""
        await self._voices.admit(request)
        voice = await asyncio.to_thread(self._catalogue.get_voice, request.voice_id)
        return pb.GetVoiceResponse(voice=write_voice(voice))

    async def DeleteVoice(self, request: pb.DeleteVoiceRequest, context: object) -> pb.DeleteVoiceResponse:
        """Erase an enrolled voice and the record of its consent."""
        await self._voices.admit(request)
        await asyncio.to_thread(self._catalogue.remove_voice, request.voice_id)
        self.forget_voices()
        return pb.DeleteVoiceResponse()

    def forget_voices(self) -> None:
        """Let go of what was ranked for voices: one of them was erased."""
        self._recommender.forget_people()
        self._replies.forget()

    async def ListSingers(self, request: pb.ListSingersRequest, context: object) -> pb.ListSingersResponse:
        """List singers by id."""
        validate(request)
        size = request.page_size or DEFAULT_PAGE_SIZE
        page = await asyncio.to_thread(self._catalogue.list_singers, size, request.page_token, request.name_contains)
        return pb.ListSingersResponse(
            singers=[write_singer(singer) for singer in page.items],
            next_page_token=page.next_page_token,
            total_size=page.total_size,
        )

    async def GetSinger(self, request: pb.GetSingerRequest, context: object) -> pb.GetSingerResponse:
        """Say what is known of a singer."""
        validate(request)
        singer = await asyncio.to_thread(self._catalogue.get_singer, request.singer_id)
        return pb.GetSingerResponse(singer=write_singer(singer))

    async def ListTracks(self, request: pb.ListTracksRequest, context: object) -> pb.ListTracksResponse:
        """List tracks by id."""
        validate(request)
        where = TrackFilter(request.singer_id, request.genre, request.language, request.title_contains)
        size = request.page_size or DEFAULT_PAGE_SIZE
        page = await asyncio.to_thread(self._catalogue.list_tracks, size, request.page_token, where)
        return pb.ListTracksResponse(
            tracks=[write_track(track) for track in page.items],
            next_page_token=page.next_page_token,
            total_size=page.total_size,
        )

    async def GetMap(self, request: pb.GetMapRequest, context: object) -> pb.GetMapResponse:
        """Lay out the singers on a plane."""
        validate(request)
        found = await self._maps.get(COLOUR_WORDS.get(request.colour, "gender"))
        return pb.GetMapResponse(
            points=[write_map_point(point) for point in found.points],
            trustworthiness=found.trustworthiness,
            silhouette=found.silhouette,
        )
