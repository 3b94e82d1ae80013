"""Loudness by ITU-R BS.1770 and its normalisation."""

import math

import numpy as np
import pyloudnorm

from singalike.audio.sound import Sound, Waveform

TARGET_LUFS = -23.0
"""The programme loudness of EBU R 128."""

PEAK_LIMIT = 0.99
BLOCK_S = 0.4


def measure_loudness(sound: Sound) -> float:
    """Measure the integrated, gated loudness.

    Sound shorter than one gating block of 0.4 s is repeated until it fills one: a steady tone measures the same at
    every length.

    Args:
        sound: One or two channels, at least one sample.

    Returns:
        Loudness in LUFS; minus infinity for sound below the absolute gate of -70 LUFS.

    Source:
        ITU-R BS.1770-4, annex 1, through pyloudnorm (Steinmetz and Reiss 2021).
    """
    waveform = _at_least_one_block(sound.waveform, sound.sample_rate)
    # With every block under the gate the mean is over nothing, which numpy would report.
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(pyloudnorm.Meter(sound.sample_rate).integrated_loudness(waveform.T))


def normalize_loudness(sound: Sound, target_lufs: float = TARGET_LUFS, peak_limit: float = PEAK_LIMIT) -> Sound:
    """Bring sound to a loudness, as far as its peaks allow.

    Args:
        sound: One or two channels.
        target_lufs: Loudness wanted, in LUFS.
        peak_limit: No value of the result swings further; the gain is lowered before that.

    Returns:
        The sound times one gain, so that level differences within it stay; unchanged when it is too quiet to measure.
    """
    loudness = measure_loudness(sound)
    if not math.isfinite(loudness):
        return sound
    peak = float(np.abs(sound.waveform).max())
    gain = min(10.0 ** ((target_lufs - loudness) / 20.0), peak_limit / peak)
    return Sound(sound.waveform * np.float32(gain), sound.sample_rate)


def _at_least_one_block(waveform: Waveform, sample_rate: int) -> Waveform:
    needed = math.ceil(BLOCK_S * sample_rate) + 1
    repeats = math.ceil(needed / waveform.shape[-1])
    return np.tile(waveform, (1, repeats)) if repeats > 1 else waveform
