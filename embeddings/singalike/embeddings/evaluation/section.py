"""What an evaluation returns: tables of figures, as values that any report can print."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes:
        value: The number; NaN where it cannot be told.
        low: Lower end of the 95 % interval, None where none was computed.
        high: Upper end of it.
    """

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Row:
    """One method on one set of recordings.

    Attributes:
        method: "timbre", "mean-mel", "chance", ...
        recordings: The set, for instance "ravdess singing"; figures are never pooled over sets.
        count: Recordings, queries or pairs behind the figures.
        figures: By name, in the order in which they are printed.
        baseline: Whether the method stands there only for comparison.
    """

    method: str
    recordings: str
    count: int
    figures: Mapping[str, Figure]
    baseline: bool = False


@dataclass(frozen=True, eq=False)
class SoundView:
    """What a sound looks like.

    Attributes:
        title: What it is.
        level_db: float32 (bins, frames), its spectrogram in dB of its loudest moment, from 0 Hz and 0 s upwards.
        f0_hz: float32 (steps,), its pitch, NaN where unvoiced.
        f0_hop_s: Seconds from one step to the next.
        duration_s: What the frames span.
        highest_hz: What the bins span.
    """

    title: str
    level_db: NDArray[np.float32]
    f0_hz: NDArray[np.float32]
    f0_hop_s: float
    duration_s: float
    highest_hz: float


@dataclass(frozen=True)
class Section:
    """One table of a report.

    Attributes:
        name: A short name, unique in the report: "timbre", "timbre-3s", "melody-transposed".
        title: One line for people.
        notes: Sentences under the table: what the figures mean, what was left out.
        rows: The table.
        curves: Data of plots by name, each a mapping of a series' name to (x, y) points; drawn by the report. The
            first word of the name chooses the picture: "det" (false alarms against misses), "umap" (a cloud of points
            for each series), "confusion" (a series is a row, x the column's index, y the share); any other is lines.
        views: Sounds by the name of the picture that shows them below one another; drawn by the report, not in JSON.
    """

    name: str
    title: str
    rows: Sequence[Row]
    notes: Sequence[str] = ()
    curves: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]] = field(default_factory=dict)
    views: Mapping[str, Sequence[SoundView]] = field(default_factory=dict)
