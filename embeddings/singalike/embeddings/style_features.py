"""How somebody sings, in numbers that have names.

Three groups: what the pitch does (vibrato, glides, steadiness), what the level does (attacks, dynamics, shimmer) and
what the voice sounds like while it does so (breath, brilliance, how both follow the level). Every figure is NaN where
the recording has nothing to tell it from.
"""

import warnings

import numpy as np
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.mel import hz_to_mel
from singalike.embeddings.voice_frames import DETAIL_MEL, VoiceFrames

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
    "voiced_share",
    "voiced_run_log_s",
)
LEVEL_FEATURES = (
    "level_p10_db",
    "level_p50_db",
    "level_deviation_db",
    "shimmer_db",
    "attack_p90_db",
    "attack_p98_db",
    "release_p90_db",
    "tremolo_log_db",
    "cepstral_flux",
    "low_band_flux_db",
)
_SOUND_NAMES = ("harmonicity", "high_harmonicity", "brilliance_db", "presence_db", "ring_db", "air_db")
SOUND_FEATURES = tuple(
    f"{name}_{statistic}"
    for name in _SOUND_NAMES
    for statistic in ("mean", "deviation", "p10", "p90", "by_level", "change")
)
FEATURES = PITCH_FEATURES + LEVEL_FEATURES + SOUND_FEATURES

_VIBRATO_HZ = (4.0, 8.0)
_WINDOW_FRAMES, _WINDOW_STEP, _N_FFT = 64, 16, 128
_BANDS_HZ = {
    "low": (200, 1_000),
    "mid": (1_000, 2_400),
    "ring": (2_400, 3_600),
    "high": (3_600, 5_500),
    "air": (5_500, 7_800),
}
_DB = 10.0 / np.log(10.0)


def style_features(frames: VoiceFrames, pitch: PitchTrack) -> NDArray[np.float32]:
    """Measure the way of singing.

    Args:
        frames: Of the same stretch of sound as `pitch`.
        pitch: Pitch track of any hop.

    Returns:
        float32 (len(FEATURES),), NaN where a figure cannot be told.
    """
    midi_pitch = pitch_on_frames(pitch, len(frames), frames.hop_s)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # All-NaN slices are what NaN in the result means.
        groups = [_pitch_figures(midi_pitch, frames), _level_figures(frames), _sound_figures(frames)]
    return np.concatenate(groups).astype(np.float32)


def pitch_on_frames(pitch: PitchTrack, frames: int, hop_s: float) -> NDArray[np.float64]:
    """Read a pitch track every `hop_s` seconds: MIDI pitch (frames,), NaN where unvoiced."""
    source = pitch.midi_pitch
    voiced = np.isfinite(source)
    if len(source) == 0 or not voiced.any():
        return np.full(frames, np.nan)
    place = np.arange(frames) * hop_s / pitch.hop_s
    nearest = np.minimum(np.round(place).astype(np.int64), len(source) - 1)
    index = np.flatnonzero(voiced)
    return np.where(voiced[nearest], np.interp(place, index, source[index]), np.nan)


def _pitch_figures(midi_pitch: NDArray[np.float64], frames: VoiceFrames) -> NDArray[np.float64]:
    voiced = np.isfinite(midi_pitch)
    slope = np.abs(midi_pitch[5:] - midi_pitch[:-5]) if len(midi_pitch) > 5 else np.full(1, np.nan)
    slope = np.where(slope < 4.0, slope, np.nan)  # Faster than 80 semitones a second is an octave error.
    steady = _rolling_deviation(midi_pitch, 20)
    jitter = np.abs(np.diff(midi_pitch, 2))
    run_s = _run_lengths(voiced) * frames.hop_s
    return np.array(
        [
            *_modulation(midi_pitch),
            np.nanquantile(slope, 0.5),
            np.nanquantile(slope, 0.9),
            np.nanmean(np.where(np.isfinite(slope), slope > 0.4, np.nan)),
            np.nanquantile(steady, 0.25),
            np.nanquantile(steady, 0.75),
            np.log(np.nanmedian(jitter) + 0.005) if len(jitter) else np.nan,
            np.mean(voiced[frames.active]) if frames.active.any() else np.nan,
            np.log(np.mean(run_s) + 0.02) if len(run_s) else np.nan,
        ]
    )


def _modulation(midi_pitch: NDArray[np.float64]) -> list[float]:
    """Extent, rate and regularity of vibrato, and the extents below and above its band, over voiced windows."""
    windows = _voiced_windows(midi_pitch)
    if len(windows) == 0:
        return [np.nan] * 6
    taper = np.hanning(_WINDOW_FRAMES)
    spectrum = np.abs(np.fft.rfft(_detrended(windows) * taper, _N_FFT)) ** 2
    hz = np.fft.rfftfreq(_N_FFT, 0.01)
    inside = (hz >= _VIBRATO_HZ[0]) & (hz <= _VIBRATO_HZ[1])
    # A sine of amplitude a gives a^2 * N_FFT / 4 * sum(taper^2) of power, so extents come out in semitones.
    scale = 4.0 / (_N_FFT * np.sum(taper**2))
    extent = np.sqrt(spectrum[:, inside].sum(1) * scale)
    slow = np.sqrt(spectrum[:, (hz > 0) & (hz < _VIBRATO_HZ[0])].sum(1) * scale)
    fast = np.sqrt(spectrum[:, hz > _VIBRATO_HZ[1]].sum(1) * scale)
    band = spectrum[:, inside].sum(0) + 1e-9
    regularity = spectrum[:, inside].max(1) / (spectrum[:, 1:].sum(1) + 1e-9)
    return [
        float(np.log(np.median(extent) + 0.02)),
        float(np.log(np.quantile(extent, 0.9) + 0.02)),
        float((band * hz[inside]).sum() / band.sum()),
        float(np.median(regularity)),
        float(np.log(np.median(slow) + 0.02)),
        float(np.log(np.median(fast) + 0.02)),
    ]


def _voiced_windows(midi_pitch: NDArray[np.float64]) -> NDArray[np.float64]:
    """Windows that are at least nine tenths voiced, gaps bridged, shape (windows, 64)."""
    if len(midi_pitch) < _WINDOW_FRAMES:
        return np.zeros((0, _WINDOW_FRAMES))
    voiced = np.isfinite(midi_pitch)
    starts = np.arange(0, len(midi_pitch) - _WINDOW_FRAMES + 1, _WINDOW_STEP)
    total = np.concatenate([[0], np.cumsum(voiced)])
    kept = starts[total[starts + _WINDOW_FRAMES] - total[starts] >= 0.9 * _WINDOW_FRAMES]
    if len(kept) == 0:
        return np.zeros((0, _WINDOW_FRAMES))
    index = np.flatnonzero(voiced)
    bridged = np.interp(np.arange(len(midi_pitch)), index, midi_pitch[index])
    return np.asarray(bridged[kept[:, None] + np.arange(_WINDOW_FRAMES)])


def _detrended(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take the straight line of least squares away from every row."""
    ramp = np.linspace(-1.0, 1.0, windows.shape[1])
    centred = windows - windows.mean(axis=1, keepdims=True)
    return np.asarray(centred - (centred @ ramp / (ramp @ ramp))[:, None] * ramp)


def _level_figures(frames: VoiceFrames) -> NDArray[np.float64]:
    level = frames.level_db.astype(np.float64)
    active = frames.chosen()
    rise = level[3:] - level[:-3]
    rise = rise[active[3:] | active[:-3]]
    wobble = np.abs(np.diff(level, 2))[active[1:-1]]
    tremolo = _detrended(_voiced_windows(np.where(active, level, np.nan)))
    flux = np.abs(np.diff(frames.cepstra[:, :12], axis=0)).mean(axis=1)[active[1:]]
    low = np.abs(np.diff(_band_db(frames, "low")))[active[1:]]
    return np.array(
        [
            np.quantile(level[active], 0.1),
            np.quantile(level[active], 0.5),
            level[active].std(),
            _median(wobble),
            *(np.quantile(rise, share) if len(rise) else np.nan for share in (0.9, 0.98, 0.1)),
            np.log(np.median(tremolo.std(axis=1)) + 0.1) if len(tremolo) else np.nan,
            _median(flux),
            _median(low),
        ]
    )


def _sound_figures(frames: VoiceFrames) -> NDArray[np.float64]:
    active = frames.chosen()
    low = _band_db(frames, "low")
    tracks = np.stack(
        [
            frames.harmonicity[:, 0],
            frames.harmonicity[:, 1],
            _band_db(frames, "mid") - low,
            _band_db(frames, "high") - low,
            _band_db(frames, "ring") - _band_db(frames, "mid"),
            _band_db(frames, "air") - _band_db(frames, "high"),
        ],
        axis=1,
    )[active].astype(np.float64)
    level = frames.level_db[active].astype(np.float64)
    level = level - level.mean()
    centred = tracks - tracks.mean(axis=0)
    by_level = level @ centred / (level @ level + 1e-6)
    change = np.abs(np.diff(tracks, axis=0)).mean(axis=0) if len(tracks) > 1 else np.full(tracks.shape[1], np.nan)
    p10, p90 = np.quantile(tracks, [0.1, 0.9], axis=0)
    return np.stack([tracks.mean(axis=0), tracks.std(axis=0), p10, p90, by_level, change], axis=1).ravel()


def _band_db(frames: VoiceFrames, band: str) -> NDArray[np.float64]:
    """Mean log power of the mel bands of one range, in dB, (frames,)."""
    low_hz, high_hz = _BANDS_HZ[band]
    first, last = _mel_index(low_hz), _mel_index(high_hz)
    return np.asarray(frames.log_mel[:, first:last].mean(axis=1) * _DB, dtype=np.float64)


def _mel_index(hz: float) -> int:
    """Number of the mel filter nearest to a frequency."""
    low, high, at = hz_to_mel(np.array([DETAIL_MEL.low_hz, DETAIL_MEL.high_hz, hz]))
    return round(float((at - low) / (high - low) * DETAIL_MEL.mels))


def _rolling_deviation(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Deviation within every window, NaN where a value of it is NaN."""
    if len(values) < width:
        return np.full(1, np.nan)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(values, width)[:: width // 4].std(axis=1))


def _run_lengths(voiced: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Lengths of the stretches of True, in frames."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], voiced, [False]]).astype(np.int8)))
    return (edges[1::2] - edges[::2]).astype(np.int64)


def _median(values: NDArray[np.floating]) -> float:
    return float(np.median(values)) if len(values) else float("nan")
