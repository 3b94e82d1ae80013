"""Weights of a preset that find most: climbed to one weight at a time, on queries that nothing is judged on."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.recsys.ranking_metrics import Marks, Values
from singalike.recsys.signals import COLLABORATIVE

STEPS = (3.0, 1.6, 1.25, 1.1)
"""Factors by which weights are tried larger and smaller, in turn."""

HALF_WEIGHTS = (2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 40.0)
"""Events after which taste has half of its weight, as tried; not one, as one event may be a slip."""

LEAST_GAIN = 2e-4


@dataclass(frozen=True, eq=False)
class FitTask:
    """Queries that weights are fitted on.

    Attributes:
        signals: By name, float (queries, candidates), in [0, 1] or NaN; a signal that is absent is not known.
        relevant: bool (queries, candidates), at least one in each row.
        known: bool, same shape, what is not to be shown; None: nothing.
        events: int64 (queries,), events behind each query's taste.
        share: Weight of this task among the others.
    """

    signals: Mapping[str, Values]
    relevant: Marks
    events: NDArray[np.int64]
    known: Marks | None = None
    share: float = 1.0

    def ndcg(self, weights: Mapping[str, float], half_weight_events: float, k: int = 10) -> float:
        """Return the mean NDCG@k of the blend under weights, as `blend` scores it."""
        total = np.zeros(self.relevant.shape, dtype=np.float32)
        whole = np.zeros(self.relevant.shape, dtype=np.float32)
        for name, weight in weights.items():
            if weight <= 0 or name not in self.signals:
                continue
            values = self.signals[name]
            grown = self.events / (self.events + half_weight_events) if name == COLLABORATIVE else 1.0
            column = np.broadcast_to(np.asarray(weight * grown, np.float32), self.events.shape)[:, None]
            total += column * np.nan_to_num(values)
            whole += column * ~np.isnan(values)
        score = total / np.where(whole > 0, whole, 1.0)
        if self.known is not None:
            score[self.known] = -1.0
        return float(_ndcgs(score, self.relevant, k).mean())


@dataclass(frozen=True)
class FittedWeights:
    """Where the climb ended.

    Attributes:
        weights: By signal, summing to 1.
        half_weight_events: Events after which taste has half of its weight.
        gain: Mean NDCG@10 over the tasks.
    """

    weights: Mapping[str, float]
    half_weight_events: float
    gain: float


def best_weights(
    tasks: Sequence[FitTask], start: Mapping[str, float], half_weight_events: float, tied: Collection[str] = ()
) -> FittedWeights:
    """Climb from given weights and from even ones, as a climb may end on a lower hill; return the higher end.

    Args:
        tasks: As in `fit_weights`.
        start: As in `fit_weights`.
        half_weight_events: As in `fit_weights`.
        tied: As in `fit_weights`; from even weights these begin with an even share together.
    """
    groups = _groups(start, tied)
    even = {
        name: start[name] / sum(start[other] for other in group) / len(groups) for group in groups for name in group
    }
    ends = [fit_weights(tasks, weights, half_weight_events, tied) for weights in (start, even)]
    return max(ends, key=lambda end: end.gain)


def fit_weights(
    tasks: Sequence[FitTask], start: Mapping[str, float], half_weight_events: float, tied: Collection[str] = ()
) -> FittedWeights:
    """Change one weight after the other as long as the mean NDCG@10 of the tasks grows.

    Args:
        tasks: Of every kind that the weights have to serve.
        start: Weights above zero to begin with; other signals stay out.
        half_weight_events: To begin with.
        tied: Signals whose weights keep their ratios.

    Returns:
        A maximum that no single change improves; nothing in it is drawn by chance.
    """
    best = _Candidate.of(tasks, dict(start), half_weight_events)
    for step in STEPS:
        improved = True
        while improved:
            before = best.gain
            for group in _groups(start, tied):
                for factor in (step, 1.0 / step):
                    changed = {name: best.weights[name] * factor for name in group}
                    best = best.or_better(_Candidate.of(tasks, {**best.weights, **changed}, best.half_weight_events))
            for events in HALF_WEIGHTS:
                best = best.or_better(_Candidate.of(tasks, best.weights, events))
            improved = best.gain > before + LEAST_GAIN
    total = sum(best.weights.values())
    return FittedWeights(
        {name: weight / total for name, weight in best.weights.items()}, best.half_weight_events, best.gain
    )


def _groups(names: Collection[str], tied: Collection[str]) -> list[tuple[str, ...]]:
    together = tuple(name for name in names if name in tied)
    return [*([together] if together else []), *((name,) for name in names if name not in tied)]


@dataclass(frozen=True)
class _Candidate:
    weights: Mapping[str, float]
    half_weight_events: float
    gain: float

    @classmethod
    def of(cls, tasks: Sequence[FitTask], weights: Mapping[str, float], half_weight_events: float) -> "_Candidate":
        shares = sum(task.share for task in tasks)
        gain = sum(task.share * task.ndcg(weights, half_weight_events) for task in tasks) / shares
        return cls(weights, half_weight_events, gain)

    def or_better(self, other: "_Candidate") -> "_Candidate":
        return other if other.gain > self.gain + LEAST_GAIN else self


def _ndcgs(score: NDArray[np.floating], relevant: Marks, k: int) -> Values:
    """As `ranking_metrics.ndcgs_at` but for ties, without ordering what lies behind the list."""
    k = min(k, score.shape[1])
    top = np.argpartition(-score, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(score, top, axis=1), axis=1, kind="stable")
    found = np.take_along_axis(relevant, np.take_along_axis(top, order, axis=1), axis=1)
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(discount)[np.minimum(relevant.sum(axis=1), k) - 1]
    return np.asarray((found @ discount) / ideal)
