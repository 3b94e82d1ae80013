"""What a client is told of the running experiment."""

from dataclasses import dataclass

from singalike.v1 import feedback_pb2, recommender_service_pb2


@dataclass(frozen=True)
class ArmFigures:
    """What came of one arm.

    Attributes:
        arm, preset, share: Which, the weights that it tries, and for what share of listeners.
        exposures, listeners: Lists that were shown, and to how many.
        successes: Lists with at least one event worth something: finish, like, sing or convert.
        success_rate, low, high: successes / exposures with its 95 % interval; None without exposures.
        interleaving_wins: Interleaved lists of which more was chosen from this arm.
    """

    arm: str
    preset: str
    share: float
    exposures: int
    listeners: int
    successes: int
    success_rate: float | None
    low: float | None
    high: float | None
    interleaving_wins: int


@dataclass(frozen=True)
class ExperimentReport:
    """What came of the running experiment.

    Attributes:
        experiment: Its name; empty: none runs.
        arms: Its arms.
        ties: Interleaved lists on which neither arm won.
    """

    experiment: str
    arms: tuple[ArmFigures, ...]
    ties: int


def read_experiment_report(message: recommender_service_pb2.GetExperimentReportResponse) -> ExperimentReport:
    """Read the answer of GetExperimentReport."""
    return ExperimentReport(message.experiment, tuple(_read_arm(arm) for arm in message.arms), message.ties)


def _read_arm(message: feedback_pb2.ArmFigures) -> ArmFigures:
    known = message.HasField("success_rate")
    return ArmFigures(
        arm=message.arm,
        preset=message.preset,
        share=message.share,
        exposures=message.exposures,
        listeners=message.listeners,
        successes=message.successes,
        success_rate=message.success_rate if known else None,
        low=message.low if known else None,
        high=message.high if known else None,
        interleaving_wins=message.interleaving_wins,
    )
