"""Sound as a grid of cells: how far each stands out over its neighbours, against how far those around it do."""

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from singalike.audio.separation.stft import BLOCK_FRAMES, Spectra
from singalike.conversion.watermark.layout import BAND_BINS, BANDS, FIRST_BIN

FLOOR = 1e-6
"""Power under which a cell counts as silence: about -105 dB of a full-scale tone."""

NEIGHBOURHOOD = (33, 9)
"""Cells in time and bands over which the usual is taken: a second and 560 Hz."""

LEAST_USUAL, MOST_USUAL = 0.15, 0.8
OUTLIER = 1.5
TIME_WEIGHT, BAND_WEIGHT = 1 / 3, 1 / 6

Cells = NDArray[np.float32]


def sum_bands(spectra: list[Spectra]) -> Cells:
    """Add up the power of all channels in every band.

    Args:
        spectra: One a channel, complex64 (frames, bins).

    Returns:
        Power, float32 (frames, BANDS).
    """
    bands = np.zeros((len(spectra[0]), BANDS), np.float32)
    for channel in spectra:
        for first in range(0, len(channel), BLOCK_FRAMES):
            part = channel[first : first + BLOCK_FRAMES, FIRST_BIN : FIRST_BIN + BANDS * BAND_BINS]
            power = np.square(part.real) + np.square(part.imag)
            bands[first : first + BLOCK_FRAMES] += power.reshape(len(part), BANDS, BAND_BINS).sum(axis=2)
    return bands


def stand_out(power: Cells) -> tuple[Cells, Cells]:
    """Compare every cell with the four beside it.

    Args:
        power: float32 (cells, BANDS).

    Returns:
        By how much the logarithm of a cell's power stands out over its neighbours', and how far cells around there
        usually do (root mean square, within LEAST_USUAL and MOST_USUAL), both float32 (cells, BANDS).
    """
    standing = _against_neighbours(np.log(power + np.float32(FLOOR)))
    square = scipy.ndimage.uniform_filter(np.square(standing), NEIGHBOURHOOD, mode="nearest")
    return standing, np.clip(np.sqrt(np.maximum(square, 0.0)), LEAST_USUAL, MOST_USUAL)


def gather_evidence(power: Cells) -> Cells:
    """Say of every cell how much it looks raised.

    Measured against the usual and cut at OUTLIER, an onset counts no more than a breath. Comparing with the neighbours
    a second time collects what a raised cell did to theirs: the matched filter of the first comparison.

    Args:
        power: float32 (cells, BANDS).

    Returns:
        Positive where it looks raised, negative where lowered, zero in silence, float32 (cells, BANDS).
    """
    standing, usual = stand_out(power)
    return _against_neighbours(np.clip(standing / usual, -OUTLIER, OUTLIER))


def _against_neighbours(values: Cells) -> Cells:
    """Subtract the weighted mean of the cells before, after, below and above; an edge is its own neighbour."""
    padded = np.pad(values, 1, mode="edge")
    in_time = padded[:-2, 1:-1] + padded[2:, 1:-1]
    in_bands = padded[1:-1, :-2] + padded[1:-1, 2:]
    standing = values - np.float32(TIME_WEIGHT) * in_time - np.float32(BAND_WEIGHT) * in_bands
    return np.asarray(standing, dtype=np.float32)
