# Generated from singalike/client/aio by services/generate_sync_client.py: change it there.
"""The calls for suggestions."""

from abc import ABC, abstractmethod
from typing import Any

from singalike.client.records import (
    Preset,
    SingerSuggestions,
    SongSuggestions,
    SuggestionChoices,
    SuggestionFilters,
    Voice,
)
from singalike.client.suggestion_converters import (
    read_explanation,
    read_preset,
    read_singers,
    read_songs,
    write_options,
)
from singalike.recsys.suggestions import SingerExplanation
from singalike.v1 import recommender_service_pb2 as pb
from singalike.v1.recommender_service_pb2_grpc import RecommenderServiceStub


class SuggestionCalls(ABC):
    """How a client asks for singers and songs."""

    _recommender: RecommenderServiceStub

    def recommend_singers(
        self,
        voice: Voice | None = None,
        *,
        k: int = 10,
        timbre_style: float = 0.5,
        filters: SuggestionFilters | None = None,
        choices: SuggestionChoices | None = None,
        page_token: str = "",
    ) -> SingerSuggestions:
        """Find singers for a voice.

        Args:
            voice: A recording, what `embed` answered, or a `VoiceId`; None when seeds or a listener stand for it.
            k: Size of a page, 1 to 100.
            timbre_style: Dial from 0, timbre alone, to 1, style alone.
            filters: Who may be suggested.
            choices: How they are chosen.
            page_token: `next_page_token` of the page before, asked for with the same arguments.
        """
        options = write_options(k, timbre_style, filters, choices)
        request = pb.RecommendSingersRequest(options=options, page_token=page_token, **(self._voice(voice)))
        return read_singers(self._call(self._recommender.RecommendSingers, request))

    def recommend_songs(
        self,
        voice: Voice | None = None,
        *,
        k: int = 10,
        timbre_style: float = 0.5,
        filters: SuggestionFilters | None = None,
        choices: SuggestionChoices | None = None,
        page_token: str = "",
    ) -> SongSuggestions:
        """Find songs for a voice; the arguments are those of `recommend_singers`."""
        options = write_options(k, timbre_style, filters, choices)
        request = pb.RecommendSongsRequest(options=options, page_token=page_token, **(self._voice(voice)))
        return read_songs(self._call(self._recommender.RecommendSongs, request))

    def explain_singer(
        self,
        voice: Voice | None,
        singer_id: str,
        *,
        k: int = 10,
        timbre_style: float = 0.5,
        filters: SuggestionFilters | None = None,
        choices: SuggestionChoices | None = None,
    ) -> SingerExplanation:
        """Say why a singer is, or is not, among those suggested.

        Args:
            voice: As in `recommend_singers`.
            singer_id: Who.
            k: As in the call that the question is about; so are the others.
            timbre_style: Dial from 0, timbre alone, to 1, style alone.
            filters: Who may be suggested.
            choices: How they are chosen.
        """
        options = write_options(k, timbre_style, filters, choices)
        request = pb.ExplainSingerRequest(options=options, singer_id=singer_id, **(self._voice(voice)))
        return read_explanation(self._call(self._recommender.ExplainSinger, request))

    def list_presets(self) -> tuple[Preset, ...]:
        """List the presets of weights by name and version."""
        reply = self._call(self._recommender.ListPresets, pb.ListPresetsRequest())
        return tuple(map(read_preset, reply.presets))

    @abstractmethod
    def _voice(self, voice: Voice | None) -> dict[str, Any]:
        """Name the one field of a request that says whose voice."""

    @abstractmethod
    def _call(self, method: Any, request: Any, deadline_s: float | None = None) -> Any:
        """Call a method with the client's metadata; errors come back as ours."""
