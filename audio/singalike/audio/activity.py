"""Where in a recording a voice is active, from level and periodicity alone."""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from singalike.audio.resample import resample
from singalike.audio.sound import Sound, Waveform

ANALYSIS_RATE = 8000
HOP = 80  # 10 ms
FRAME = 320  # 40 ms: two periods of 50 Hz, and more of every sung note
FFT = 480  # no wrap-around in the autocorrelation of 320 samples up to the longest lag, and only small factors
SHORTEST_LAG, LONGEST_LAG = 8, 133  # 1000 Hz to 60 Hz
BLOCK_FRAMES = 256  # fits the cache: four times faster than thousands at once

# Levels, in dB. The floor is taken from the quietest tenth, but a recording sung throughout has no quiet tenth.
MARGIN_OVER_FLOOR_DB = 9.0
DEEPEST_BELOW_LOUD_DB = 38.0
ABSOLUTE_FLOOR_DB = -65.0
PERIODIC = 0.5
CLOSE_GAPS_S, DROP_RUNS_S, REACH_S = 0.25, 0.08, 0.15


@dataclass(frozen=True, eq=False)
class Activity:
    """Voice activity over time.

    Attributes:
        active: bool (frames,); frame i covers i * hop_s to (i + 1) * hop_s.
        hop_s: Seconds from one frame to the next.
    """

    active: NDArray[np.bool_]
    hop_s: float

    @property
    def active_s(self) -> float:
        """Seconds of active voice."""
        return float(self.active.sum() * self.hop_s)

    def active_between(self, start_s: float, end_s: float) -> float:
        """Return the seconds of active voice between two times."""
        first, last = round(max(start_s, 0.0) / self.hop_s), round(end_s / self.hop_s)
        return float(self.active[first:last].sum() * self.hop_s)


def detect_activity(sound: Sound) -> Activity:
    """Find where a voice sounds.

    A frame is a core when it is both loud enough and periodic; consonants beside a core (loud but not periodic, within
    150 ms) belong to it; short gaps are closed and short bursts dropped. The same sound always gives the same answer,
    and a gain does not change it as long as the level stays above -65 dB.

    Args:
        sound: Any rate and channels, at least one sample.

    Returns:
        Activity in frames of 10 ms covering the whole sound.
    """
    waveform = resample(sound.mono(), ANALYSIS_RATE).waveform[0]
    frames = _cut_frames(waveform)
    level_db = _levels_db(frames)
    loud = level_db > _threshold_db(level_db)
    core = loud.copy()
    core[loud] = _periodicity(frames, np.flatnonzero(loud)) > PERIODIC
    core = _drop_runs(core, _frames(DROP_RUNS_S))
    active = core | (loud & _dilate(core, _frames(REACH_S)))
    return Activity(_close_gaps(active, _frames(CLOSE_GAPS_S)), HOP / ANALYSIS_RATE)


def _frames(seconds: float) -> int:
    return round(seconds * ANALYSIS_RATE / HOP)


def _cut_frames(waveform: Waveform) -> Waveform:
    """Lay frames of 40 ms around each 10 ms, float32 (frames, FRAME), a view."""
    count = max(1, -(-len(waveform) // HOP))
    padded = np.pad(waveform, ((FRAME - HOP) // 2, FRAME + HOP))
    return np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP][:count]


def _levels_db(frames: Waveform) -> NDArray[np.float32]:
    """Level of each frame, its mean taken away, in dB."""
    power = [block.var(axis=1) for block in np.split(frames, range(BLOCK_FRAMES, len(frames), BLOCK_FRAMES))]
    return np.asarray(10.0 * np.log10(np.concatenate(power) + np.float32(1e-12)), dtype=np.float32)


def _periodicity(frames: Waveform, places: NDArray[np.intp]) -> NDArray[np.float32]:
    """Height of the highest peak of the normalised autocorrelation of the frames at these places, (places,)."""
    highest = np.empty(len(places), np.float32)
    for first in range(0, len(places), BLOCK_FRAMES):
        part = slice(first, first + BLOCK_FRAMES)
        block = frames[places[part]]
        highest[part] = _highest_peaks(block - block.mean(axis=1, keepdims=True))
    return highest


# The autocorrelation of a windowed frame falls off with the lag even for a pure tone; dividing by that of the window
# undoes it (Boersma 1993, eq. 9).
_WINDOW = np.hanning(FRAME + 2)[1:-1].astype(np.float32)
_WINDOW_CORRELATION = np.fft.irfft(np.abs(np.fft.rfft(_WINDOW, FFT)) ** 2)[: LONGEST_LAG + 1].astype(np.float32)


def _to_lags() -> NDArray[np.float32]:
    """Take power spectra to autocorrelations as one matrix product: fewer lags are wanted than a transform gives."""
    bins, lags = np.arange(FFT // 2 + 1), np.arange(LONGEST_LAG + 1)
    both_sides = np.where((bins == 0) | (bins == FFT // 2), 1.0, 2.0)[:, None]
    cosines = both_sides * np.cos(2.0 * np.pi * bins[:, None] * lags / FFT) / FFT
    return np.asarray(cosines * (_WINDOW_CORRELATION[0] / _WINDOW_CORRELATION), dtype=np.float32)


_TO_LAGS = _to_lags()


def _highest_peaks(frames: Waveform) -> NDArray[np.float32]:
    spectrum = scipy.fft.rfft(frames * _WINDOW, FFT, axis=1)
    correlation = (np.square(spectrum.real) + np.square(spectrum.imag)) @ _TO_LAGS
    at_rest = np.maximum(correlation[:, 0], np.float32(1e-12))
    # Only peaks count: the slope down from lag zero is high in any low-pass noise.
    inner = correlation[:, SHORTEST_LAG:-1]
    is_peak = (inner >= correlation[:, SHORTEST_LAG - 1 : -2]) & (inner >= correlation[:, SHORTEST_LAG + 1 :])
    periodicity = np.where(is_peak, inner, np.float32(0)).max(axis=1) / at_rest
    return np.asarray(np.minimum(periodicity, 1.0), dtype=np.float32)


def _threshold_db(level_db: NDArray[np.float32]) -> float:
    floor_db, loud_db = (float(value) for value in np.percentile(level_db, [10, 95]))
    over_floor_db = min(floor_db + MARGIN_OVER_FLOOR_DB, loud_db - MARGIN_OVER_FLOOR_DB)
    return max(over_floor_db, loud_db - DEEPEST_BELOW_LOUD_DB, ABSOLUTE_FLOOR_DB)


def _dilate(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Widen every run by `reach` frames on both sides."""
    padded = np.concatenate([[0], np.cumsum(np.pad(mask, reach))])
    window = 2 * reach + 1
    return np.asarray((padded[window:] - padded[:-window])[: len(mask)] > 0)


def _runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the first and one-past-last frame of every run of true."""
    edges = np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)


def _drop_runs(mask: NDArray[np.bool_], shortest: int) -> NDArray[np.bool_]:
    kept = mask.copy()
    for first, last in zip(*_runs(mask), strict=True):
        if last - first < shortest:
            kept[first:last] = False
    return kept


def _close_gaps(mask: NDArray[np.bool_], longest: int) -> NDArray[np.bool_]:
    closed = mask.copy()
    starts, ends = _runs(mask)
    for gap_start, gap_end in zip(ends[:-1], starts[1:], strict=True):
        if gap_end - gap_start <= longest:
            closed[gap_start:gap_end] = True
    return closed
