"""The method about experiments."""
# ruff: noqa: ARG002, N802  the generated base class dictates names and arguments

import asyncio
from collections.abc import Callable
from datetime import datetime

from singalike.services.listeners.experiment_report import ExperimentReport, report_experiment
from singalike.services.listeners.listener_ports import FeedbackStore
from singalike.services.recommender.recommend import Recommender
from singalike.services.recommender.showing import Showing
from singalike.services.wire.experiment_converters import write_experiment_report
from singalike.services.wire.validators import validate
from singalike.v1 import recommender_service_pb2 as pb
from singalike.v1.recommender_service_pb2_grpc import RecommenderServiceServicer


class ExperimentServicer(RecommenderServiceServicer):
    """The part of `singalike.v1.RecommenderService` that says what came of experiments."""

    _showing: Showing
    _recommender: Recommender
    _feedback: FeedbackStore
    _now: Callable[[], datetime]

    async def GetExperimentReport(
        self, request: pb.GetExperimentReportRequest, context: object
    ) -> pb.GetExperimentReportResponse:
        """Say what came of the running experiment."""
        validate(request)
        return write_experiment_report(await asyncio.to_thread(self._report))

    def _report(self) -> ExperimentReport:
        experiment = self._showing.experiment
        if experiment is None:
            return ExperimentReport()
        self._showing.flush()
        singer_of = {track.track_id: track.singer_id for track in self._recommender.view().tracks}
        return report_experiment(experiment, self._feedback, singer_of, self._now())
