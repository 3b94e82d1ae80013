"""The mapping as the specification writes it: moments of the target that fit, mixed with its statistics."""

import numpy as np
from numpy.typing import NDArray

from singalike.conversion.world_retrieval.analysis import Frames
from singalike.conversion.world_retrieval.statistics import Spread

Floats = NDArray[np.float32]

KEY_COEFFICIENTS = 24
CONTEXT = (-6, -3, 0, 3, 6)
CANDIDATES, KEPT = 32, 8
PITCH_WEIGHT = 2.0
RETRIEVED_SHARE = 0.75
SMOOTHED_ROWS = 5
_BLOCK = 512


def content_keys(normalised: Floats) -> Floats:
    """Describe what is sung, whoever sings it: c1 to c24 of a row and of four around it.

    Args:
        normalised: float32 (frames, 59), from `Spread.normalised`.

    Returns:
        float32 (frames, 120).
    """
    rows = np.arange(len(normalised))
    places = [np.clip(rows + offset, 0, len(normalised) - 1) for offset in CONTEXT]
    return np.concatenate([normalised[place, :KEY_COEFFICIENTS] for place in places], axis=1)


def retrieve(keys: Floats, log2_f0: Floats, target_keys: Floats, target_log2_f0: Floats, values: Floats) -> Floats:
    """Average the moments of the target that fit each row best.

    Of the 32 nearest in keys the 8 nearest are kept, where the distance of two voiced rows grows by
    (1 + 2 |octaves between their pitches|); they weigh as 1 / distance².

    Args:
        keys: float32 (frames, dims).
        log2_f0: float32 (frames,), NaN where unvoiced.
        target_keys: float32 (target frames, dims).
        target_log2_f0: float32 (target frames,), NaN where unvoiced.
        values: float32 (target frames, values).

    Returns:
        float32 (frames, values).
    """
    found = np.empty((len(keys), values.shape[1]), dtype=np.float32)
    norms = np.square(target_keys).sum(axis=1)
    candidates, kept = min(CANDIDATES, len(values)), min(KEPT, len(values))
    for first in range(0, len(keys), _BLOCK):
        block = keys[first : first + _BLOCK]
        square = norms - 2.0 * block @ target_keys.T + np.square(block).sum(axis=1, keepdims=True)
        near = np.argpartition(square, candidates - 1, axis=1)[:, :candidates]
        distance = np.sqrt(np.maximum(np.take_along_axis(square, near, axis=1), 1e-6))
        octaves = np.abs(log2_f0[first : first + _BLOCK, None] - target_log2_f0[near])
        distance *= 1.0 + PITCH_WEIGHT * np.nan_to_num(octaves)
        best = np.argpartition(distance, kept - 1, axis=1)[:, :kept]
        weight = 1.0 / np.square(np.take_along_axis(distance, best, axis=1))
        weight /= weight.sum(axis=1, keepdims=True)
        chosen = np.take_along_axis(near, best, axis=1)
        found[first : first + _BLOCK] = np.einsum("nk,nkd->nd", weight, values[chosen])
    return found


def smoothed(rows: Floats, taps: int = SMOOTHED_ROWS) -> Floats:
    """Average every row with its neighbours, (frames, dims)."""
    padded = np.pad(rows, ((taps // 2, taps // 2), (0, 0)), mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, taps, axis=0).mean(axis=-1), dtype=np.float32)


def with_spread(cepstra: Floats, frames: Frames, target: Spread) -> Floats:
    """Restore the deviations that averaging took away.

    Args:
        cepstra: float32 (frames, 59), c1 to c59.
        frames: The rows that they belong to.
        target: Of the voice whose deviations are wanted.
    """
    restored = cepstra.copy()
    sounding, voiced = frames.sounding, frames.voiced
    for kind in (False, True):
        chosen = voiced == kind
        measured = cepstra[chosen & sounding]
        if len(measured) < 2:
            continue
        mean, deviation = measured.mean(axis=0), measured.std(axis=0) + 1e-3
        restored[chosen] = mean + (cepstra[chosen] - mean) * (target.deviation[int(kind)] / deviation)
    return restored


def log2_pitch(frames: Frames) -> NDArray[np.float32]:
    """Octaves over 1 Hz, NaN where unvoiced."""
    with np.errstate(divide="ignore"):
        return np.where(frames.voiced, np.log2(frames.f0_hz), np.nan).astype(np.float32)
