"""How far a conversion is on the whole, and how long it will still take."""

from collections.abc import Callable, Mapping

from singalike.conversion.song import STAGES, Stage
from singalike.services.conversion_records import ConversionProgress

STAGE_COSTS: Mapping[Stage, float] = {
    Stage.SEPARATING: 0.025,
    Stage.LISTENING: 0.01,
    Stage.SHIFTING: 0.035,
    Stage.CONVERTING: 0.07,
    Stage.MIXING: 0.02,
    Stage.WRITING: 0.01,
}
"""Seconds of work for a second of song on one core of 2026, with the shipped separator and world-retrieval
(`python -m benchmarks.convert_song`); only their proportions matter once work has begun."""

FAITH_S = 3.0
"""Seconds of work that the costs above count like: the first measured second does not overthrow them."""


class StageClock:
    """Turns stages and their shares into progress.

    Args:
        duration_s: Length of the song.
        clock: Seconds, growing.
        costs: Seconds of work for a second of song, by stage.
    """

    def __init__(
        self,
        duration_s: float,
        clock: Callable[[], float],
        costs: Mapping[Stage, float] = STAGE_COSTS,
    ) -> None:
        self._expected_s = {stage: costs[stage] * duration_s for stage in STAGES}
        self._clock = clock
        self._started_s = clock()
        self._share = 0.0

    def skip(self, stage: Stage) -> None:
        """Expect nothing of a stage."""
        self._expected_s[stage] = 0.0

    def progress(self, stage: Stage, share: float) -> ConversionProgress:
        """Say how far the whole is.

        Args:
            stage: What is being done; those before it are over.
            share: Of the stage, in [0, 1].

        Returns:
            A share that never falls, below one, and the time left by what was expected, corrected by the time that what
            is done has taken.
        """
        before = sum(self._expected_s[each] for each in STAGES[: STAGES.index(stage)])
        done_s = before + self._expected_s[stage] * share
        total_s = max(sum(self._expected_s.values()), 1e-9)
        self._share = max(self._share, min(done_s / total_s, 0.999))
        slowness = (self._clock() - self._started_s + FAITH_S) / (done_s + FAITH_S)
        return ConversionProgress(stage, self._share, max(total_s - done_s, 0.0) * slowness)
