"""What is known of conversions, in numbers that a cache can keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from singalike.conversion.evaluation.contenders import Contender
from singalike.conversion.metrics import Similarities
from singalike.embeddings.evaluation.vector_cache import VectorCache

Row = NDArray[np.float32]


@dataclass(frozen=True)
class Figures:
    """One conversion in numbers, NaN where something cannot be told.

    Attributes:
        source_target: Cosine of our timbre vectors, see `Similarities`; the next two as well.
        converted_target: See `Similarities`.
        other_take_target: See `Similarities`.
        content: See `content_kept`.
        correlation: See `PitchFigures`; the next four as well.
        rmse_cents: See `PitchFigures`.
        gross_error: See `PitchFigures`.
        voicing_error: See `PitchFigures`.
        left_out: See `PitchFigures`.
        distortion_db: Mel-cepstral distortion from the source.
        naturalness: Predicted opinion, 1 to 5.
        real_time_factor: Seconds of work for a second of sound.
        peak_mib: Memory that came with the conversion.
    """

    source_target: float
    converted_target: float
    other_take_target: float
    content: float
    correlation: float
    rmse_cents: float
    gross_error: float
    voicing_error: float
    left_out: float
    distortion_db: float
    naturalness: float
    real_time_factor: float
    peak_mib: float

    @property
    def ours(self) -> Similarities:
        """The cosines of our timbre vector."""
        return Similarities(self.source_target, self.converted_target, self.other_take_target)

    def to_row(self) -> Row:
        """Return the numbers in order, float32 (13,)."""
        return np.array([getattr(self, one.name) for one in fields(self)], dtype=np.float32)

    @classmethod
    def from_row(cls, row: Row) -> "Figures":
        """Read what `to_row` has written."""
        return cls(*(float(number) for number in row))


@dataclass(frozen=True, eq=False)
class Judged:
    """What is known of one contender on the pairs of a set.

    Attributes:
        contender: Who.
        figures: By the name of the pair; pairs that it refuses are absent.
        peers: By peer, the cosines of that peer's vector by the name of the pair.
        refused: What it said to the pairs that it refuses, by name.
    """

    contender: Contender
    figures: Mapping[str, Figures]
    peers: Mapping[str, Mapping[str, Similarities]]
    refused: Mapping[str, str]


class Book:
    """Rows of earlier runs, kept as soon as they are known."""

    def __init__(self, cache: VectorCache, table: str) -> None:
        self._cache, self._table = cache, table
        self._rows = cache.load(table)

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def __getitem__(self, key: str) -> Row:
        return self._rows[key]

    def put(self, rows: Mapping[str, Sequence[float] | Row]) -> None:
        """Write rows down."""
        self._rows |= {key: np.asarray(row, dtype=np.float32) for key, row in rows.items()}
        self._cache.save(self._table, self._rows)
