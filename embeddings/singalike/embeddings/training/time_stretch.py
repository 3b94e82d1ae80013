"""Longer or shorter at the same pitch and timbre: waveform-similarity overlap-add.

Windows of 32 ms are taken from the recording at the new speed and overlapped at the old one. Each is taken from where
within 10 ms it continues the one before best, so a voice keeps its periods and hears no phases smeared, as a phase
vocoder would do.

Source:
    Verhelst and Roelands 1993, WSOLA, https://doi.org/10.1109/ICASSP.1993.319366.
"""

import numpy as np
from numpy.typing import NDArray

from singalike.errors import InvalidInputError

_WINDOW = 512
_HOP = _WINDOW // 2
_REACH = 160
"""Samples to either side: 20 ms in all hold a whole period of any voice above 50 Hz."""

_COARSE = 2
"""Periods are compared at half the rate, four times as fast; 125 us of error do not break a voice."""

_MOST = 4.0


def time_stretch(waveform: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """Make a recording `factor` times as long.

    Args:
        waveform: float32 (samples,) at 16 000 Hz.
        factor: Above one is slower; 0.25 to 4.

    Returns:
        float32 (round(samples * factor),).

    Raises:
        InvalidInputError: STRETCH_RANGE, TOO_SHORT.
    """
    if not 1 / _MOST <= factor <= _MOST:
        raise InvalidInputError("STRETCH_RANGE", f"stretch by 0.25 to 4, not by {factor}")
    if len(waveform) < 2 * _WINDOW:
        raise InvalidInputError("TOO_SHORT", f"pass at least {2 * _WINDOW} samples, not {len(waveform)}")
    length = round(len(waveform) * factor)
    padded = np.pad(waveform, (_HOP + _REACH, 2 * _WINDOW + 2 * _REACH))
    window = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
    stretched = np.zeros(length + 2 * _WINDOW, dtype=np.float32)
    for start, taken in enumerate(_places(padded, length // _HOP + 2, factor)):
        stretched[start * _HOP : start * _HOP + _WINDOW] += window * padded[taken : taken + _WINDOW]
    # The first window is centred at sample 0, so half of it lies before the recording.
    return stretched[_HOP : _HOP + length]


def _places(padded: NDArray[np.float32], windows: int, factor: float) -> list[int]:
    """Choose where each window is taken from, in samples of `padded`."""
    last = len(padded) - _WINDOW - _REACH - _HOP
    coarse = padded[: len(padded) // _COARSE * _COARSE].reshape(-1, _COARSE).sum(axis=1)
    energy = np.concatenate([[0.0], np.cumsum(coarse.astype(np.float64) ** 2)])
    places, taken = [], _REACH
    for number in range(windows):
        wanted = min(round(number * _HOP / factor) + _REACH, last)
        if number:
            taken = wanted + _best_offset(coarse, energy, taken + _HOP, wanted)
        places.append(taken)
    return places


def _best_offset(coarse: NDArray[np.float32], energy: NDArray[np.float64], natural: int, wanted: int) -> int:
    """Return the offset, within the reach, at which the sound at `wanted` is most like the one at `natural`."""
    width, reach = _WINDOW // _COARSE, _REACH // _COARSE
    follows = coarse[natural // _COARSE :][:width]
    first = wanted // _COARSE - reach
    alike = np.correlate(coarse[first : first + width + 2 * reach], follows, "valid")
    ends = first + width + np.arange(2 * reach + 1)
    power = energy[ends] - energy[ends - width]
    return _COARSE * (int(np.argmax(alike / np.sqrt(power + 1e-9))) - reach)
