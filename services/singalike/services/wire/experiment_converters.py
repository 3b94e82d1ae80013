"""What came of an experiment, as messages."""

from singalike.services.listeners.experiment_report import ArmReport, ExperimentReport
from singalike.v1 import feedback_pb2, recommender_service_pb2


def write_experiment_report(report: ExperimentReport) -> recommender_service_pb2.GetExperimentReportResponse:
    """Write what came of an experiment."""
    return recommender_service_pb2.GetExperimentReportResponse(
        experiment=report.name, arms=[_write_arm(arm) for arm in report.arms], ties=report.ties
    )


def _write_arm(report: ArmReport) -> feedback_pb2.ArmFigures:
    return feedback_pb2.ArmFigures(
        arm=report.arm.name,
        preset=report.arm.preset,
        share=report.arm.share,
        exposures=report.exposures,
        listeners=report.listeners,
        successes=report.success.successes,
        success_rate=report.success.rate,
        low=report.success.low,
        high=report.success.high,
        interleaving_wins=report.interleaving_wins,
    )
