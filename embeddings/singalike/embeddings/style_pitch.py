"""What the pitch does while somebody sings: register, span, vibrato, glides, steadiness, how phrases begin and end."""

import numpy as np
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack

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
    "register_midi",
    "pitch_log_deviation",
    "reach_up",
    "reach_down",
    "drift_semitones_s",
    "falling_share",
    "move_p50",
    "move_p90",
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
    """Measure `PITCH_FEATURES`.

    Args:
        midi_pitch: (frames,), NaN where unvoiced.
        active: (frames,), where a voice sounds.
        hop_s: Seconds from one frame to the next.

    Returns:
        float64 (len(PITCH_FEATURES),), NaN where a figure cannot be told.
    """
    voiced = np.isfinite(midi_pitch)
    starts, ends = _runs(voiced)
    run_s = (ends - starts) * hop_s
    return np.array(
        [
            *_modulation(midi_pitch),
            *_glides(midi_pitch),
            *_heights(midi_pitch[voiced]),
            *_moves(midi_pitch),
            *_edges(midi_pitch, starts, ends),
            voiced[active].mean() if active.any() else np.nan,
            np.log(run_s.mean() + 0.02) if len(run_s) else np.nan,
            len(run_s) / (active.sum() * hop_s) if active.any() else np.nan,
        ]
    )


def windows_of(track: Pitches) -> Pitches:
    """Cut windows of 0.64 s that are at least nine tenths known, gaps bridged, shape (windows, 64)."""
    known = np.isfinite(track)
    if len(track) < _WINDOW_FRAMES or not known.any():
        return np.zeros((0, _WINDOW_FRAMES))
    starts = np.arange(0, len(track) - _WINDOW_FRAMES + 1, _WINDOW_STEP)
    total = np.concatenate([[0], np.cumsum(known)])
    kept = starts[total[starts + _WINDOW_FRAMES] - total[starts] >= 0.9 * _WINDOW_FRAMES]
    index = np.flatnonzero(known)
    bridged = np.interp(np.arange(len(track)), index, track[index])
    return np.asarray(bridged[kept[:, None] + np.arange(_WINDOW_FRAMES)])


def detrended(windows: Pitches) -> Pitches:
    """Take the straight line of least squares away from every row."""
    ramp = np.linspace(-1.0, 1.0, windows.shape[1])
    centred = windows - windows.mean(axis=1, keepdims=True)
    return np.asarray(centred - (centred @ ramp / (ramp @ ramp))[:, None] * ramp)


def quantiles(values: Pitches, shares: tuple[float, ...]) -> list[float]:
    """Return quantiles without interpolation, NaN without values: `np.quantile` costs ten times as much."""
    if len(values) == 0:
        return [float("nan")] * len(shares)
    ordered = np.sort(values)
    return [float(ordered[min(int(share * len(ordered)), len(ordered) - 1)]) for share in shares]


def _modulation(midi_pitch: Pitches) -> list[float]:
    """Extent, rate and regularity of vibrato, and the extents below and above its band, over voiced windows."""
    windows = windows_of(midi_pitch)
    if len(windows) == 0:
        return [np.nan] * 6
    taper = np.hanning(_WINDOW_FRAMES)
    spectrum = np.abs(np.fft.rfft(detrended(windows) * taper, _N_FFT)) ** 2
    hz = np.fft.rfftfreq(_N_FFT, 0.01)
    inside = (hz >= _VIBRATO_HZ[0]) & (hz <= _VIBRATO_HZ[1])
    # A sine of amplitude a gives a^2 * N_FFT / 4 * sum(taper^2) of power, so extents come out in semitones.
    scale = 4.0 / (_N_FFT * np.sum(taper**2))
    extent = np.sqrt(spectrum[:, inside].sum(1) * scale)
    slow = np.sqrt(spectrum[:, (hz > 0) & (hz < _VIBRATO_HZ[0])].sum(1) * scale)
    fast = np.sqrt(spectrum[:, hz > _VIBRATO_HZ[1]].sum(1) * scale)
    band = spectrum[:, inside].sum(0) + 1e-9
    regularity = spectrum[:, inside].max(1) / (spectrum[:, 1:].sum(1) + 1e-9)
    middle, wide = quantiles(extent, (0.5, 0.9))
    return [
        float(np.log(middle + 0.02)),
        float(np.log(wide + 0.02)),
        float((band * hz[inside]).sum() / band.sum()),
        float(np.median(regularity)),
        float(np.log(np.median(slow) + 0.02)),
        float(np.log(np.median(fast) + 0.02)),
    ]


def _glides(midi_pitch: Pitches) -> list[float]:
    """How fast the pitch moves in 50 ms, how steady it is over 0.2 s, and how it jitters."""
    slope = _known(np.abs(midi_pitch[5:] - midi_pitch[:-5]))
    slope = slope[slope < _FASTEST]
    steady = _known(_rolling_deviation(midi_pitch, 20))
    jitter = _known(np.abs(np.diff(midi_pitch, 2)))
    return [
        *quantiles(slope, (0.5, 0.9)),
        float(np.mean(slope > 0.4)) if len(slope) else np.nan,
        *quantiles(steady, (0.25, 0.75)),
        float(np.log(quantiles(jitter, (0.5,))[0] + 0.005)),
    ]


def _heights(sung: Pitches) -> list[float]:
    """Middle pitch, deviation, and the distances from the middle to the 90th and the 10th percentile."""
    if len(sung) == 0:
        return [np.nan] * 4
    low, middle, high = quantiles(sung, (0.1, 0.5, 0.9))
    return [middle, float(np.log(sung.std() + 0.1)), high - middle, middle - low]


def _moves(midi_pitch: Pitches) -> list[float]:
    """Mean slope, share of what moves that falls, and how far the pitch is a quarter of a second later."""
    step = _known(midi_pitch[5:] - midi_pitch[:-5])
    step = step[np.abs(step) < _FASTEST]
    moving = step[np.abs(step) > 0.2]
    far = _known(np.abs(midi_pitch[_MOVE_FRAMES:] - midi_pitch[:-_MOVE_FRAMES]))
    return [
        float(step.mean() * 20.0) if len(step) else np.nan,
        float(np.mean(moving < 0)) if len(moving) else np.nan,
        *quantiles(np.minimum(far, 12.0), (0.5, 0.9)),
    ]


def _edges(midi_pitch: Pitches, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> list[float]:
    """Mean rise over the first 0.1 s and the last 0.15 s of voiced stretches of 0.3 s or more, in semitones."""
    long = ends - starts >= 2 * _END_FRAMES
    if not long.any():
        return [np.nan, np.nan]
    first, last = starts[long], ends[long] - 1
    begin = midi_pitch[first + _START_FRAMES] - midi_pitch[first]
    finish = midi_pitch[last] - midi_pitch[last - _END_FRAMES]
    return [float(np.clip(part, -6.0, 6.0).mean()) for part in (begin, finish)]


def _known(values: Pitches) -> Pitches:
    return values[np.isfinite(values)]


def _rolling_deviation(values: Pitches, width: int) -> Pitches:
    """Deviation within every window, NaN where a value of it is NaN."""
    if len(values) < width:
        return np.full(1, np.nan)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(values, width)[:: width // 4].std(axis=1))


def _runs(voiced: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First frames of the stretches of True, and the frames after their last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], voiced, [False]]).astype(np.int8)))
    return edges[::2].astype(np.int64), edges[1::2].astype(np.int64)
