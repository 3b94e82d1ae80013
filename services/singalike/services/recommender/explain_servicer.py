"""The method that says why a singer is, or is not, suggested."""
# ruff: noqa: ARG002, N802  the generated base class dictates names and arguments

import asyncio

from singalike.recsys.presets import SINGERS
from singalike.recsys.suggestions import SingerExplanation
from singalike.services.recommender.recommend import Recommender
from singalike.services.recommender.showing import Showing
from singalike.services.recommender.voices import Voices
from singalike.services.wire.converters import write_singer_suggestion
from singalike.services.wire.option_converters import read_options
from singalike.v1 import recommender_service_pb2 as pb
from singalike.v1.recommender_service_pb2_grpc import RecommenderServiceServicer


class ExplainServicer(RecommenderServiceServicer):
    """The part of `singalike.v1.RecommenderService` that answers "why" and "why not"."""

    _recommender: Recommender
    _voices: Voices
    _showing: Showing

    async def ExplainSinger(self, request: pb.ExplainSingerRequest, context: object) -> pb.ExplainSingerResponse:
        """Say why a singer is, or is not, among those suggested, by the preset that this listener is answered with."""
        await self._voices.admit(request)
        profile = await self._voices.find_any(request)
        options, _ = self._showing.choose(SINGERS, read_options(request.options))
        found = await asyncio.to_thread(self._recommender.explain_singer, profile, request.singer_id, options)
        return write_explanation(found)


def write_explanation(found: SingerExplanation) -> pb.ExplainSingerResponse:
    """Write why a singer is, or is not, suggested."""
    return pb.ExplainSingerResponse(
        singer=write_singer_suggestion(found.singer),
        rank=found.rank,
        ranked_count=found.ranked_count,
        suggested=found.suggested,
        barriers=found.barriers,
        gaps=[pb.SignalGap(signal=gap.signal, difference=gap.difference) for gap in found.gaps],
        explanation=found.explanation,
    )
