"""The methods about listeners: feedback, exclusions, presets and experiments."""
# ruff: noqa: ARG002, N802  the generated base class dictates names and arguments

from singalike.errors import WrongStateError
from singalike.v1 import recommender_service_pb2 as pb
from singalike.v1.recommender_service_pb2_grpc import RecommenderServiceServicer


class ListenerServicer(RecommenderServiceServicer):
    """The part of `singalike.v1.RecommenderService` that learns from listeners."""

    async def ExplainSinger(self, request: pb.ExplainSingerRequest, context: object) -> pb.ExplainSingerResponse:
        """Not there yet."""
        raise WrongStateError("NOT_THERE_YET", "not there yet")

    async def RecordFeedback(self, request: pb.RecordFeedbackRequest, context: object) -> pb.RecordFeedbackResponse:
        """Not there yet."""
        raise WrongStateError("NOT_THERE_YET", "not there yet")

    async def ListFeedback(self, request: pb.ListFeedbackRequest, context: object) -> pb.ListFeedbackResponse:
        """Not there yet."""
        raise WrongStateError("NOT_THERE_YET", "not there yet")

    async def DeleteFeedback(self, request: pb.DeleteFeedbackRequest, context: object) -> pb.DeleteFeedbackResponse:
        """Not there yet."""
        raise WrongStateError("NOT_THERE_YET", "not there yet")

    async def CreateExclusion(self, request: pb.CreateExclusionRequest, context: object) -> pb.CreateExclusionResponse:
        """Not there yet."""
        raise WrongStateError("NOT_THERE_YET", "not there yet")

    async def ListExclusions(self, request: pb.ListExclusionsRequest, context: object) -> pb.ListExclusionsResponse:
        """Not there yet."""
        raise WrongStateError("NOT_THERE_YET", "not there yet")

    async def DeleteExclusion(self, request: pb.DeleteExclusionRequest, context: object) -> pb.DeleteExclusionResponse:
        """Not there yet."""
        raise WrongStateError("NOT_THERE_YET", "not there yet")

    async def DeleteListener(self, request: pb.DeleteListenerRequest, context: object) -> pb.DeleteListenerResponse:
        """Not there yet."""
        raise WrongStateError("NOT_THERE_YET", "not there yet")

    async def ListPresets(self, request: pb.ListPresetsRequest, context: object) -> pb.ListPresetsResponse:
        """Not there yet."""
        raise WrongStateError("NOT_THERE_YET", "not there yet")

    async def GetExperimentReport(
        self, request: pb.GetExperimentReportRequest, context: object
    ) -> pb.GetExperimentReportResponse:
        """Not there yet."""
        raise WrongStateError("NOT_THERE_YET", "not there yet")
