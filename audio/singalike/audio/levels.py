"""Levels that tell a good recording from a bad one: noise floor and clipping."""

import numpy as np

from singalike.audio.activity import Activity, detect_activity
from singalike.audio.resample import resample
from singalike.audio.sound import Sound, Waveform

ANALYSIS_RATE = 8000
HIGHEST_SNR_DB, LOWEST_SNR_DB = 80.0, -20.0
LEAST_PAUSE_FRAMES = 10
CLIP_LEVEL, CLIP_FLATNESS, CLIP_RUN = 0.97, 1e-4, 3


def measure_signal_to_noise(sound: Sound, activity: Activity | None = None) -> float:
    """Compare the level where a voice is active with the level where it is not.

    Without a pause of 0.1 s in sum, the quietest twentieth of the recording stands in for the noise, so that the figure
    of a voice without pauses is a lower bound.

    Args:
        sound: Any rate; channels are averaged; what lies over 4 kHz does not count.
        activity: Where the voice is active in it; detected here when not given.

    Returns:
        Ratio in dB, within -20 and 80; -20 when no voice is active.
    """
    active = (activity or detect_activity(sound)).active
    low = resample(sound.mono(), ANALYSIS_RATE).waveform[0]
    hop = round(len(low) / len(active))
    frames = np.pad(low, (0, max(0, len(active) * hop - len(low))))[: len(active) * hop].reshape(-1, hop)
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    if not active.any():
        return LOWEST_SNR_DB
    pauses = power[~active]
    noise = np.median(pauses) if len(pauses) >= LEAST_PAUSE_FRAMES else np.percentile(power, 5)
    voice = np.mean(power[active]) - noise
    ratio = max(voice, 0.0) / max(float(noise), 1e-14)
    return float(np.clip(10 * np.log10(max(ratio, 1e-10)), LOWEST_SNR_DB, HIGHEST_SNR_DB))


def measure_clipping(sound: Sound) -> float:
    """Measure how much of a recording is cut off at full scale.

    Clipped peaks are flat: three or more equal values in a row near the highest level. Give the sound as it was
    decoded, for resampling and lossy codecs round the corners off and hide them.

    Args:
        sound: Any rate and channels.

    Returns:
        Share of the samples that lie in such runs, in [0, 1].
    """
    waveform = sound.waveform
    peak = float(np.abs(waveform).max(initial=0.0))
    if peak == 0.0 or waveform.shape[-1] <= CLIP_RUN:
        return 0.0
    return sum(_clipped_samples(channel, peak) for channel in waveform) / waveform.size


def _clipped_samples(channel: Waveform, peak: float) -> int:
    """Count the samples of flat runs near the peak, (samples,); only the few loud samples are looked at twice."""
    loud = np.flatnonzero(np.abs(channel[1:]) >= CLIP_LEVEL * peak)
    flat = loud[np.abs(channel[loud + 1] - channel[loud]) <= CLIP_FLATNESS * peak]
    # Each flat step is a pair of equal samples, and CLIP_RUN - 1 steps in a row are a run.
    steps = CLIP_RUN - 1
    runs = flat[: len(flat) - steps + 1][flat[steps - 1 :] - flat[: len(flat) - steps + 1] == steps - 1]
    return len(np.unique(runs[:, None] + np.arange(CLIP_RUN)))
