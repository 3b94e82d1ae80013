"""What of a change can be heard: noise against a masking threshold, and the shift of our timbre vector."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from singalike.audio.sound import Sound
from singalike.embeddings.encoder import VoiceEncoder

FRAME = 2048
DISTURBED_DB = 1.5


def noise_to_mask(sound: Sound, change: Sound) -> tuple[float, float]:
    """Compare a change with the masking threshold of the sound that it changes.

    The threshold is Johnston's: energy in Bark bands, spread by Schroeder's function, lowered by 5.5 dB for noise and
    by 14.5 dB plus one a Bark for tones, mixed by the spectral flatness of each band.

    Args:
        sound: What is changed; its first channel counts.
        change: Of the same shape and rate.

    Returns:
        Mean ratio of change to threshold over frames and bands in dB, below 0 is inaudible; and the share of frames in
        which some band lies over 1.5 dB ("relative disturbed frames").

    Source:
        Johnston 1988, Transform coding of audio signals using perceptual noise criteria; figures as in ITU-R BS.1387.
    """
    bark, spreading = _bands(sound.sample_rate)
    power, noise = _power(sound), _power(change)
    held = power.sum(axis=1) > 1e-6 * power.sum(axis=1).max()
    power, noise = power[held], noise[held]
    energy, noise_energy = power @ bark, noise @ bark
    logarithm = np.log(np.maximum(power, 1e-12)) @ (bark / bark.sum(axis=0))
    flatness_db = 10 * np.log10(np.maximum(np.exp(logarithm) / (energy / bark.sum(axis=0) + 1e-12), 1e-6))
    tonality = np.clip(flatness_db / -30.0, 0.0, 1.0)
    offset_db = tonality * (14.5 + np.arange(1, bark.shape[1] + 1)) + (1 - tonality) * 5.5
    threshold = (energy @ spreading) * 10 ** (-offset_db / 10) + 1e-9
    ratio = noise_energy / threshold
    disturbed = np.mean(10 * np.log10(ratio.max(axis=1) + 1e-12) > DISTURBED_DB)
    return float(10 * np.log10(ratio.mean() + 1e-12)), float(disturbed)


def _power(sound: Sound) -> NDArray[np.float64]:
    """Power spectra of the first channel, float64 (frames, bins)."""
    frames = np.lib.stride_tricks.sliding_window_view(sound.waveform[0], FRAME)[:: FRAME // 2]
    return np.asarray(np.abs(np.fft.rfft(frames * np.hanning(FRAME), axis=1)) ** 2)


@lru_cache(maxsize=4)
def _bands(sample_rate: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Which bin lies in which Bark band, (bins, bands), and the spreading from band to band, (bands, bands)."""
    hz = np.fft.rfftfreq(FRAME, 1 / sample_rate)
    place = 13 * np.arctan(0.00076 * hz) + 3.5 * np.arctan((hz / 7500) ** 2)
    number = np.minimum(place.astype(int), 24)
    number[hz > 16_000] = -1
    bands = number.max() + 1
    members = (number[:, None] == np.arange(bands)).astype(np.float64)
    apart = np.arange(bands)[None, :] - np.arange(bands)[:, None] + 0.474
    spread_db = 15.81 + 7.5 * apart - 17.5 * np.sqrt(1 + apart**2)
    spreading = 10 ** (spread_db / 10)
    return members, spreading / spreading.sum(axis=0, keepdims=True)


@lru_cache(maxsize=1)
def _encoder() -> VoiceEncoder:
    return VoiceEncoder.load(device="cpu")


def compare_timbre(sound: Sound, marked: Sound) -> float:
    """Cosine of the timbre vectors of both."""
    first, second = (_encoder().encode([each])[0].timbre for each in (sound, marked))
    return float(np.dot(first, second))
