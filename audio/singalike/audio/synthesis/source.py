"""The glottal source: a band-limited pulse train, its spectrum, and the breath beside it.

The pulses are flat up to Nyquist (a closed-form sum of harmonics); the glottal spectrum of the causal-anticausal linear
model then shapes them frame by frame, so open quotient and tilt may follow the loudness. Sources: Stilson and Smith
1996, alias-free digital synthesis; Doval, d'Alessandro and Henrich 2003, The voice source as a causal/anticausal linear
filter, VOQUAL'03, Geneva.
"""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.audio.synthesis.voice import SingerVoice

Floats = NDArray[np.float64]
Spectrum = NDArray[np.complex64]

_REFERENCE_HZ = 200.0
_TILT_AT_HZ = 3000.0
_BREATH_CORNER_HZ = 1200.0
_HIGHEST_SHARE = 0.96
"""Harmonics reach up to this share of Nyquist."""


def glottal_phase(f0_hz: Floats, sample_rate: int, jitter: float, rng: Generator) -> Floats:
    """Count glottal cycles, with periods that are not quite equal.

    Args:
        f0_hz: Fundamental frequency of each sample, shape (samples,), Hz.
        sample_rate: Hz.
        jitter: Deviation of a period as a share of the period.
        rng: Source of randomness.

    Returns:
        Cycles since the start, shape (samples,), rising.
    """
    even = np.cumsum(f0_hz) / sample_rate
    # Two neighbouring offsets make one period, so each takes jitter / sqrt(2).
    offsets = rng.normal(size=int(even[-1]) + 3) * jitter / np.sqrt(2.0)
    return np.asarray(even + np.interp(even, np.arange(len(offsets)), offsets))


def pulse_train(phase: Floats, f0_hz: Floats, sample_rate: int, shimmer_db: float, rng: Generator) -> Floats:
    """Make one band-limited impulse a cycle.

    Args:
        phase: Glottal cycles, shape (samples,).
        f0_hz: Of each sample, Hz; decides how many harmonics fit below Nyquist.
        sample_rate: Hz.
        shimmer_db: Deviation of the amplitude of a cycle, in dB.
        rng: Source of randomness.

    Returns:
        Pulses, shape (samples,): sum of cosines of all harmonics, equal amplitudes that grow with f0.

    Source:
        sum of cos(2 pi n x), n = -N..N, equals sin(pi (2N+1) x) / sin(pi x).
    """
    # The number of harmonics changes half-way between two pulses, where their sum is smallest: no click.
    cycle = np.rint(phase).astype(np.int64)
    starts = np.flatnonzero(np.diff(cycle, prepend=cycle[0] - 1))
    lengths = np.diff(starts, append=len(phase))
    harmonics = np.floor(_HIGHEST_SHARE * 0.5 * sample_rate / f0_hz[starts])
    level = 10.0 ** (rng.normal(size=len(starts)) * shimmer_db / 20.0) * f0_hz[starts] / _REFERENCE_HZ
    odd = np.repeat(2.0 * harmonics + 1.0, lengths)
    offset = np.pi * (phase - cycle)
    denominator = np.sin(offset)
    at_peak = np.abs(denominator) < 1e-9
    pulses = np.sin(odd * offset) / np.where(at_peak, 1.0, denominator)
    return np.asarray(np.where(at_peak, odd, pulses) * np.repeat(level, lengths))


def glottal_spectrum(
    bins_hz: Floats, f0_hz: Floats, open_quotient: Floats, asymmetry: float, tilt_db: Floats
) -> Spectrum:
    """Compute the spectrum of the derivative of the glottal flow.

    A pair of anticausal poles makes the glottal formant near f0 / (2 open_quotient); a first-order low-pass loses
    `tilt_db` at 3 kHz.

    Args:
        bins_hz: Frequencies, shape (bins,), Hz.
        f0_hz: Fundamental frequency, shape (frames,), Hz.
        open_quotient: Share of the cycle that is open, shape (frames,).
        asymmetry: Share of the open phase in which the flow rises, in (0.5, 1).
        tilt_db: Loss at 3 kHz, shape (frames,), dB above zero.

    Returns:
        Complex spectrum, shape (frames, bins); magnitude 1 at the peak of the glottal formant, without the tilt.

    Source:
        Doval et al. 2003, poles at a +- jb with b = pi f0 / Oq and a = -b / tan(pi asymmetry).
    """
    imaginary = np.pi * f0_hz / open_quotient
    real = -imaginary / np.tan(np.pi * asymmetry)
    omega = 2.0 * np.pi * bins_hz.astype(np.float32)[None, :]
    numerator = (2.0 * real).astype(np.float32)[:, None] * omega
    poles = (real**2 + imaginary**2).astype(np.float32)[:, None] - omega**2
    formant = 1j * numerator / (poles - 1j * numerator)
    corner_hz = _TILT_AT_HZ / np.sqrt(np.maximum(10.0 ** (tilt_db / 10.0) - 1.0, 1e-3))
    low_pass = 1.0 / np.sqrt(1.0 + (bins_hz[None, :] / corner_hz[:, None]) ** 2)
    return np.asarray(formant * low_pass, dtype=np.complex64)


def breath_gain(voice: SingerVoice, f0_hz: float, bins_hz: Floats, sample_rate: int) -> NDArray[np.float32]:
    """Compute the colour and level of the aspiration noise.

    Args:
        voice: The singer; `breathiness_db` sets the power of the noise over that of the harmonics.
        f0_hz: Pitch at which that ratio holds, Hz.
        bins_hz: Frequencies of a real FFT, shape (bins,), Hz.
        sample_rate: Hz.

    Returns:
        Linear gain for white noise of unit variance, shape (bins,).
    """
    harmonics_hz = np.arange(1.0, _HIGHEST_SHARE * 0.5 * sample_rate / f0_hz) * f0_hz
    one = np.ones(1)
    spectrum = glottal_spectrum(
        harmonics_hz, one * f0_hz, one * voice.open_quotient, voice.asymmetry, one * voice.tilt_db
    )
    power = 2.0 * float(np.sum(np.abs(spectrum) ** 2)) * (f0_hz / _REFERENCE_HZ) ** 2
    # Turbulence is strongest above 1 kHz (Klatt and Klatt 1990, https://doi.org/10.1121/1.398894).
    shape = bins_hz / np.hypot(bins_hz, _BREATH_CORNER_HZ)
    wanted = power * 10.0 ** (voice.breathiness_db / 10.0)
    return np.asarray(shape * np.sqrt(wanted / np.mean(shape**2)), dtype=np.float32)


def breath(phase: Floats, rng: Generator) -> NDArray[np.float32]:
    """Make noise that swells while the glottis is open, shape (samples,), near unit variance."""
    noise = rng.standard_normal(len(phase), dtype=np.float32)
    return np.asarray(noise * (0.9 + 0.5 * np.cos(2.0 * np.pi * (phase - 0.3))), dtype=np.float32)
