"""Signals blended into one score, under a preset with a name and a version."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from singalike.errors import InvalidInputError
from singalike.recsys.calibration import Similarities
from singalike.recsys.signals import SignalTable


@dataclass(frozen=True)
class BlendPreset:
    """Weights of signals, saved and evaluated under a name.

    Attributes:
        name, version: Which; a change of any weight is a new version.
        weights: Above zero, by signal; only their ratios matter.
    """

    name: str
    version: int
    weights: Mapping[str, float]

    def dialled(self, timbre_style: float) -> "BlendPreset":
        """Move weight between timbre and style; what both have together stays.

        Args:
            timbre_style: 0 listens to timbre alone, .5 keeps the preset's own balance, 1 listens to style alone.

        Raises:
            InvalidInputError: BAD_TIMBRE_STYLE, outside [0, 1].
        """
        if not 0.0 <= timbre_style <= 1.0:
            raise InvalidInputError("BAD_TIMBRE_STYLE", "timbre_style lies between 0 (timbre) and 1 (style): change it")
        timbre, style = self.weights["timbre"], self.weights["style"]
        pull = timbre * (1.0 - timbre_style) + style * timbre_style
        scale = (timbre + style) / pull
        moved = {"timbre": timbre * (1.0 - timbre_style) * scale, "style": style * timbre_style * scale}
        return BlendPreset(self.name, self.version, {**self.weights, **moved})

    def without(self, names: Collection[str]) -> "BlendPreset":
        """Switch signals off.

        Raises:
            InvalidInputError: UNKNOWN_SIGNAL, a name the preset does not have.
        """
        unknown = sorted(set(names) - set(self.weights))
        if unknown:
            known = ", ".join(self.weights)
            raise InvalidInputError("UNKNOWN_SIGNAL", f"no signal {unknown[0]!r}: name some of {known}")
        return BlendPreset(
            self.name, self.version, {name: weight for name, weight in self.weights.items() if name not in names}
        )


VOICE_SINGERS = BlendPreset(
    "voice-singers",
    1,
    MappingProxyType({"timbre": 0.68, "style": 0.08, "melody": 0.02, "voice_gender": 0.12, "tessitura": 0.1}),
)
"""Singers for a voice without history: timbre leads, gender and tessitura keep it singable.

A style about a tenth as heavy as timbre names most singers of held-out sung sentences (RAVDESS); more than that follows
the recording channel, and so does melody.
"""

VOICE_SONGS = BlendPreset("voice-songs", 1, MappingProxyType({"singer": 0.5, "key_fit": 0.3, "melody": 0.2}))
"""Songs of the nearest singers: whose song, whether it can be sung, whether it moves like what was sung."""


@dataclass(frozen=True, eq=False)
class Blend:
    """Scores and where they come from.

    Attributes:
        score: float64 (rows,), in [0, 1].
        contributions: Share of each signal in the score, float64 (rows,) each, summing to it; NaN where the signal
            could not be computed.
        missing: Signals that could not be computed for any row.
    """

    score: Similarities
    contributions: Mapping[str, Similarities]
    missing: tuple[str, ...]

    def contributions_of(self, row: int) -> dict[str, float]:
        """Return the contributions of one row, without those that could not be computed."""
        values = {name: float(column[row]) for name, column in self.contributions.items()}
        return {name: value for name, value in values.items() if not np.isnan(value)}


def blend(signals: SignalTable, preset: BlendPreset) -> Blend:
    """Add up weighted signals; the weight of a signal that a row lacks is shared out among its others.

    Args:
        signals: By name, each in [0, 1] or NaN where it cannot be computed; all of one length.
        preset: Weights; signals that it does not name are not used.

    Returns:
        score = sum of w_i s_i / sum of w_i over the known signals i of the row; 0 where none is known.
    """
    names = [name for name in preset.weights if name in signals]
    values = np.stack([signals[name] for name in names])
    weights = np.array([preset.weights[name] for name in names])[:, None] * ~np.isnan(values)
    total = weights.sum(axis=0)
    shares = weights / np.where(total > 0, total, 1.0)
    contributions = shares * np.clip(np.nan_to_num(values), 0.0, 1.0)
    missing = np.isnan(values)
    return Blend(
        score=np.minimum(contributions.sum(axis=0), 1.0),
        contributions={
            name: np.where(gone, np.nan, part) for name, part, gone in zip(names, contributions, missing, strict=True)
        },
        missing=tuple(name for name, gone in zip(names, missing, strict=True) if gone.all()),
    )
