"""Suspect a second voice from what is left when the harmonics of the first are taken away."""

from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack
from singalike.audio.resample import resample
from singalike.audio.sound import Sound, Waveform

ANALYSIS_RATE = 16_000
FRAME = 2048  # 128 ms: harmonics of 80 Hz stand apart
EVERY_S = 0.1
MAX_FRAMES = 400
LEAST_VOICED_S = 3.0
FINE_LOWEST_HZ, FINE_CENTS, FINE_STEPS = 60.0, 4.0, 1200
CANDIDATES_HZ = np.geomspace(80.0, 800.0, 200)
HARMONICS, HARMONIC_DECAY, HARMONIC_WIDTH_HZ = 8, 0.85, 12.0
LEAST_WEIGHT = 1e-12
REMOVED_HZ, REMOVED_SHARE = 30.0, 0.015
FLOOR_BINS = slice(5, 400)
SUSPICIOUS_STRENGTH = 0.31

_BINS_HZ = np.fft.rfftfreq(FRAME, 1 / ANALYSIS_RATE)
_TOO_LOW = np.less(_BINS_HZ, CANDIDATES_HZ[0] - 10)
_WINDOW = np.hanning(FRAME).astype(np.float32)


def suspect_second_voice(sound: Sound, pitch: PitchTrack) -> bool:
    """Say whether two or more voices seem to sound together.

    It is built to raise few false alarms and so misses many a second voice; `benchmarks/quality.py` prints how many of
    each. Under three seconds of voice it says no: echoing rooms and unsteady pitch leave as much behind for a moment.

    Args:
        sound: The recording.
        pitch: Its strongest voice.
    """
    return pitch.voiced_s >= LEAST_VOICED_S and second_voice_strength(sound, pitch) > SUSPICIOUS_STRENGTH


def second_voice_strength(sound: Sound, pitch: PitchTrack) -> float:
    """Compare the best harmonic series in the rest of the spectrum with that of the tracked pitch.

    Args:
        sound: Any rate; channels are averaged.
        pitch: The strongest voice.

    Returns:
        Ratio of the two saliences summed over time, so that strong frames count most; 0 without voiced frames. A voice
        alone has about 0.2, two voices about 0.35.

    Source:
        Salience by subharmonic summation, Hermes 1988, https://doi.org/10.1121/1.396427, after cancelling the first
        voice as in Klapuri 2006, "Multiple fundamental frequency estimation by summing harmonic amplitudes", ISMIR.
    """
    voiced = np.flatnonzero(np.isfinite(pitch.f0_hz))
    if len(voiced) == 0:
        return 0.0
    every = max(1, round(EVERY_S / pitch.hop_s), -(-len(voiced) // MAX_FRAMES))
    frames = voiced[::every]
    waveform = resample(sound.mono(), ANALYSIS_RATE).waveform[0]
    spectra = _prominent_spectra(waveform, np.round(frames * pitch.hop_s * ANALYSIS_RATE).astype(np.intp))
    f0_hz = pitch.f0_hz[frames].astype(np.float64)
    own = np.einsum("ij,ij->i", spectra, _fine_comb()[_fine_place(f0_hz)])
    rest = np.where(_near_harmonic(f0_hz) | _TOO_LOW, np.float32(0), spectra)
    strongest = (rest @ _CANDIDATE_COMB.T).max(axis=1)
    return float(strongest.sum() / (own.sum() + 1e-6))


def _prominent_spectra(waveform: Waveform, centres: NDArray[np.intp]) -> Waveform:
    """Return the root of the magnitudes above their median, float32 (frames, bins)."""
    padded = np.pad(waveform, (FRAME // 2, FRAME))
    starts = np.minimum(centres, len(padded) - FRAME)
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[starts]
    roots = np.sqrt(np.abs(scipy.fft.rfft(frames * _WINDOW, axis=1)))
    prominent = np.maximum(roots - np.median(roots[:, FLOOR_BINS], axis=1, keepdims=True), 0)
    return np.asarray(prominent, np.float32)


def _comb(f0_hz: NDArray[np.float64]) -> Waveform:
    """Weigh the bins around the harmonics of each frequency, float32 (frequencies, bins)."""
    comb = np.zeros((len(f0_hz), len(_BINS_HZ)), np.float32)
    for harmonic in range(1, HARMONICS + 1):
        off = (_BINS_HZ[None] - harmonic * f0_hz[:, None]) / HARMONIC_WIDTH_HZ
        comb += HARMONIC_DECAY ** (harmonic - 1) * np.exp(-0.5 * off**2)
    # The tails of the bells are numbers so small that a product with them takes five times as long.
    return np.where(comb < LEAST_WEIGHT, np.float32(0), comb)


_CANDIDATE_COMB = _comb(CANDIDATES_HZ)


@lru_cache(maxsize=1)
def _fine_comb() -> Waveform:
    """Combs of frequencies 4 cents apart, looked up instead of computed for every frame."""
    return _comb(FINE_LOWEST_HZ * 2.0 ** (np.arange(FINE_STEPS) * FINE_CENTS / 1200))


def _fine_place(f0_hz: NDArray[np.float64]) -> NDArray[np.intp]:
    steps = np.round(1200 / FINE_CENTS * np.log2(f0_hz / FINE_LOWEST_HZ))
    return np.clip(steps, 0, FINE_STEPS - 1).astype(np.intp)


def _near_harmonic(f0_hz: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark the bins that belong to a harmonic of each frame's own pitch; vibrato widens the upper ones."""
    order = _BINS_HZ[None] / f0_hz[:, None]
    off_hz = np.abs(order - np.round(order)) * f0_hz[:, None]
    return np.asarray((off_hz < np.maximum(REMOVED_HZ, REMOVED_SHARE * _BINS_HZ)) & (np.round(order) >= 1))
