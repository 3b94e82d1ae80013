"""Change the sample rate."""

import numpy as np
import soxr

from singalike.audio.sound import Sound


def resample(sound: Sound, sample_rate: int) -> Sound:
    """Resample with the SoX resampler at high quality.

    Args:
        sound: Any rate, shape (channels, samples).
        sample_rate: The rate wanted, in Hz.

    Returns:
        The sound at that rate with exactly round(samples * sample_rate / sound.sample_rate) samples; the very same
        object when the rate is right already.

    Raises:
        ValueError: `sample_rate` is not above zero.

    Source:
        The SoX Resampler library, quality HQ (20 bit), https://sourceforge.net/p/soxr/.
    """
    if sample_rate <= 0:
        raise ValueError(f"sample_rate must be above zero, got {sample_rate}")
    if sample_rate == sound.sample_rate:
        return sound
    samples = round(sound.waveform.shape[-1] * sample_rate / sound.sample_rate)
    resampled = soxr.resample(sound.waveform.T, sound.sample_rate, sample_rate, quality="HQ").T[:, :samples]
    # soxr may stop one sample early; the edge is padded so that times computed from the length stay exact.
    missing = samples - resampled.shape[-1]
    return Sound(np.ascontiguousarray(np.pad(resampled, ((0, 0), (0, missing))), dtype=np.float32), sample_rate)
