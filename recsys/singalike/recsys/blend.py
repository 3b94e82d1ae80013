"""Signals blended into one score, under a preset with a name and a version."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from singalike.errors import FieldViolation, InvalidInputError
from singalike.recsys.calibration import Similarities
from singalike.recsys.signals import (
    COLLABORATIVE,
    FRESHNESS,
    KEY_FIT_GAIN,
    POPULARITY,
    SIGNALS,
    STYLE,
    TIMBRE,
    SignalTable,
)
from singalike.recsys.suggestions import Evidence

DISLIKES = "dislikes"
"""Name of the one contribution below zero."""

DISLIKE_SHARE = 0.8
"""Part of its score that something loses when it is itself disliked; what is near to it loses in proportion."""

BALANCED = 0.5

LEAST_SHARE = 1e-12
"""A weight that is less of the sum than this does not count: divided by it, nothing would be a number."""


@dataclass(frozen=True)
class BlendPreset:
    """Weights of signals, saved and evaluated under a name.

    Attributes:
        name, version: Which; a change of any weight is a new version.
        weights: Zero or above, by signal; only their ratios matter.
        ranks: "singers" or "songs".
        taste_half_weight_events: Events of a listener after which taste has half of its weight.
        description: What it is for, as a sentence.
        figures: Measured figures by name.
    """

    name: str
    version: int
    weights: Mapping[str, float]
    ranks: str = "singers"
    taste_half_weight_events: float = 20.0
    description: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Name and version, "name@version"."""
        return f"{self.name}@{self.version}"

    def dialled(self, timbre_style: float) -> "BlendPreset":
        """Move weight between timbre and style; what both have together stays.

        Args:
            timbre_style: 0 listens to timbre alone, .5 keeps the preset's own balance, 1 listens to style alone.

        Raises:
            InvalidInputError: BAD_TIMBRE_STYLE, outside [0, 1].
        """
        if not 0.0 <= timbre_style <= 1.0:
            raise InvalidInputError("BAD_TIMBRE_STYLE", "timbre_style lies between 0 (timbre) and 1 (style): change it")
        timbre, style = self.weights.get(TIMBRE, 0.0), self.weights.get(STYLE, 0.0)
        if timbre_style == BALANCED or not timbre + style:
            return self
        pull = timbre * (1.0 - timbre_style) + style * timbre_style
        to_style = style * timbre_style / pull if pull else timbre_style
        moved = {TIMBRE: (timbre + style) * (1.0 - to_style), STYLE: (timbre + style) * to_style}
        return replace(self, weights={**self.weights, **moved})

    def without(self, names: Collection[str]) -> "BlendPreset":
        """Switch signals off; those that the preset does not have are off already.

        Raises:
            InvalidInputError: UNKNOWN_SIGNAL; NO_SIGNAL_LEFT.
        """
        check_signals(names, "signals_off")
        return _checked(
            replace(self, weights={name: weight for name, weight in self.weights.items() if name not in names})
        )

    def weighing(self, weights: Mapping[str, float]) -> "BlendPreset":
        """Return this preset with weights of the caller's own; signals that they do not name do not count.

        Raises:
            InvalidInputError: UNKNOWN_SIGNAL; NO_SIGNAL_LEFT.
        """
        check_signals(weights, "weights")
        given = {name: weight for name, weight in sorted(weights.items()) if weight > 0}
        return _checked(replace(self, name=f"custom:{self.name}", weights=given, figures={}))

    def with_taste_of(self, event_count: int) -> "BlendPreset":
        """Let the collaborative weight grow with what is known of a listener: weight x n / (n + k).

        Args:
            event_count: n, events above zero of the listener; k is `taste_half_weight_events`.
        """
        if COLLABORATIVE not in self.weights:
            return self
        share = event_count / (event_count + self.taste_half_weight_events)
        return replace(self, weights={**self.weights, COLLABORATIVE: self.weights[COLLABORATIVE] * share})

    def shares(self) -> dict[str, float]:
        """Return the weights, scaled to sum to 1, without those that are no more than a rounding error of the sum."""
        total = sum(self.weights.values())
        return {name: weight / total for name, weight in self.weights.items() if weight > LEAST_SHARE * total}

    @property
    def is_personal(self) -> bool:
        """Whether it asks for anything about who asks, be it known or not."""
        return not self.weights.keys() <= {POPULARITY, FRESHNESS}


def check_signals(names: Collection[str], field_name: str) -> None:
    """Refuse names that no signal has.

    Raises:
        InvalidInputError: UNKNOWN_SIGNAL.
    """
    unknown = sorted(set(names) - set(SIGNALS))
    if unknown:
        message = f"no signal {unknown[0]!r}: name some of {', '.join(SIGNALS)}"
        raise InvalidInputError("UNKNOWN_SIGNAL", message, (FieldViolation(field_name, message),))


def _checked(preset: BlendPreset) -> BlendPreset:
    if not any(weight > 0 for weight in preset.weights.values()):
        message = f"no signal has a weight: leave one on, or weigh one above 0 ({KEY_FIT_GAIN} is of songs alone)"
        raise InvalidInputError("NO_SIGNAL_LEFT", message)
    return preset


@dataclass(frozen=True, eq=False)
class Blend:
    """Scores and where they come from.

    Attributes:
        weights: Above zero, by signal; they sum to 1 unless there is none.
        signals: Those of `weights`, float64 (rows,) each, in [0, 1] or NaN.
        nearness: float64 (rows,), how near each is to something disliked, in [0, 1].
        score: float64 (rows,), in [0, 1].
    """

    weights: Mapping[str, float]
    signals: SignalTable
    nearness: Similarities
    score: Similarities

    @property
    def is_personal(self) -> bool:
        """Whether anything was known about who asks."""
        return not set(self.weights) - set(self.missing) <= {POPULARITY, FRESHNESS}

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """Signals that could not be computed for any row."""
        return tuple(name for name in self.weights if bool(np.isnan(self.signals[name]).all()))

    def evidence_of(self, row: int) -> tuple[Evidence, ...]:
        """Return what the score of a row is made of, weightiest first; contributions sum to the score."""
        values = {name: float(self.signals[name][row]) for name in self.weights}
        known = sum(self.weights[name] for name, value in values.items() if not math.isnan(value))
        found = [
            Evidence(name, None, 0.0, 0.0)
            if math.isnan(value)
            else Evidence(name, value, self.weights[name] / known, value * self.weights[name] / known)
            for name, value in values.items()
        ]
        nearness = float(self.nearness[row])
        if nearness > 0:
            lost = DISLIKE_SHARE * sum(part.contribution for part in found)
            found.append(Evidence(DISLIKES, nearness, lost, -lost * nearness))
        return tuple(sorted(found, key=lambda part: -abs(part.contribution)))

    def contributions_of(self, row: int) -> dict[str, float]:
        """Return the contributions of one row, without those that could not be computed."""
        return {part.signal: part.contribution for part in self.evidence_of(row) if part.value is not None}


def blend(signals: SignalTable, preset: BlendPreset, nearness: Similarities | None = None) -> Blend:
    """Add up weighted signals; the weight of a signal that a row lacks is shared out among its others.

    Args:
        signals: By name, each in [0, 1] or NaN where it cannot be computed; all of one length, at least one.
        preset: Weights; signals that it does not name are not used.
        nearness: How near each row is to something disliked, in [0, 1]; None: nothing is.

    Returns:
        score = (sum of w_i s_i / sum of w_i over the known signals i of the row) x (1 - `DISLIKE_SHARE` x nearness); 0
        where none is known.
    """
    weights = {name: weight for name, weight in preset.shares().items() if name in signals}
    rows = len(next(iter(signals.values())))
    total, known_weight = np.zeros(rows), np.zeros(rows)
    for name, weight in weights.items():
        known = ~np.isnan(signals[name])
        np.add(total, weight * signals[name], out=total, where=known)
        known_weight += weight * known
    near = np.zeros(rows) if nearness is None else np.clip(nearness, 0.0, 1.0)
    score = np.minimum(total / np.where(known_weight > 0, known_weight, 1.0), 1.0)
    return Blend(weights, {name: signals[name] for name in weights}, near, score * (1.0 - DISLIKE_SHARE * near))
