"""What another preset would have come to, from a log of what was shown and what was made of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CONFIDENCE_Z = 1.959964
"""Of a 95 % interval."""


@dataclass(frozen=True)
class LoggedList:
    """One list that somebody was shown.

    Attributes:
        shown: Ids, best first.
        chosen: Those with an event worth something.
        would_show: What the other preset answers to the same request, best first.
        probability: That this list was shown, by the shares of the arms; None when not known.
    """

    shown: tuple[str, ...]
    chosen: frozenset[str]
    would_show: tuple[str, ...]
    probability: float | None = None


@dataclass(frozen=True)
class Share:
    """A share with its 95 % interval (Wilson); None without cases."""

    successes: int
    cases: int
    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ReplayFigures:
    """What a preset would have come to.

    Attributes:
        lists: Lists in the log.
        matched: Success (an event worth something) on the lists that the preset would have shown alike.
        by_probability: Success weighted by one over the probability of having been shown, self-normalised: the estimate
            for all lists rather than for those that were likely; None when no probability is known or nothing matched.
        kept_choices: Share of all chosen items that the preset would have shown too.
    """

    lists: int
    matched: Share
    by_probability: float | None
    kept_choices: Share


def share_of(successes: int, cases: int) -> Share:
    """Compute a share with its Wilson interval.

    Source:
        Wilson 1927, Probable inference, the law of succession, and statistical inference,
        https://doi.org/10.1080/01621459.1927.10502953.
    """
    if cases == 0:
        return Share(0, 0, None, None, None)
    rate, z2 = successes / cases, CONFIDENCE_Z**2
    centre = (rate + z2 / (2 * cases)) / (1 + z2 / cases)
    half = CONFIDENCE_Z / (1 + z2 / cases) * float(np.sqrt(rate * (1 - rate) / cases + z2 / (4 * cases**2)))
    return Share(successes, cases, rate, max(centre - half, 0.0), min(centre + half, 1.0))


def replay(log: Sequence[LoggedList], depth: int) -> ReplayFigures:
    """Judge a preset by a log of other presets.

    A list matches when the preset would have shown the same first `depth` items in the same order. Only matched lists
    say what listeners would have made of the preset; they are the fewer the more it differs.

    Args:
        log: Lists with what the preset would have shown instead.
        depth: Items that have to agree; shorter lists have to agree as a whole.

    Source:
        Li, Chu, Langford and Wang 2011, Unbiased offline evaluation of contextual-bandit-based news article
        recommendation algorithms, https://arxiv.org/abs/1003.5956; Swaminathan and Joachims 2015, The self-normalized
        estimator for counterfactual learning, for the weighted one.
    """
    matched = [one for one in log if one.shown[:depth] == one.would_show[:depth]]
    successes = [any(item in one.chosen for item in one.shown[:depth]) for one in matched]
    chosen = [(item, one) for one in log for item in one.chosen if item in one.shown]
    kept = sum(item in one.would_show[: max(depth, len(one.shown))] for item, one in chosen)
    return ReplayFigures(
        len(log), share_of(sum(successes), len(matched)), _weighted(matched, successes), share_of(kept, len(chosen))
    )


def _weighted(matched: Sequence[LoggedList], successes: Sequence[bool]) -> float | None:
    known = [
        (1.0 / one.probability, success)
        for one, success in zip(matched, successes, strict=True)
        if one.probability is not None and one.probability > 0
    ]
    total = sum(weight for weight, _ in known)
    return sum(weight * success for weight, success in known) / total if total else None
