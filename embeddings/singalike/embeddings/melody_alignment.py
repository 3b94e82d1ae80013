"""Align two sung melodies: where they share a phrase, and how strongly.

Each step of a recording is described by the projected features of the shingles around it, free of key and nearly of
tempo. Two recordings span a plane of cosines; the best local path through it, allowed to pause in either recording at a
price, is the shared phrase (Smith-Waterman). It re-ranks what the melody vector finds, and names the moments.

Source:
    Smith & Waterman 1981, Identification of common molecular subsequences, with a linear gap price.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.melody_vector import CosineFeatures, Floats, ShinglePreset, step_features
from singalike.embeddings.projection import Projection, unit

SIMILAR_FROM = 0.3
"""Cosine that neither helps nor harms a path."""

GAP_COST = 0.2
"""Price of one step in one recording alone."""


@dataclass(frozen=True)
class MelodyMatch:
    """The best shared phrase of two recordings.

    Attributes:
        score: Sum along the path over the square root of the shorter recording's steps; 0 when nothing is shared.
        start_s: Where the phrase begins in the first recording, in seconds.
        end_s: Where it ends there.
        other_start_s: Where it begins in the second recording.
        other_end_s: Where it ends there.
    """

    score: float
    start_s: float
    end_s: float
    other_start_s: float
    other_end_s: float


RANKED_FROM, RANKED_GAP_COST = 0.0, 0.1
"""The same for ranking, where a long faint likeness counts and sharp ends do not: chosen on sung training melodies."""

DEPTH = 50
"""Candidates, nearest by their vectors, that `rerank` aligns."""

_BEHIND = 1e3
"""Far below every fused score."""

NO_MATCH = MelodyMatch(0.0, 0.0, 0.0, 0.0, 0.0)


def melody_steps(pitch: PitchTrack, preset: ShinglePreset, features: CosineFeatures, projection: Projection) -> Floats:
    """Describe every step of a recording, float32 (steps, projection.dim), unit rows, zero where nothing is sung."""
    means = step_features(pitch, preset, features)
    described = unit(projection(means))
    described[~means.any(axis=1)] = 0.0
    return described


def align_steps(steps: Floats, other: Floats, step_s: float) -> MelodyMatch:
    """Find the best local alignment of two described recordings.

    Args:
        steps: float32 (n, dim), unit or zero rows.
        other: float32 (m, dim).
        step_s: Seconds from one step to the next.
    """
    if len(steps) == 0 or len(other) == 0:
        return NO_MATCH
    gains = steps @ other.T - SIMILAR_FROM
    scores, origins = _local_scores(gains)
    end, other_end = np.unravel_index(int(scores.argmax()), scores.shape)
    best = float(scores[end, other_end])
    if best <= 0.0:
        return NO_MATCH
    start, other_start = divmod(int(origins[end, other_end]), len(other))
    normalised = best / float(np.sqrt(min(len(steps), len(other))))
    return MelodyMatch(
        normalised, start * step_s, (int(end) + 1) * step_s, other_start * step_s, (int(other_end) + 1) * step_s
    )


def alignment_scores(
    steps: Floats,
    candidates: Sequence[Floats],
    similar_from: float = RANKED_FROM,
    gap_cost: float = RANKED_GAP_COST,
) -> NDArray[np.float64]:
    """Score the best local alignment with each of many recordings at once, as `align_steps` scores one.

    Args:
        steps: float32 (n, dim), unit or zero rows.
        candidates: float32 (m, dim) each; m may differ.
        similar_from: Cosine that neither helps nor harms a path.
        gap_cost: Price of one step in one recording alone.

    Returns:
        `MelodyMatch.score` for each candidate, float64 (candidates,).
    """
    sizes = np.array([len(candidate) for candidate in candidates], dtype=np.int64)
    if len(steps) == 0 or not sizes.any():
        return np.zeros(len(candidates))
    gains = np.full((len(steps), len(candidates), int(sizes.max())), -np.inf, dtype=np.float32)
    for place, candidate in enumerate(candidates):
        gains[:, place, : len(candidate)] = steps @ candidate.T - np.float32(similar_from)
    along = np.float32(gap_cost) * np.arange(gains.shape[2], dtype=np.float32)
    above, best = np.zeros(gains.shape[1:], np.float32), np.zeros(len(candidates), np.float32)
    for gain in gains:
        ended = gain.copy()
        ended[:, 1:] += above[:, :-1]  # scores are never below zero, so this is the better of going on and beginning
        np.maximum(ended, above - np.float32(gap_cost), out=ended)
        np.maximum(ended, 0.0, out=ended)
        above = np.maximum.accumulate(ended + along, axis=1) - along
        np.maximum(best, above.max(axis=1), out=best)
    return np.asarray(best / np.sqrt(np.maximum(np.minimum(sizes, len(steps)), 1)), dtype=np.float64)


def rerank(query: Floats, candidates: Sequence[Floats], similarity: Floats, depth: int = DEPTH) -> NDArray[np.float64]:
    """Order what the melody vector found once more, by how long and how closely each candidate runs along the query.

    The nearest `depth` candidates are aligned with the query; their alignment scores and their similarities, each in
    standard units among them, count half. The others stay behind them in the order of their similarities.

    Args:
        query: Described steps of the query, float32 (n, dim).
        candidates: Described steps of each candidate, (m, dim) each.
        similarity: Cosines of query and candidates by their melody vectors, (candidates,).
        depth: How many to align.

    Returns:
        float64 (candidates,), more is closer; only the order has a meaning.
    """
    fused = np.asarray(similarity, dtype=np.float64) - _BEHIND
    nearest = np.argsort(-similarity, kind="stable")[:depth]
    aligned = alignment_scores(query, [candidates[place] for place in nearest])
    fused[nearest] = 0.5 * _standard_units(similarity[nearest]) + 0.5 * _standard_units(aligned)
    return fused


def _standard_units(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray((scores - scores.mean()) / max(float(scores.std()), 1e-9), dtype=np.float64)


def _local_scores(gains: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Best sum of a path ending in each cell, and the cell (flat index) where that path began."""
    rows, columns = gains.shape
    scores = np.zeros((rows, columns), dtype=np.float32)
    origins = np.zeros((rows, columns), dtype=np.int64)
    above, above_from = np.zeros(columns, np.float32), np.zeros(columns, np.int64)
    along = GAP_COST * np.arange(columns, dtype=np.float32)
    place = np.arange(columns)
    for row in range(rows):
        diagonal = np.concatenate([[np.float32(0.0)], above[:-1]])
        diagonal_from = np.concatenate([[0], above_from[:-1]])
        fresh = diagonal <= 0.0
        best = np.maximum(diagonal, 0.0) + gains[row]
        best_from = np.where(fresh, row * columns + place, diagonal_from)
        down = above - GAP_COST
        best_from = np.where(down > best, above_from, best_from)
        best = np.maximum(np.maximum(best, down), 0.0)
        # A run of gaps along the row costs the same a step, so the best start of a run is a running maximum.
        lifted = best + along
        reached = np.maximum.accumulate(lifted)
        came_from = np.maximum.accumulate(np.where(lifted == reached, place, 0))
        above, above_from = (reached - along).astype(np.float32), best_from[came_from]
        scores[row], origins[row] = above, above_from
    return scores, origins
