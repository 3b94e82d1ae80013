"""The stages of a conversion, and how they say how far they are."""

from collections.abc import Callable
from enum import StrEnum

from singalike.audio.watching import Watch


class Stage(StrEnum):
    """What is being done with a song, in this order."""

    SEPARATING = "separating"
    LISTENING = "listening"
    SHIFTING = "shifting"
    CONVERTING = "converting"
    MIXING = "mixing"
    WRITING = "writing"


STAGES = tuple(Stage)

Report = Callable[[Stage, float], None]
"""Called every second or so of work with a stage and the share of it that is done, in [0, 1]; what it raises ends the
work: that is how a conversion is cancelled."""


def no_report(_stage: Stage, _share: float) -> None:
    """Stand in for who neither shows progress nor cancels."""


def watch_of(report: Report, stage: Stage, first: float = 0.0, last: float = 1.0) -> Watch:
    """Return what a step calls that is the part of a stage from `first` to `last`."""
    return lambda share: report(stage, first + (last - first) * share)
