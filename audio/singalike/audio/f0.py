"""Fundamental frequency by the trackers of WORLD, and the repair of octave errors."""

import numpy as np
import pyworld
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack
from singalike.audio.sound import Sound

HOP_S = 0.01
LOWEST_HZ, HIGHEST_HZ = 60.0, 1100.0
"""From below a bass's C2 (65 Hz) to a soprano's C6 (1047 Hz)."""

MEDIAN_REACH_S = 0.25
OCTAVE_SEMITONES, OCTAVE_TOLERANCE_SEMITONES = 12.0, 1.5


def track_with_dio(sound: Sound, hop_s: float = HOP_S) -> PitchTrack:
    """Track f0 with DIO, refined by StoneMask, octave errors repaired.

    Args:
        sound: One voice alone, any rate; channels are averaged.
        hop_s: Seconds from one frame to the next.

    Returns:
        The track; voicing is 0 or 1.

    Source:
        Morise et al. 2009, "Fast and reliable F0 estimation method based on the period extraction of vocal fold
        vibration of singing voice and speech"; Morise 2016 (WORLD), https://doi.org/10.1587/transinf.2015EDP7457.
    """
    waveform, times, rough_hz = _dio(sound, hop_s)
    f0_hz = pyworld.stonemask(waveform, rough_hz, times, sound.sample_rate)
    return reduce_octave_errors(_track(f0_hz, hop_s))


def track_with_harvest(sound: Sound, hop_s: float = HOP_S) -> PitchTrack:
    """Track f0 with Harvest: about ten times slower than DIO, and it calls more frames voiced.

    Args:
        sound: One voice alone, any rate; channels are averaged.
        hop_s: Seconds from one frame to the next.

    Returns:
        The track; voicing is 0 or 1.

    Source:
        Morise 2017, "Harvest: a high-performance fundamental frequency estimator", Interspeech,
        https://doi.org/10.21437/Interspeech.2017-68.
    """
    waveform = _double(sound)
    f0_hz, _ = pyworld.harvest(waveform, sound.sample_rate, LOWEST_HZ, HIGHEST_HZ, 1000.0 * hop_s)
    return _track(f0_hz, hop_s)


def reduce_octave_errors(track: PitchTrack, reach_s: float = MEDIAN_REACH_S) -> PitchTrack:
    """Move short stretches that lie an octave off their surroundings back.

    A frame is moved by the whole octaves that separate it from the running median of the voiced frames around it; what
    is sung an octave apart for longer than `reach_s` moves the median along and is left alone.

    Args:
        track: Any track.
        reach_s: How far the median looks to each side, in seconds.

    Returns:
        The repaired track, with the same voicing.
    """
    reach = max(1, round(reach_s / track.hop_s))
    off = _running_median(track.midi_pitch, reach) - track.midi_pitch
    octaves = np.round(off / OCTAVE_SEMITONES)
    is_octave = np.abs(off - octaves * OCTAVE_SEMITONES) <= OCTAVE_TOLERANCE_SEMITONES
    factor = np.where(is_octave & np.isfinite(octaves), 2.0 ** np.nan_to_num(octaves), 1.0)
    return PitchTrack((track.f0_hz * factor).astype(np.float32), track.voicing, track.hop_s)


def _double(sound: Sound) -> NDArray[np.float64]:
    return np.ascontiguousarray(sound.mono().waveform[0], dtype=np.float64)


def _dio(sound: Sound, hop_s: float) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    waveform = _double(sound)
    f0_hz, times = pyworld.dio(waveform, sound.sample_rate, LOWEST_HZ, HIGHEST_HZ, frame_period=1000.0 * hop_s)
    return waveform, times, f0_hz


def _track(f0_hz: NDArray[np.float64], hop_s: float) -> PitchTrack:
    """Turn WORLD's zeros for unvoiced frames into NaN."""
    voiced = f0_hz > 0
    return PitchTrack(np.where(voiced, f0_hz, np.nan).astype(np.float32), voiced.astype(np.float32), hop_s)


def _running_median(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Lower median of the finite values within `reach` frames, NaN where there is none."""
    padded = np.pad(values, reach, constant_values=np.nan)
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1), axis=1)  # NaN sorts last
    count = np.isfinite(windows).sum(axis=1)
    return np.asarray(windows[np.arange(len(values)), np.maximum(count - 1, 0) // 2])
