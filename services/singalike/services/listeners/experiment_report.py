"""Use case: what came of an experiment, from what was shown and what listeners did with it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from singalike.recsys.experiments import Arm, Experiment
from singalike.recsys.interleaving import preferred_team
from singalike.recsys.replay import Share, share_of
from singalike.services.listeners.listener_records import CONVERT, FINISH, LIKE, SING, Exposure, Feedback

WORTH_SOMETHING = frozenset({FINISH, LIKE, SING, CONVERT})
"""Events that make a list a success."""


@dataclass(frozen=True)
class ArmReport:
    """What came of one arm.

    Attributes:
        arm: Which.
        exposures: Lists that it made, alone or with another arm.
        listeners: Who were shown one.
        success: Lists of which something was finished, liked, sung or converted; where two arms made a list, something
            that this one gave.
        interleaving_wins: Lists made by two arms of which more was chosen from this one.
    """

    arm: Arm
    exposures: int
    listeners: int
    success: Share
    interleaving_wins: int


@dataclass(frozen=True)
class ExperimentReport:
    """What came of an experiment.

    Attributes:
        name: Of the experiment; empty: none runs.
        arms: In the order of the experiment.
        ties: Lists made by two arms on which neither won.
    """

    name: str = ""
    arms: tuple[ArmReport, ...] = ()
    ties: int = 0


class ExperimentHistory(Protocol):
    """What is read of a `FeedbackStore`."""

    def walk_events(self, now: datetime) -> Iterable[tuple[str, Feedback]]:
        """Walk over the events of all listeners that have not run out."""

    def walk_exposures(self, experiment: str = "") -> Iterable[Exposure]:
        """Walk over exposures, oldest first."""


def report_experiment(
    experiment: Experiment, history: ExperimentHistory, singer_of: Mapping[str, str], now: datetime
) -> ExperimentReport:
    """Count what came of an experiment.

    Args:
        experiment: Which.
        history: What was shown and done.
        singer_of: Singer of each track: what is done to a track counts for its singer on a list of singers.
        now: UTC.
    """
    choices = chosen_items(history, singer_of, now)
    shown, done, wins = Counter[str](), Counter[str](), Counter[str]()
    listeners: dict[str, set[str]] = {arm.name: set() for arm in experiment.arms}
    for exposure in history.walk_exposures(experiment.name):
        chosen = choices.get((exposure.listener_id, exposure.exposure_id), frozenset())
        gave = dict(zip(exposure.items, exposure.teams, strict=True)) if exposure.teams else {}
        for arm in exposure.arm.split("+"):
            shown[arm] += 1
            listeners.setdefault(arm, set()).add(exposure.listener_id)
            done[arm] += any(gave.get(item) == arm for item in chosen) if gave else bool(chosen)
        if gave:
            wins[preferred_team(exposure.items, exposure.teams, chosen)] += 1
    arms = [
        ArmReport(
            arm,
            shown[arm.name],
            len(listeners[arm.name]),
            share_of(done[arm.name], shown[arm.name]),
            wins[arm.name],
        )
        for arm in experiment.arms
    ]
    return ExperimentReport(experiment.name, tuple(arms), wins[""])


def chosen_items(
    history: ExperimentHistory, singer_of: Mapping[str, str], now: datetime
) -> dict[tuple[str, str], frozenset[str]]:
    """Collect what listeners chose of the lists that they were shown.

    Returns:
        Ids of tracks and singers by (listener_id, exposure_id).
    """
    chosen: dict[tuple[str, str], set[str]] = {}
    for listener_id, event in history.walk_events(now):
        if event.exposure_id and event.kind in WORTH_SOMETHING:
            ids = {event.track_id, event.singer_id, singer_of.get(event.track_id, "")} - {""}
            chosen.setdefault((listener_id, event.exposure_id), set()).update(ids)
    return {key: frozenset(ids) for key, ids in chosen.items()}
