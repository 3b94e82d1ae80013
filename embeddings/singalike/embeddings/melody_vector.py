"""The melody vector: what is sung, whoever sings it, in whatever key.

Octave slips of the tracker are taken back and consonants bridged. Every 64 ms, and at five tempos, six pitches spread
over three to five seconds make a shingle: their median is subtracted, so a transposition changes nothing. Random cosine
features turn a shingle into a point whose inner products approximate a Gaussian kernel; their average over the
recording is its kernel mean: two recordings with the same phrases are close wherever the phrases stand. A discriminant
projection, fitted on pairs of renditions, keeps what phrases differ in and drops what singers differ in.

Sources:
    Rahimi & Recht 2007, Random features for large-scale kernel machines, algorithm 1.
    Muandet et al. 2017, Kernel mean embedding of distributions, https://arxiv.org/abs/1605.09522.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.octave_repair import repair_octaves
from singalike.embeddings.projection import Projection, unit

Floats = NDArray[np.float32]

_BLOCK = 64
"""Shingles whose features fit the second-level cache."""

SHORTEST_VOICED_S = 1.5
"""Less singing than this has no melody: its vector is zero."""


@dataclass(frozen=True)
class ShinglePreset:
    """How a pitch track is cut into shingles.

    Attributes:
        step_s: From one shingle to the next.
        length_s: Span of a shingle at the recording's own tempo.
        tempos: Factors on the span; they cover more than a quarter to either side, so a tempo 15 % off costs little.
        bridged_s: Pauses up to this long are sung through in a straight line: consonants are the singer's, not the
            melody's. At zero the track is taken as it is, octave slips and all.
        points: Pitches in a shingle.
        voiced_share: Share of its points that must be voiced.
        widest: Largest distance from the median, in semitones.
        features: Random cosine features.
        kernel_width: Of the Gaussian kernel, in semitones for each root of a point.
        seed: Of the random features.
    """

    step_s: float = 0.064
    length_s: float = 3.0
    tempos: tuple[float, ...] = (0.93, 1.07, 1.235, 1.42, 1.63)
    points: int = 6
    voiced_share: float = 0.6
    widest: float = 7.0
    features: int = 1024
    kernel_width: float = 0.7
    seed: int = 0
    bridged_s: float = 0.3

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ShinglePreset":
        """Rebuild a preset from JSON values."""
        fields: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
        return cls(**{"bridged_s": 0.0, **fields})  # what was saved before there were bridges has none

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values that `from_dict` takes back."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class CosineFeatures:
    """Random features of a Gaussian kernel.

    Attributes:
        directions: float32 (points, features).
        phases: float32 (features,), in radians.
    """

    directions: Floats
    phases: Floats

    @classmethod
    def draw(cls, preset: ShinglePreset) -> "CosineFeatures":
        """Draw the features that a preset's seed names."""
        rng = np.random.default_rng(preset.seed)
        width = preset.kernel_width * np.sqrt(preset.points)
        directions = rng.normal(size=(preset.points, preset.features)) / width
        return cls(directions.astype(np.float32), rng.uniform(0, 2 * np.pi, preset.features).astype(np.float32))

    def mean(self, shingles: Floats) -> Floats:
        """Average the features of shingles (n, points), n above zero: the kernel mean (features,)."""
        total = np.zeros(len(self.phases), dtype=np.float64)
        for _, points in self.blocks(shingles):
            total += points.sum(axis=0)
        return np.asarray(total / len(shingles), dtype=np.float32)

    def blocks(self, shingles: Floats) -> Iterator[tuple[slice, Floats]]:
        """Turn shingles (n, points) into features block by block, which is twice as fast as all at once.

        Yields:
            The rows of a block and their features, float32 (rows, features), overwritten by the next block.
        """
        room = np.empty((_BLOCK, len(self.phases)), dtype=np.float32)
        for first in range(0, len(shingles), _BLOCK):
            rows = slice(first, min(first + _BLOCK, len(shingles)))
            points = np.matmul(shingles[rows], self.directions, out=room[: rows.stop - first])
            points += self.phases
            yield rows, np.cos(points, out=points)


def cut_shingles(pitch: PitchTrack, preset: ShinglePreset) -> Floats:
    """Cut a pitch track into transposition-free shingles.

    Args:
        pitch: The melody as sung.
        preset: Step, span and tempos.

    Returns:
        float32 (shingles, points): semitones from the shingle's median, zero where unvoiced.
    """
    midi_pitch = _sung_through(pitch, preset)
    return np.concatenate([_shingles(midi_pitch, pitch.hop_s, tempo, preset)[0] for tempo in preset.tempos])


def step_features(pitch: PitchTrack, preset: ShinglePreset, features: CosineFeatures) -> Floats:
    """Average the features of the shingles centred at every step, over the tempos.

    Returns:
        float32 (steps, features), one row every `step_s`; zero where too little is sung around it.
    """
    total, count = _step_sums(pitch, preset, features)
    return np.asarray(total / np.maximum(count, 1)[:, None], dtype=np.float32)


def _step_sums(pitch: PitchTrack, preset: ShinglePreset, features: CosineFeatures) -> tuple[Floats, NDArray[np.int64]]:
    """Add up the features of the shingles centred at every step, (steps, features), and count them, (steps,)."""
    step = max(round(preset.step_s / pitch.hop_s), 1)
    steps = max(-(-len(pitch.f0_hz) // step), 1)
    midi_pitch = _sung_through(pitch, preset)
    cuts = [_shingles(midi_pitch, pitch.hop_s, tempo, preset) for tempo in preset.tempos]
    rows = [np.round(centres / step).astype(np.int64) for _, centres in cuts]
    every = np.concatenate([*rows, [0, steps - 1]])
    before = -int(every.min())
    # Shingles centred outside of the recording have rows of their own until all are there.
    room = np.zeros((before + int(every.max()) + 1, preset.features), dtype=np.float32)
    for (shingles, _), places in zip(cuts, rows, strict=True):
        for block, points in features.blocks(shingles):
            _add(room, places[block] + before, points)
    total = room[before : before + steps]
    total[0] += room[:before].sum(axis=0)
    total[-1] += room[before + steps :].sum(axis=0)
    return total, np.bincount(np.clip(np.concatenate(rows), 0, steps - 1), minlength=steps)


def _add(total: Floats, rows: NDArray[np.int64], points: Floats) -> None:
    """Add points to rows that rise: shingles of one tempo stand a step apart, so each has a row of its own."""
    if rows[-1] - rows[0] == len(rows) - 1:
        total[rows[0] : rows[-1] + 1] += points
    else:
        total[rows] += points


def _sung_through(pitch: PitchTrack, preset: ShinglePreset) -> Floats:
    """Pitches (frames,) with octave slips taken back and short pauses bridged, NaN in the longer ones."""
    if preset.bridged_s <= 0.0:
        return pitch.midi_pitch.astype(np.float32)
    midi_pitch = repair_octaves(pitch).midi_pitch
    sung = np.flatnonzero(np.isfinite(midi_pitch))
    if len(sung) == 0:
        return midi_pitch.astype(np.float32)
    frames = np.arange(len(midi_pitch))
    after = np.searchsorted(sung, frames)
    earlier, later = sung[np.maximum(after - 1, 0)], sung[np.minimum(after, len(sung) - 1)]
    inside = (frames > sung[0]) & (frames < sung[-1]) & ((later - earlier) * pitch.hop_s <= preset.bridged_s)
    bridged = np.where(inside, np.interp(frames, sung, midi_pitch[sung]), midi_pitch)
    return np.asarray(bridged, dtype=np.float32)


def _shingles(
    midi_pitch: Floats, hop_s: float, tempo: float, preset: ShinglePreset
) -> tuple[Floats, NDArray[np.float64]]:
    """Shingles of one tempo and the frames of their centres."""
    step, span = max(round(preset.step_s / hop_s), 1), preset.length_s * tempo / hop_s
    # A shingle may hang over either end as long as enough of it is sung, so short phrases count too.
    margin = int(span * (1.0 - preset.voiced_share)) + 1
    padded = np.pad(midi_pitch, margin, constant_values=np.nan)
    offsets = np.round(np.linspace(0.0, span, preset.points)).astype(np.int64)
    starts = np.arange(0, max(len(padded) - offsets[-1], 0), step)
    values = padded[starts[:, None] + offsets]
    sung = np.isfinite(values).sum(axis=1) >= preset.voiced_share * preset.points
    centres = starts[sung] + 0.5 * span - margin
    if not sung.any():
        return np.zeros((0, preset.points), dtype=np.float32), centres
    centred = values[sung] - _median(values[sung])
    return np.clip(np.nan_to_num(centred), -preset.widest, preset.widest).astype(np.float32), centres


def _median(values: Floats) -> Floats:
    """Median of each row's finite values, (rows, 1); numpy's own takes many times as long on such short rows."""
    ordered = np.sort(values, axis=1)  # NaN goes last
    finite = np.isfinite(values).sum(axis=1, keepdims=True)
    lower = np.take_along_axis(ordered, (finite - 1) // 2, axis=1)
    return np.asarray(0.5 * (lower + np.take_along_axis(ordered, finite // 2, axis=1)))


def kernel_mean(pitch: PitchTrack, preset: ShinglePreset, features: CosineFeatures) -> Floats | None:
    """Average a recording's shingles in feature space, or give None where too little was sung."""
    if pitch.voiced_s < SHORTEST_VOICED_S:
        return None
    shingles = cut_shingles(pitch, preset)
    return features.mean(shingles) if len(shingles) else None


def span_vectors(
    pitch: PitchTrack,
    spans: Sequence[tuple[float, float]],
    preset: ShinglePreset,
    features: CosineFeatures,
    projection: Projection,
) -> Floats:
    """Turn parts of a recording into unit melody vectors, computing each shingle once however many parts share it.

    Args:
        pitch: Of the whole recording.
        spans: Start and end of each part, in seconds.
        preset: How shingles are cut.
        features: What turns a shingle into a point.
        projection: From the mean of the points to the vector.

    Returns:
        float32 (spans, projection.dim), zero rows where less than 1.5 s was sung or no shingle is centred.
    """
    total, count = _step_sums(pitch, preset, features)
    step_s = max(round(preset.step_s / pitch.hop_s), 1) * pitch.hop_s
    means, enough = np.zeros((len(spans), preset.features), dtype=np.float32), np.zeros(len(spans), dtype=bool)
    for row, (start_s, end_s) in enumerate(spans):
        part = slice(round(start_s / step_s), round(end_s / step_s))
        shingles = int(count[part].sum())
        enough[row] = shingles > 0 and pitch.cut(start_s, end_s).voiced_s >= SHORTEST_VOICED_S
        means[row] = total[part].sum(axis=0) / max(shingles, 1)
    vectors = np.zeros((len(spans), projection.dim), dtype=np.float32)
    vectors[enough] = unit(projection(means[enough]))
    return vectors


def melody_vector(pitch: PitchTrack, preset: ShinglePreset, features: CosineFeatures, projection: Projection) -> Floats:
    """Turn a pitch track into a unit melody vector (projection.dim,), zero where too little was sung."""
    mean = kernel_mean(pitch, preset, features)
    return np.zeros(projection.dim, dtype=np.float32) if mean is None else unit(projection(mean))
