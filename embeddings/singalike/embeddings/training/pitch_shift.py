"""Another pitch, with the voice kept or with another vocal tract.

A recording that is stretched and then played faster by as much keeps its length and rises in pitch; its formants rise
as well, as if a smaller person sang. To keep the voice, the spectral envelope is moved back before, frame by frame.
"""

import numpy as np
import soxr
from numpy.typing import NDArray
from scipy import fft

from singalike.embeddings.training.time_stretch import time_stretch

_WINDOW = 512
_HOP = _WINDOW // 4
_QUEFRENCIES = 30
"""Cepstral coefficients of the envelope: 1.9 ms, below the period of a soprano and fine enough for formants."""

_LARGEST_GAIN = 5.0
"""Nats of amplitude; an envelope that falls into silence must not be divided by."""


def shift_pitch(
    waveform: NDArray[np.float32], pitch_ratio: float, formant_ratio: float = 1.0, stretch: float = 1.0
) -> NDArray[np.float32]:
    """Multiply pitch, formants and length of a recording, each by its own ratio.

    Args:
        waveform: float32 (samples,) at 16 000 Hz, a voice; chords suffer a little.
        pitch_ratio: Of the new pitch to the old one.
        formant_ratio: Of the new formants to the old ones; 1 keeps the voice, `pitch_ratio` is a plain resampling.
        stretch: Of the new length to the old one.

    Returns:
        float32, about samples * stretch; shorter by rounding at most.

    Raises:
        InvalidInputError: STRETCH_RANGE, stretch * pitch_ratio outside 0.25 to 4; TOO_SHORT, less than 64 ms.
    """
    if formant_ratio != pitch_ratio:
        waveform = move_envelope(waveform, formant_ratio / pitch_ratio)
    stretched = time_stretch(waveform, stretch * pitch_ratio)
    if pitch_ratio == 1.0:
        return stretched
    return np.asarray(soxr.resample(stretched, pitch_ratio, 1.0, quality="MQ"), dtype=np.float32)


def move_envelope(waveform: NDArray[np.float32], ratio: float) -> NDArray[np.float32]:
    """Multiply the frequencies of the spectral envelope, the harmonics left where they are.

    Args:
        waveform: float32 (samples,) at 16 000 Hz.
        ratio: Of the new formants to the old ones.

    Returns:
        float32 (samples,).
    """
    frames = len(waveform) // _HOP + 5
    padded = np.pad(waveform, (_WINDOW - _HOP, frames * _HOP + _WINDOW - _HOP - len(waveform)))
    window = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
    pieces = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[: frames * _HOP : _HOP] * window
    spectrum = fft.rfft(pieces, axis=1)
    envelope = _log_envelope(spectrum)
    gain = np.clip(_warped(envelope, ratio) - envelope, -_LARGEST_GAIN, _LARGEST_GAIN)
    moved = fft.irfft(spectrum * np.exp(gain), _WINDOW, axis=1) * window
    overlapped = np.zeros((frames + 3, _HOP), dtype=np.float32)
    for part in range(4):
        overlapped[part : part + frames] += moved[:, part * _HOP : (part + 1) * _HOP]
    # Squared Hann windows a quarter apart add up to 1.5.
    return np.asarray(overlapped.reshape(-1)[_WINDOW - _HOP :][: len(waveform)] / 1.5, dtype=np.float32)


def _log_envelope(spectrum: NDArray[np.complex64]) -> NDArray[np.float32]:
    """Smooth the log amplitude of each frame (frames, bins) by keeping low quefrencies."""
    logs = np.log(np.abs(spectrum) + 1e-5)
    cepstrum = fft.irfft(logs, axis=1)[:, : _QUEFRENCIES + 1]
    cepstrum[:, 1:] *= 2 * (0.5 + 0.5 * np.cos(np.pi * np.arange(1, _QUEFRENCIES + 1) / (_QUEFRENCIES + 1)))
    padded = np.pad(cepstrum, ((0, 0), (0, _WINDOW - _QUEFRENCIES - 1)))
    return np.asarray(fft.rfft(padded, axis=1).real, dtype=np.float32)


def _warped(envelope: NDArray[np.float32], ratio: float) -> NDArray[np.float32]:
    """Read each envelope (frames, bins) at frequencies divided by the ratio, the last bin beyond its end."""
    at = np.minimum(np.arange(envelope.shape[1]) / ratio, envelope.shape[1] - 1.001)
    left = at.astype(np.int64)
    share = (at - left).astype(np.float32)
    return np.asarray(envelope[:, left] * (1 - share) + envelope[:, left + 1] * share)
