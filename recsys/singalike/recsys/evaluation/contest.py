"""Several ways to rank the same candidates for the same queries, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.evaluation.intervals import mean_interval
from singalike.embeddings.evaluation.section import Figure, Row
from singalike.embeddings.profile import Vectors
from singalike.recsys.blend import BlendPreset
from singalike.recsys.evaluation.told_chances import listed_calibration_error
from singalike.recsys.ranking_metrics import (
    Marks,
    Ranking,
    Values,
    average_precisions,
    coverage_at,
    diversities_at,
    ndcgs_at,
    novelties_at,
    rank,
    recalls_at,
    reciprocal_ranks,
)

LISTED = 10
"""Length of the lists that are judged."""

LENGTHS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50)
"""Lengths in the curves of recall."""

UNKNOWN = -1.0
"""Score of a candidate of whom a signal says nothing: behind all of whom it says something."""


@dataclass(frozen=True, eq=False)
class Contest:
    """What is to be found.

    Attributes:
        name: The set of queries, as the table calls it.
        relevant: bool (queries, candidates).
        vectors: Unit rows, float32 (candidates, dim): how alike the candidates are, for diversity.
        groups: Whose each query is: intervals draw whole groups. None draws queries.
        known_by: float64 (candidates,), share of listeners who know each, for novelty; None leaves it out.
        known: bool (queries, candidates), what the person knows already and is not to be shown; None: nothing.
    """

    name: str
    relevant: Marks
    vectors: Vectors
    groups: Sequence[str] | None = None
    known_by: Values | None = None
    known: Marks | None = None

    def rank(self, scores: Values) -> Ranking:
        """Rank all candidates; of whom the scores say nothing (NaN) come last.

        Args:
            scores: float64 (queries, candidates), in [0, 1] or NaN.
        """
        told = _told(scores)
        return rank(told if self.known is None else np.where(self.known, -np.inf, told), self.relevant)

    def judge(self, scores: Mapping[str, Values]) -> list[Row]:
        """Return one row a method; the first one is ours, and is compared with every other, query by query.

        Args:
            scores: By method, float64 (queries, candidates), in [0, 1] or NaN. What is NaN everywhere says nothing, and
                has no figures.
        """
        first = ndcgs_at(self.rank(next(iter(scores.values()))), LISTED)
        return [
            self._row(name, values, first if place else None) for place, (name, values) in enumerate(scores.items())
        ]

    def recall_curves(self, scores: Mapping[str, Values]) -> Mapping[str, Sequence[tuple[float, float]]]:
        """Return recall over the length of the list, by method."""
        lengths = [length for length in LENGTHS if length <= self.relevant.shape[1]]
        rankings = {name: self.rank(values) for name, values in scores.items() if not np.isnan(values).all()}
        return {
            name: [(float(length), float(recalls_at(ranking, length).mean())) for length in lengths]
            for name, ranking in rankings.items()
        }

    def _row(self, name: str, scores: Values, first: Values | None) -> Row:
        baseline = first is not None
        if np.isnan(scores).all():
            silent = {f"NDCG@{LISTED}": Figure(float("nan"))}
            return Row(name, self.name, len(self.relevant), silent, baseline=baseline)
        ranking = self.rank(scores)
        figures = self._figures(ranking)
        chances = listed_calibration_error(_told(scores), ranking, LISTED, self._group_numbers())
        figures["calibration error"] = Figure(chances)
        if first is not None:
            figures["blend ahead"] = mean_interval(first - ndcgs_at(ranking, LISTED), self.groups)
        return Row(name, self.name, len(self.relevant), figures, baseline=baseline)

    def _group_numbers(self) -> NDArray[np.intp]:
        names = np.arange(len(self.relevant)) if self.groups is None else np.array(self.groups)
        return np.asarray(np.unique(names, return_inverse=True)[1], dtype=np.intp)

    def _figures(self, ranking: Ranking) -> dict[str, Figure]:
        figures = {
            f"NDCG@{LISTED}": mean_interval(ndcgs_at(ranking, LISTED), self.groups),
            "recall@1": mean_interval(recalls_at(ranking, 1), self.groups),
            f"recall@{LISTED}": mean_interval(recalls_at(ranking, LISTED), self.groups),
            "MAP": mean_interval(average_precisions(ranking), self.groups),
            "MRR": mean_interval(reciprocal_ranks(ranking), self.groups),
            "coverage": Figure(coverage_at(ranking, LISTED, self.relevant.shape[1])),
            "diversity": Figure(float(np.nanmean(diversities_at(ranking, LISTED, self.vectors)))),
        }
        if self.known_by is not None:
            figures["novelty"] = Figure(float(novelties_at(ranking, LISTED, self.known_by).mean()))
        return figures


def preset_note(preset: BlendPreset) -> str:
    """Say which weights were judged."""
    weights = ", ".join(f"{name} {share:.2f}" for name, share in preset.shares().items())
    half = f"taste has half of its weight after {preset.taste_half_weight_events:g} events"
    return f"Blend: {preset.label}, {weights}; {half}."


def _told(scores: Values) -> Values:
    return np.where(np.isnan(scores), UNKNOWN, scores)
