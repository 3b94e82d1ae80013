"""What level and colour of a voice do while somebody sings: dynamics, attacks, breath, brilliance, effort."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.mel import hz_to_mel
from singalike.embeddings.row_statistics import count, deviation, mean, median, quantiles, slope, where_known
from singalike.embeddings.style_pitch import detrended, on_grid, windows_of
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
)

Track = NDArray[np.float64]
Places = NDArray[np.int64]

_BANDS_HZ = ((200, 1_000), (1_000, 2_400), (2_400, 3_600), (3_600, 5_500), (5_500, 7_800), (200, 500), (500, 1_000))
_SLOPE_HZ = (300, 5_000)
_OPENNESS_HZ = (250, 1_050)
_DB = 10.0 / np.log(10.0)


@dataclass(frozen=True, eq=False)
class SoundTracks:
    """What level and colour do in a recording, measured once for all stretches of it.

    Attributes:
        level_db: float64 (frames,).
        colour: float64 (len(TRACKS), frames).
        vowels: float64 (ARTICULATED, frames).
        flux, low_flux_db: float64 (frames - 1,), how far cepstra and low bands move to the next frame.
    """

    level_db: Track
    colour: Track
    vowels: Track
    flux: Track
    low_flux_db: Track

    @classmethod
    def of(cls, frames: VoiceFrames) -> "SoundTracks":
        """Measure the frames of a recording."""
        mixed = frames.log_mel @ _mixing()[0]
        return cls(
            frames.level_db.astype(np.float64),
            _colour(frames, mixed),
            frames.envelope[:, :ARTICULATED].T.astype(np.float64),
            np.abs(np.diff(frames.cepstra[:, :12], axis=0)).mean(axis=1).astype(np.float64),
            np.abs(np.diff(mixed[:, 0])).astype(np.float64),
        )


def level_figures(tracks: SoundTracks, at: Places, chosen: NDArray[np.bool_], midi_pitch: Track, hop_s: float) -> Track:
    """Measure `LEVEL_FEATURES` of stretches of equal length.

    Args:
        tracks: Of the whole recording.
        at: int64 (stretches, frames), where the stretches stand in it.
        chosen: bool (stretches, frames), frames that count.
        midi_pitch: (stretches, frames), NaN where unvoiced.
        hop_s: Seconds from one frame to the next.

    Returns:
        float64 (stretches, len(LEVEL_FEATURES)), NaN where a figure cannot be told.
    """
    level, behind = tracks.level_db[at], chosen[:, 1:]
    sounding = where_known(level, chosen)
    rise = where_known(level[:, 3:] - level[:, :-3], chosen[:, 3:] | chosen[:, :-3])
    windows, kept = windows_of(sounding)
    tremolo = median(on_grid(detrended(windows).std(axis=1), kept))
    shimmer = where_known(np.abs(np.diff(level, 2, axis=1)), chosen[:, 1:-1])
    voiced = chosen & ~np.isnan(midi_pitch)
    figures = [
        *quantiles(sounding, (0.1, 0.5)),
        deviation(sounding),
        *quantiles(shimmer, (0.5,)),
        *quantiles(rise, (0.9, 0.98, 0.1)),
        np.log(tremolo + 0.1),
        _swells(level, chosen) / np.maximum(chosen.sum(axis=1) * hop_s, 0.1),
        *(_movement(level, chosen, lag) for lag in LAGS),
        _slope(where_known(level, voiced), where_known(midi_pitch, voiced)),
        *quantiles(where_known(tracks.flux[at[:, :-1]], behind), (0.5,)),
        *quantiles(where_known(tracks.low_flux_db[at[:, :-1]], behind), (0.5,)),
    ]
    return np.stack(figures, axis=1)


def sound_figures(tracks: SoundTracks, at: Places, chosen: NDArray[np.bool_], midi_pitch: Track) -> Track:
    """Measure `SOUND_FEATURES`, (stretches, len(SOUND_FEATURES)); arguments and NaN as in `level_figures`."""
    # The frames that count are moved together, in order: what changes is told from one of them to the next.
    order = np.argsort(~chosen, axis=1, kind="stable")[:, : int(chosen.sum(axis=1).max())]
    known = np.take_along_axis(chosen, order, axis=1)
    place = np.take_along_axis(at, order, axis=1)
    colour, vowels = (
        np.where(known, some[:, place], np.nan).transpose(1, 0, 2) for some in (tracks.colour, tracks.vowels)
    )
    level = where_known(tracks.level_db[place], known)[:, None]
    pitch = where_known(np.take_along_axis(midi_pitch, order, axis=1), known)[:, None]
    middle = mean(colour)
    centred = colour - middle[..., None]
    statistics = [
        middle,
        np.sqrt(mean(np.square(centred))),
        *quantiles(colour, (0.1, 0.9)),
        slope(centred, level, 1.0),
        slope(centred, pitch, 1.0),
        mean(np.abs(np.diff(colour, axis=2))),
        deviation(vowels),
        mean(np.abs(vowels[..., 3:] - vowels[..., :-3])),
    ]
    return np.concatenate(statistics, axis=1)


def _colour(frames: VoiceFrames, mixed: NDArray[np.float32]) -> Track:
    """`TRACKS` of a recording, (tracks, frames)."""
    _, first, last = _mixing()
    low, mid, ring, high, air, bottom, open_band, slant = mixed.T.astype(np.float64)
    power = np.exp(frames.log_mel[:, first:last])
    openness = power @ np.arange(last - first, dtype=np.float32) / power.sum(axis=1)
    harmonic = frames.harmonicity.T.astype(np.float64)
    colours = [mid - low, high - low, ring - mid, air - high, slant, bottom - open_band]
    return np.stack([*harmonic, *colours, openness.astype(np.float64)])


@lru_cache(maxsize=1)
def _mixing() -> tuple[NDArray[np.float32], int, int]:
    """What mixes mel bands into band levels and the slope in dB an octave, and the bands of the first formant."""
    columns = []
    for low_hz, high_hz in _BANDS_HZ:
        column = np.zeros(DETAIL_MEL.mels)
        first, last = mel_index(low_hz), mel_index(high_hz)
        column[first:last] = _DB / (last - first)
        columns.append(column)
    first, last = (mel_index(hz) for hz in _SLOPE_HZ)
    low_mel, high_mel = hz_to_mel(np.array([DETAIL_MEL.low_hz, DETAIL_MEL.high_hz])).tolist()
    edges = np.linspace(low_mel, high_mel, DETAIL_MEL.mels + 2)[1:-1]
    octaves = np.log2(np.interp(edges[first:last], hz_to_mel(_GRID_HZ), _GRID_HZ))
    ramp = octaves - octaves.mean()
    slope = np.zeros(DETAIL_MEL.mels)
    slope[first:last] = _DB * ramp / (ramp @ ramp)
    columns.append(slope)
    return np.stack(columns, axis=1).astype(np.float32), mel_index(_OPENNESS_HZ[0]), mel_index(_OPENNESS_HZ[1])


_GRID_HZ = np.arange(100.0, 8_000.0, 10.0)


def mel_index(hz: float) -> int:
    """Return the number of the mel filter nearest to a frequency."""
    low, high, at = hz_to_mel(np.array([DETAIL_MEL.low_hz, DETAIL_MEL.high_hz, hz]))
    return round(float((at - low) / (high - low) * DETAIL_MEL.mels))


def _swells(level: Track, chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Count how often the level rises over its own slow course, about once a syllable."""
    total, frames = np.cumsum(np.pad(level, ((0, 0), (26, 26)), mode="edge"), axis=1), level.shape[1]
    quick, slow = (total[:, 26 + w : 26 + w + frames] - total[:, 25 - w : 25 - w + frames] for w in (2, 25))
    above = quick / 5.0 - slow / 51.0 > 0.0
    return np.asarray((above[:, 1:] & ~above[:, :-1] & chosen[:, 1:]).sum(axis=1), dtype=np.int64)


def _movement(level: Track, chosen: NDArray[np.bool_], lag: int) -> Track:
    """Log of the mean change of the level over a lag, in dB."""
    moved = np.abs(level[:, lag:] - level[:, :-lag])
    return np.asarray(np.log(mean(where_known(moved, chosen[:, lag:] & chosen[:, :-lag])) + 0.1))


def _slope(values: Track, over: Track) -> Track:
    """Least-squares slope, drawn towards zero where there is little to tell it from, NaN below ten frames."""
    known = count(over)
    return np.where(known < 10, np.nan, slope(values, over, 0.1 * known))
