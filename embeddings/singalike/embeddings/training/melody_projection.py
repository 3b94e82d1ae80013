"""Fitting the projection of the melody vector on renditions of the same phrases by different invented voices."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.linalg import eigh

from singalike.audio.pitch import PitchTrack, midi_to_hz
from singalike.embeddings.mel import MELODY_MEL
from singalike.embeddings.melody_vector import CosineFeatures, Floats, ShinglePreset, kernel_mean
from singalike.embeddings.projection import Projection
from singalike.embeddings.training.contours import plan_contour, vary
from singalike.embeddings.training.note_lines import NoteLine
from singalike.embeddings.training.recorded_voices import HOP_LENGTH

SHRINKAGE = 0.3
"""Share of the within-phrase covariance that is replaced by its own diagonal."""

_LONGEST_OFFSET_S = 3.3

Sing = Callable[[Sequence[NoteLine], Sequence[float], Generator], list[PitchTrack]]
"""Sings lines of the given lengths in seconds, each with its own voice, and tells what was heard."""


def sing_contours(lines: Sequence[NoteLine], lengths_s: Sequence[float], rng: Generator) -> list[PitchTrack]:
    """Tell the pitch as it was planned, without any sound: fast, and free of a tracker's errors."""
    tracks = []
    for line, length_s in zip(lines, lengths_s, strict=True):
        contour = plan_contour(vary(line, rng, float(np.exp(rng.uniform(-0.2, 0.2)))).cut(0.0, length_s), length_s, rng)
        f0_hz = np.where(contour.voiced, midi_to_hz(contour.midi_pitch), np.nan)
        every = MELODY_MEL.hop_length // HOP_LENGTH
        voicing = contour.voiced[::every].astype(np.float32)
        tracks.append(PitchTrack(f0_hz[::every].astype(np.float32), voicing, MELODY_MEL.hop_s))
    return tracks


def slip(track: PitchTrack, rng: Generator) -> PitchTrack:
    """Make a tracker's mistakes: 0.4 short stretches a second are lost, an octave or a fifth off, or a little wrong."""
    f0_hz = track.f0_hz.copy()
    for _ in range(rng.poisson(0.4 * len(f0_hz) * track.hop_s)):
        first = int(rng.integers(0, len(f0_hz)))
        stretch = slice(first, first + int(rng.integers(3, 20)))
        factors = (np.nan, np.nan, 0.5, 1.5, 2.0, 2.0 ** (rng.normal(0.0, 2.0) / 12.0))
        f0_hz[stretch] *= np.float32(factors[int(rng.integers(0, len(factors)))])
    return PitchTrack(f0_hz, track.voicing, track.hop_s)


def sing_with_slips(lines: Sequence[NoteLine], lengths_s: Sequence[float], rng: Generator) -> list[PitchTrack]:
    """Tell the planned pitch as a tracker might have heard it."""
    return [slip(track, rng) for track in sing_contours(lines, lengths_s, rng)]


def kernel_means(
    lines: Sequence[NoteLine], phrases: int, renditions: int, sing: Sing, preset: ShinglePreset, seed: int
) -> tuple[Floats, NDArray[np.int64]]:
    """Render phrases several times and average their shingles.

    Args:
        lines: Songs to take phrases from, in turn.
        phrases: How many.
        renditions: Of each phrase, offset by up to 3.3 s from each other.
        sing: Gives the pitch of lines.
        preset: Of the shingles.
        seed: Of all chance.

    Returns:
        Kernel means (n, features) and the phrase that each belongs to.
    """
    rng = np.random.default_rng(seed)
    features = CosineFeatures.draw(preset)
    means, labels = [], []
    for phrase in range(phrases):
        line = lines[int(rng.integers(0, len(lines)))]
        length_s = float(rng.uniform(5.0, 14.0))
        start_s = line.sung_window(rng, length_s)
        cuts = [line.cut(offset_s := start_s + rng.uniform(0.0, _LONGEST_OFFSET_S), offset_s + 1.5 * length_s)
                for _ in range(renditions)]  # fmt: skip
        sung = [cut for cut in cuts if len(cut.midi_pitch)]
        for track in sing(sung, [length_s] * len(sung), rng):
            mean = kernel_mean(track, preset, features)
            if mean is not None:
                means.append(mean)
                labels.append(phrase)
    return np.stack(means), np.array(labels)


def fit_discriminant(values: Floats, labels: NDArray[np.int64], dim: int) -> Projection:
    """Fit a linear discriminant: what phrases differ in over what renditions of one phrase differ in.

    Args:
        values: float32 (n, inputs).
        labels: Class of each row, (n,).
        dim: Directions to keep, best first.

    Returns:
        The projection; within-class variance is one along each of its directions.

    Source:
        Fisher 1936; the within-class covariance is shrunk to its diagonal as in Friedman 1989.
    """
    classes, index, counts = np.unique(labels, return_inverse=True, return_counts=True)
    centroids = np.zeros((len(classes), values.shape[1]))
    np.add.at(centroids, index, values)
    centroids /= counts[:, None]
    residual = values - centroids[index]
    within = residual.T @ residual / max(len(values) - len(classes), 1)
    within = (1.0 - SHRINKAGE) * within + SHRINKAGE * np.diag(np.diag(within))
    mean = values.mean(axis=0)
    spread = (centroids - mean) * np.sqrt(counts / len(values))[:, None]
    _, directions = eigh(spread.T @ spread, within, subset_by_index=(values.shape[1] - dim, values.shape[1] - 1))
    return Projection(mean.astype(np.float32), directions[:, ::-1].astype(np.float32))
