"""The vocal tract: where the formants lie, and the filter that they make.

The tract is an all-pole filter, a cascade of two-pole resonators (Fant 1960; Klatt 1980,
https://doi.org/10.1121/1.383940). Multiplied out to one polynomial, it needs one short FFT a frame,
whatever the number of formants.
"""

import numpy as np
from numpy.typing import NDArray

from singalike.audio.synthesis.voice import FORMANT_RATIOS, SingerVoice

Floats = NDArray[np.float64]

REFERENCE_TRACT_CM = 16.5
SOUND_CM_PER_S = 35_000.0
"""Speed of sound in warm, moist air."""

NEUTRAL_HZ = (530.0, 1590.0, 2650.0)
"""F1 to F3 of a uniform tube of the reference length."""

# F1 to F5 in Hz of a tract of the reference length, rounded from published averages of men's vowels.
FORMANTS_HZ: dict[str, tuple[float, ...]] = {
    "a": (730.0, 1230.0, 2550.0, 3500.0, 4600.0),
    "e": (460.0, 1880.0, 2550.0, 3550.0, 4650.0),
    "i": (290.0, 2230.0, 2980.0, 3650.0, 4700.0),
    "o": (460.0, 870.0, 2480.0, 3400.0, 4550.0),
    "u": (320.0, 760.0, 2350.0, 3350.0, 4500.0),
    # Voiced consonants: a murmur with the mouth closed, and a tongue in the way.
    "m": (270.0, 1050.0, 2200.0, 3300.0, 4500.0),
    "n": (270.0, 1450.0, 2450.0, 3400.0, 4550.0),
    "l": (360.0, 1150.0, 2750.0, 3500.0, 4600.0),
}
_BANDWIDTHS_HZ = (65.0, 85.0, 125.0, 180.0, 260.0)
_HIGH_BANDWIDTH_HZ = 380.0


def formants_hz(voice: SingerVoice, sound: str, highest_hz: float) -> Floats:
    """Place the formants of one singer's vowel.

    Args:
        voice: The singer.
        sound: A key of `FORMANTS_HZ`.
        highest_hz: Formants above it are left out.

    Returns:
        Formant frequencies, shape (formants,), Hz, rising; the count is the same for all sounds of a singer.
    """
    low = np.array(FORMANTS_HZ[sound])
    neutral = np.array(NEUTRAL_HZ)
    low[:3] = neutral * (low[:3] / neutral) ** voice.vowel_spread
    low *= np.array(voice.formant_ratios)
    scale = REFERENCE_TRACT_CM / voice.tract_cm
    # Above F5 the tube is as good as uniform: one resonance every c / 2L (Fant 1960).
    spacing = SOUND_CM_PER_S / (2.0 * REFERENCE_TRACT_CM)
    high = spacing * (np.arange(FORMANT_RATIOS, 40) + 0.5)
    # Personal offsets may push F5 above F6 or F4 above F5: two formants never come closer than a third of the spacing.
    frequencies = np.concatenate([low, high])
    for index in range(1, len(frequencies)):
        frequencies[index] = max(frequencies[index], frequencies[index - 1] + 0.3 * spacing)
    frequencies *= scale
    return np.asarray(frequencies[: formant_count(voice, highest_hz)])


def formant_count(voice: SingerVoice, highest_hz: float) -> int:
    """Count the formants of a singer below a frequency, at least five."""
    spacing = SOUND_CM_PER_S / (2.0 * voice.tract_cm)
    return max(int(highest_hz / spacing + 0.5), FORMANT_RATIOS)


def bandwidths_hz(voice: SingerVoice, count: int) -> Floats:
    """Return the formant bandwidths of a singer, shape (count,), Hz; losses grow with frequency."""
    table = _BANDWIDTHS_HZ + (_HIGH_BANDWIDTH_HZ,) * count
    return np.array(table[:count]) * voice.bandwidth_ratio


def tract_response(
    frequencies_hz: Floats, widths_hz: Floats, sample_rate: int, fft_length: int
) -> NDArray[np.complex64]:
    """Compute the transfer function of the tract, frame by frame.

    Args:
        frequencies_hz: Formants, shape (frames, formants), Hz; those above Nyquist are pushed just below it.
        widths_hz: Bandwidths, shape (formants,), Hz.
        sample_rate: Hz.
        fft_length: Samples of the transform in which it is used.

    Returns:
        Complex response at the bins of a real FFT, shape (frames, fft_length // 2 + 1); 1 at 0 Hz.
    """
    radii = np.exp(-np.pi * widths_hz / sample_rate)
    angles = 2.0 * np.pi * np.minimum(frequencies_hz, 0.49 * sample_rate) / sample_rate
    count = frequencies_hz.shape[1]
    # Poles near the unit circle multiply to a tiny value at 0 Hz: single precision would lose it.
    polynomial = np.zeros((len(frequencies_hz), 2 * count + 1))
    polynomial[:, 0] = 1.0
    for index in range(count):
        first = (-2.0 * radii[index] * np.cos(angles[:, index]))[:, None]
        second = radii[index] ** 2
        grown = polynomial.copy()
        grown[:, 1:] += first * polynomial[:, :-1]
        grown[:, 2:] += second * polynomial[:, :-2]
        polynomial = grown
    inverse = np.fft.rfft(polynomial, fft_length, axis=1)
    return np.asarray(inverse[:, :1] / inverse, dtype=np.complex64)


def colour_gain(voice: SingerVoice, bins_hz: Floats) -> NDArray[np.float32]:
    """Compute the part of a singer's colour that does not change with the vowel.

    The singer's formant lifts 2.4 to 3.6 kHz (Sundberg 1974, https://doi.org/10.1121/1.1914609); the piriform fossae
    cut 4 to 5 kHz (Dang and Honda 1997, https://doi.org/10.1121/1.417990); a lowered velum weakens F1's upper flank.

    Args:
        voice: The singer.
        bins_hz: Frequencies, any shape, Hz.

    Returns:
        Linear gain, shape of `bins_hz`.
    """
    gain_db = (
        _bump(bins_hz, voice.singers_formant_hz, 0.22) * voice.singers_formant_db
        - _bump(bins_hz, voice.hollow_hz, 0.14) * voice.hollow_db
        - _bump(bins_hz, 950.0 * REFERENCE_TRACT_CM / voice.tract_cm, 0.3) * voice.nasality_db
        + _bump(bins_hz, 260.0, 0.35) * 0.4 * voice.nasality_db
    )
    return np.asarray(10.0 ** (gain_db / 20.0), dtype=np.float32)


def _bump(bins_hz: Floats, centre_hz: float, width_octaves: float) -> Floats:
    octaves = np.log2(np.maximum(bins_hz, 1.0) / centre_hz)
    return np.asarray(np.exp(-0.5 * (octaves / width_octaves) ** 2))
