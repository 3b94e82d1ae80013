"""What the pitch does while somebody sings: register, span, vibrato, glides, steadiness, how phrases begin and end."""

import numpy as np
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.row_statistics import (
    bridged,
    deviation,
    mean,
    median,
    quantiles,
    share,
    skewness,
    where_known,
)

PITCH_FEATURES = (
    "vibrato_log_extent",
    "vibrato_log_extent_p90",
    "vibrato_rate_hz",
    "vibrato_regularity",
    "slow_log_extent",
    "fast_log_extent",
    "glide_p50",
    "glide_p90",
    "gliding_share",
    "steadiness_p25",
    "steadiness_p75",
    "jitter_log",
    "jitter_log_p90",
    "register_midi",
    "pitch_log_deviation",
    "pitch_skewness",
    "reach_up",
    "reach_down",
    "reach_up_p80",
    "reach_down_p20",
    "reach_up_p98",
    "reach_down_p02",
    "drift_semitones_s",
    "falling_share",
    "move_p50",
    "move_p90",
    "rise_mean",
    "rise_deviation",
    "fall_mean",
    "fall_deviation",
    "phrase_start_slope",
    "phrase_end_slope",
    "voiced_share",
    "voiced_run_log_s",
    "voiced_runs_a_second",
)

Pitches = NDArray[np.float64]

_VIBRATO_HZ = (4.0, 8.0)
_WINDOW_FRAMES, _WINDOW_STEP, _N_FFT = 64, 16, 128
_FASTEST = 4.0
"""Semitones in 50 ms above which a step is an octave error."""

_LEAST_MOVE = 0.1
"""Semitones in 50 ms below which a pitch neither rises nor falls."""

_START_FRAMES, _END_FRAMES, _MOVE_FRAMES = 10, 15, 25


def pitch_on_frames(pitch: PitchTrack, frames: int, hop_s: float) -> Pitches:
    """Read a pitch track every `hop_s` seconds: MIDI pitch (frames,), NaN where unvoiced."""
    source = pitch.midi_pitch
    voiced = np.isfinite(source)
    if len(source) == 0 or not voiced.any():
        return np.full(frames, np.nan)
    place = np.arange(frames) * hop_s / pitch.hop_s
    nearest = np.minimum(np.round(place).astype(np.int64), len(source) - 1)
    index = np.flatnonzero(voiced)
    return np.where(voiced[nearest], np.interp(place, index, source[index]), np.nan)


def pitch_figures(midi_pitch: Pitches, active: NDArray[np.bool_], hop_s: float) -> Pitches:
    """Measure `PITCH_FEATURES` of stretches of equal length.

    Args:
        midi_pitch: (stretches, frames), NaN where unvoiced.
        active: (stretches, frames), where a voice sounds.
        hop_s: Seconds from one frame to the next.

    Returns:
        float64 (stretches, len(PITCH_FEATURES)), NaN where a figure cannot be told.
    """
    voiced = ~np.isnan(midi_pitch)
    row, starts, ends = runs_of(voiced)
    runs = np.bincount(row, minlength=len(voiced))
    run_s = np.bincount(row, ends - starts, minlength=len(voiced)) * hop_s / runs
    sounding = active.sum(axis=1)
    figures = [
        *_modulation(midi_pitch),
        *_glides(midi_pitch),
        *_heights(midi_pitch),
        *_moves(midi_pitch),
        *_edges(midi_pitch, row, starts, ends),
        (voiced & active).sum(axis=1) / sounding,
        np.log(run_s + 0.02),
        np.where(sounding > 0, runs / (sounding * hop_s), np.nan),
    ]
    return np.stack(figures, axis=1)


def windows_of(tracks: Pitches) -> tuple[Pitches, NDArray[np.bool_]]:
    """Cut windows of 0.64 s, gaps bridged, and say which are at least nine tenths known.

    Args:
        tracks: (stretches, frames), NaN where unknown.

    Returns:
        The windows that are known, (known, 64), and bool (stretches, windows) where they stand.
    """
    starts = np.arange(0, tracks.shape[1] - _WINDOW_FRAMES + 1, _WINDOW_STEP)
    total = np.cumsum(np.pad(~np.isnan(tracks), ((0, 0), (1, 0))), axis=1)
    kept = total[:, starts + _WINDOW_FRAMES] - total[:, starts] >= 0.9 * _WINDOW_FRAMES
    row, window = np.nonzero(kept)
    return bridged(tracks)[row[:, None], starts[window][:, None] + np.arange(_WINDOW_FRAMES)], kept


def detrended(windows: Pitches) -> Pitches:
    """Take the straight line of least squares away from every row."""
    ramp = np.linspace(-1.0, 1.0, windows.shape[1])
    centred = windows - windows.mean(axis=1, keepdims=True)
    return np.asarray(centred - (centred @ ramp / (ramp @ ramp))[:, None] * ramp)


def on_grid(values: Pitches, kept: NDArray[np.bool_]) -> Pitches:
    """Put what was measured in the windows of `windows_of` back where they stand, (stretches, windows)."""
    grid = np.full(kept.shape, np.nan)
    grid[kept] = values
    return grid


def _modulation(midi_pitch: Pitches) -> list[Pitches]:
    """Extent, rate and regularity of vibrato, and the extents below and above its band, over voiced windows."""
    windows, kept = windows_of(midi_pitch)
    taper = np.hanning(_WINDOW_FRAMES)
    spectrum = np.abs(np.fft.rfft(detrended(windows) * taper, _N_FFT)) ** 2 if len(windows) else np.zeros((0, 65))
    hz = np.fft.rfftfreq(_N_FFT, 0.01)
    inside = (hz >= _VIBRATO_HZ[0]) & (hz <= _VIBRATO_HZ[1])
    # A sine of amplitude a gives a^2 * N_FFT / 4 * sum(taper^2) of power, so extents come out in semitones.
    scale = 4.0 / (_N_FFT * np.sum(taper**2))
    extent = np.sqrt(spectrum[:, inside].sum(1) * scale)
    slow = np.sqrt(spectrum[:, (hz > 0) & (hz < _VIBRATO_HZ[0])].sum(1) * scale)
    fast = np.sqrt(spectrum[:, hz > _VIBRATO_HZ[1]].sum(1) * scale)
    of_row = np.equal(np.nonzero(kept)[0], np.arange(len(kept))[:, None])
    band = np.where(kept.any(axis=1, keepdims=True), of_row @ spectrum[:, inside] + 1e-9, np.nan)
    regularity = spectrum[:, inside].max(1) / (spectrum[:, 1:].sum(1) + 1e-9)
    middle, wide = quantiles(on_grid(extent, kept), (0.5, 0.9))
    return [
        np.log(middle + 0.02),
        np.log(wide + 0.02),
        band @ hz[inside] / band.sum(axis=1),
        median(on_grid(regularity, kept)),
        np.log(median(on_grid(slow, kept)) + 0.02),
        np.log(median(on_grid(fast, kept)) + 0.02),
    ]


def _glides(midi_pitch: Pitches) -> list[Pitches]:
    """How fast the pitch moves in 50 ms, how steady it is over 0.2 s, and how it jitters."""
    moved = np.abs(midi_pitch[:, 5:] - midi_pitch[:, :-5])
    moved = where_known(moved, moved < _FASTEST)
    jitter = np.abs(np.diff(midi_pitch, 2, axis=1))
    return [
        *quantiles(moved, (0.5, 0.9)),
        share(moved > 0.4, moved),
        *quantiles(_rolling_deviation(midi_pitch, 20), (0.25, 0.75)),
        *(np.log(part + least) for part, least in zip(quantiles(jitter, (0.5, 0.9)), (0.005, 0.02), strict=True)),
    ]


def _heights(midi_pitch: Pitches) -> list[Pitches]:
    """Middle pitch, deviation, skewness, and the distances from the middle to percentiles above and below it."""
    p02, p10, p20, middle, p80, p90, p98 = quantiles(midi_pitch, (0.02, 0.1, 0.2, 0.5, 0.8, 0.9, 0.98))
    reaches = [p90 - middle, middle - p10, p80 - middle, middle - p20, p98 - middle, middle - p02]
    return [middle, np.log(deviation(midi_pitch) + 0.1), skewness(midi_pitch, 0.3), *reaches]


def _moves(midi_pitch: Pitches) -> list[Pitches]:
    """Mean slope, share of moves that fall, how far the pitch is a quarter of a second later, rises and falls."""
    step = midi_pitch[:, 5:] - midi_pitch[:, :-5]
    step = where_known(step, np.abs(step) < _FASTEST)
    moving = where_known(step, np.abs(step) > 0.2)
    far = np.abs(midi_pitch[:, _MOVE_FRAMES:] - midi_pitch[:, :-_MOVE_FRAMES])
    rise, fall = where_known(step, step > _LEAST_MOVE), where_known(-step, step < -_LEAST_MOVE)
    return [
        mean(step) * 20.0,
        share(moving < 0, moving),
        *quantiles(np.minimum(far, 12.0), (0.5, 0.9)),
        *(statistic(moved) for moved in (rise, fall) for statistic in (mean, deviation)),
    ]


def _edges(
    midi_pitch: Pitches, row: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> list[Pitches]:
    """Mean rise over the first 0.1 s and the last 0.15 s of voiced runs of 0.3 s or more, in semitones."""
    long = ends - starts >= 2 * _END_FRAMES
    row, first, last = row[long], starts[long], ends[long] - 1
    begin = midi_pitch[row, first + _START_FRAMES] - midi_pitch[row, first]
    finish = midi_pitch[row, last] - midi_pitch[row, last - _END_FRAMES]
    runs = np.bincount(row, minlength=len(midi_pitch))
    rises = (np.bincount(row, np.clip(part, -6.0, 6.0), minlength=len(midi_pitch)) for part in (begin, finish))
    return [rise / runs for rise in rises]


def _rolling_deviation(values: Pitches, width: int) -> Pitches:
    """Deviation within every window of a row, NaN where a value of it is NaN."""
    if values.shape[1] < width:
        return np.full((len(values), 1), np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(values, width, axis=1)[:, :: width // 4]
    return np.asarray(windows.std(axis=2))


def runs_of(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Find the runs of True in the rows of a mask: row of each, its first frame, and the frame after its last."""
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, starts = np.nonzero(edges == 1)
    return row, starts, np.nonzero(edges == -1)[1]
