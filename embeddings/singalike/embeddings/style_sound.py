"""What level and colour of a voice do while somebody sings: dynamics, attacks, breath, brilliance, effort."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.mel import hz_to_mel
from singalike.embeddings.style_pitch import detrended, quantiles, windows_of
from singalike.embeddings.voice_frames import DETAIL_MEL, VoiceFrames

LAGS = (4, 8, 16, 32)
"""Frames over which the movement of the level is measured: 40 to 320 ms."""

ARTICULATED = 5
"""Pitch-robust cepstral coefficients whose movement says how widely and how fast somebody articulates."""

LEVEL_FEATURES = (
    "level_p10_db",
    "level_p50_db",
    "level_deviation_db",
    "shimmer_db",
    "attack_p90_db",
    "attack_p98_db",
    "release_p90_db",
    "tremolo_log_db",
    "swells_a_second",
    *(f"level_move_{10 * lag}_ms" for lag in LAGS),
    "level_by_pitch",
    "cepstral_flux",
    "low_band_flux_db",
)
TRACKS = (
    "harmonicity",
    "high_harmonicity",
    "brilliance_db",
    "presence_db",
    "ring_db",
    "air_db",
    "slope_db",
    "bottom_db",
    "openness_mel",
)
STATISTICS = ("mean", "deviation", "p10", "p90", "by_level", "by_pitch", "change")
SOUND_FEATURES = (
    *(f"{track}_{statistic}" for statistic in STATISTICS for track in TRACKS),
    *(f"articulation_{index}_{what}" for what in ("span", "speed") for index in range(1, ARTICULATED + 1)),
    "second_over_fourth_harmonic_db",
    "second_over_fourth_harmonic_deviation_db",
)

Track = NDArray[np.float64]

_BANDS_HZ = ((200, 1_000), (1_000, 2_400), (2_400, 3_600), (3_600, 5_500), (5_500, 7_800), (200, 500), (500, 1_000))
_SLOPE_HZ = (300, 5_000)
_OPENNESS_HZ = (250, 1_050)
_DB = 10.0 / np.log(10.0)


def level_figures(frames: VoiceFrames, chosen: NDArray[np.bool_], midi_pitch: Track) -> Track:
    """Measure `LEVEL_FEATURES`.

    Args:
        frames: Of a stretch of sound.
        chosen: bool (frames,), those that count.
        midi_pitch: (frames,), NaN where unvoiced.

    Returns:
        float64 (len(LEVEL_FEATURES),), NaN where a figure cannot be told.
    """
    level = frames.level_db.astype(np.float64)
    sounding = level[chosen]
    rise = (level[3:] - level[:-3])[chosen[3:] | chosen[:-3]]
    tremolo = detrended(windows_of(np.where(chosen, level, np.nan)))
    flux = np.abs(np.diff(frames.cepstra[:, :12], axis=0)).mean(axis=1)[chosen[1:]].astype(np.float64)
    low = np.abs(np.diff(frames.log_mel @ _mixing()[0][:, 0]))[chosen[1:]].astype(np.float64)
    return np.array(
        [
            *quantiles(sounding, (0.1, 0.5)),
            sounding.std(),
            *quantiles(np.abs(np.diff(level, 2))[chosen[1:-1]], (0.5,)),
            *quantiles(rise, (0.9, 0.98, 0.1)),
            np.log(np.median(tremolo.std(axis=1)) + 0.1) if len(tremolo) else np.nan,
            _swells(level, chosen) / max(chosen.sum() * frames.hop_s, 0.1),
            *(_movement(level, chosen, lag) for lag in LAGS),
            _slope(level, midi_pitch, chosen & np.isfinite(midi_pitch)),
            *quantiles(flux, (0.5,)),
            *quantiles(low, (0.5,)),
        ]
    )


def sound_figures(frames: VoiceFrames, chosen: NDArray[np.bool_], midi_pitch: Track) -> Track:
    """Measure `SOUND_FEATURES`; arguments and NaN as in `level_figures`."""
    tracks = _tracks(frames, chosen)
    level, pitch = frames.level_db[chosen].astype(np.float64), midi_pitch[chosen]
    centred = tracks - tracks.mean(axis=1, keepdims=True)
    level = level - level.mean()
    voiced = np.isfinite(pitch)
    height = pitch[voiced] - pitch[voiced].mean() if voiced.any() else pitch[:0]
    ordered = np.sort(tracks, axis=1)
    last = tracks.shape[1] - 1
    statistics = [
        tracks.mean(axis=1),
        tracks.std(axis=1),
        ordered[:, min(int(0.1 * tracks.shape[1]), last)],
        ordered[:, min(int(0.9 * tracks.shape[1]), last)],
        centred @ level / (level @ level + 1.0),
        centred[:, voiced] @ height / (height @ height + 1.0),
        np.abs(np.diff(tracks, axis=1)).mean(axis=1) if last else np.full(len(tracks), np.nan),
    ]
    vowels = frames.envelope[chosen][:, :ARTICULATED].astype(np.float64)
    speed = np.abs(vowels[3:] - vowels[:-3]).mean(axis=0) if last >= 3 else np.full(ARTICULATED, np.nan)
    return np.concatenate([*statistics, vowels.std(axis=0), speed, _harmonics(frames, chosen, midi_pitch)])


def _tracks(frames: VoiceFrames, chosen: NDArray[np.bool_]) -> Track:
    """`TRACKS` over the chosen frames, (tracks, frames)."""
    log_mel = frames.log_mel[chosen]
    mixing, first, last = _mixing()
    low, mid, ring, high, air, bottom, open_band, slope = (log_mel @ mixing).T.astype(np.float64)
    power = np.exp(log_mel[:, first:last])
    openness = power @ np.arange(last - first, dtype=np.float32) / power.sum(axis=1)
    harmonic = frames.harmonicity[chosen].T.astype(np.float64)
    colours = [mid - low, high - low, ring - mid, air - high, slope, bottom - open_band]
    return np.stack([*harmonic, *colours, openness.astype(np.float64)])


@lru_cache(maxsize=1)
def _mixing() -> tuple[NDArray[np.float32], int, int]:
    """What mixes mel bands into band levels and the slope in dB an octave, and the bands of the first formant."""
    columns = []
    for low_hz, high_hz in _BANDS_HZ:
        column = np.zeros(DETAIL_MEL.mels)
        first, last = _mel_index(low_hz), _mel_index(high_hz)
        column[first:last] = _DB / (last - first)
        columns.append(column)
    first, last = (_mel_index(hz) for hz in _SLOPE_HZ)
    low_mel, high_mel = hz_to_mel(np.array([DETAIL_MEL.low_hz, DETAIL_MEL.high_hz])).tolist()
    edges = np.linspace(low_mel, high_mel, DETAIL_MEL.mels + 2)[1:-1]
    octaves = np.log2(np.interp(edges[first:last], hz_to_mel(_GRID_HZ), _GRID_HZ))
    ramp = octaves - octaves.mean()
    slope = np.zeros(DETAIL_MEL.mels)
    slope[first:last] = _DB * ramp / (ramp @ ramp)
    columns.append(slope)
    return np.stack(columns, axis=1).astype(np.float32), _mel_index(_OPENNESS_HZ[0]), _mel_index(_OPENNESS_HZ[1])


_GRID_HZ = np.arange(100.0, 8_000.0, 10.0)


def _mel_index(hz: float) -> int:
    """Number of the mel filter nearest to a frequency."""
    low, high, at = hz_to_mel(np.array([DETAIL_MEL.low_hz, DETAIL_MEL.high_hz, hz]))
    return round(float((at - low) / (high - low) * DETAIL_MEL.mels))


def _swells(level: Track, chosen: NDArray[np.bool_]) -> int:
    """Count how often the level rises over its own slow course, about once a syllable."""
    total = np.cumsum(np.pad(level, (26, 26), mode="edge"))
    quick, slow = (total[26 + w : 26 + w + len(level)] - total[25 - w : 25 - w + len(level)] for w in (2, 25))
    above = quick / 5.0 - slow / 51.0 > 0.0
    return int((above[1:] & ~above[:-1] & chosen[1:]).sum())


def _movement(level: Track, chosen: NDArray[np.bool_], lag: int) -> float:
    """Log of the mean change of the level over a lag, in dB."""
    moved = np.abs(level[lag:] - level[:-lag])[chosen[lag:] & chosen[:-lag]]
    return float(np.log(moved.mean() + 0.1)) if len(moved) else float("nan")


def _slope(values: Track, over: Track, known: NDArray[np.bool_]) -> float:
    """Least-squares slope, drawn towards zero where there is little to tell it from."""
    if known.sum() < 10:
        return float("nan")
    base = over[known] - over[known].mean()
    return float(base @ values[known] / (base @ base + 0.1 * len(base)))


def _harmonics(frames: VoiceFrames, chosen: NDArray[np.bool_], midi_pitch: Track) -> Track:
    """Mean and deviation of the second over the fourth harmonic, in dB: how steeply the source falls."""
    at = np.flatnonzero(chosen & np.isfinite(midi_pitch))
    if len(at) < 10:
        return np.full(2, np.nan)
    f0_hz = 440.0 * 2.0 ** ((midi_pitch[at] - 69.0) / 12.0)
    low, high = hz_to_mel(np.array([DETAIL_MEL.low_hz, DETAIL_MEL.high_hz]))
    bands = [(hz_to_mel(n * f0_hz) - low) / (high - low) * (DETAIL_MEL.mels + 1) - 1.0 for n in (2, 4)]
    second, fourth = (np.clip(np.round(band), 0, DETAIL_MEL.mels - 1).astype(np.int64) for band in bands)
    difference = (frames.log_mel[at, second] - frames.log_mel[at, fourth]) * _DB
    return np.array([difference.mean(), difference.std()])
