"""The demo checks itself: do singers who are near by their parameters also rank high by their sound?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.audio.synthesis import SingerVoice
from singalike.services.demo.hidden import by_distance, parameter_distance

TOP = 3
CLEARLY = 3.0
"""The check passes when the mean rank is this many standard errors better than drawing lots."""


@dataclass(frozen=True)
class SelfCheck:
    """How the suggestions agree with the truth.

    Attributes:
        ranks: For each hidden voice the place, from 1, of the singer nearest by parameters.
        agreements: For each, the rank correlation between suggested order and order by parameters, in [-1, 1].
        singers: Singers in the catalogue.
    """

    ranks: tuple[int, ...]
    agreements: tuple[float, ...]
    singers: int

    @property
    def mean_rank(self) -> float:
        """Mean place of the nearest singer; 1 is perfect."""
        return float(np.mean(self.ranks))

    @property
    def chance_mean_rank(self) -> float:
        """The mean place by drawing lots."""
        return 0.5 * (self.singers + 1)

    def hits_at(self, places: int) -> float:
        """Return the share of hidden voices whose nearest singer is among the first `places`."""
        return float(np.mean(np.array(self.ranks) <= places))

    def chance_at(self, places: int) -> float:
        """Return that share by drawing lots."""
        return min(places / self.singers, 1.0)

    @property
    def agreement(self) -> float:
        """Mean rank correlation of the whole order; 0 by drawing lots."""
        return float(np.mean(self.agreements))

    @property
    def standard_errors(self) -> float:
        """How far the mean rank is better than by drawing lots, in standard errors of drawing lots."""
        # A rank drawn from 1..n has the variance (n^2 - 1) / 12.
        error = np.sqrt((self.singers**2 - 1) / 12.0 / len(self.ranks))
        return float((self.chance_mean_rank - self.mean_rank) / error)

    @property
    def passed(self) -> bool:
        """Whether the suggestions are clearly better than drawing lots."""
        return self.standard_errors >= CLEARLY


def check(hidden: Sequence[SingerVoice], suggested: Sequence[Sequence[int]], known: Sequence[SingerVoice]) -> SelfCheck:
    """Compare suggestions with the truth.

    Args:
        hidden: The voices that asked; at least one.
        suggested: For each the positions in `known`, best first; all of `known` or the best part of it.
        known: The singers of the catalogue.
    """
    ranks, agreements = [], []
    for voice, order in zip(hidden, suggested, strict=True):
        # Who was not suggested shares the place behind the last.
        places = np.full(len(known), len(order) + 1)
        places[list(order)] = np.arange(1, len(order) + 1)
        ranks.append(int(places[by_distance(voice, known)[0]]))
        agreements.append(_rank_correlation(places, [parameter_distance(voice, other) for other in known]))
    return SelfCheck(tuple(ranks), tuple(agreements), len(known))


def _rank_correlation(places: NDArray[np.int64], distances: Sequence[float]) -> float:
    order = np.argsort(np.argsort(distances))
    return float(np.corrcoef(places, order)[0, 1]) if len(set(places.tolist())) > 1 else 0.0
