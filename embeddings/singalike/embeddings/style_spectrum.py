"""The spectrum of a voice while somebody sings: where its power lies, how peaked it is, how its harmonics fall."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.mel import hz_to_mel
from singalike.embeddings.row_statistics import deviation, mean, quantiles, share, where_known
from singalike.embeddings.style_sound import mel_index
from singalike.embeddings.voice_frames import DETAIL_MEL, VoiceFrames

CEPSTRA = 5
TRACKS = (
    "low_over_high_power_db",
    "low_over_high_peak_db",
    "first_formant_slope_db",
    "second_formant_slope_db",
    "centroid_mel",
    "flatness",
    *(f"cepstrum_{index}" for index in range(1, CEPSTRA + 1)),
)
SPECTRUM_FEATURES = (
    *(f"{track}_mean" for track in TRACKS),
    *(f"{track}_deviation" for track in TRACKS),
    *(f"{track}_loud" for track in TRACKS[:2]),
    "low_over_high_power_loud_over_quiet_db",
    "centroid_mel_p90",
    "whispering_share",
    "purring_share",
    "mean_spectrum_flatness",
    "mean_spectrum_peak",
    "second_over_fourth_harmonic_deviation_db",
    "second_over_fourth_harmonic_db",
    "second_over_third_harmonic_db",
    "third_over_fourth_harmonic_db",
    "second_harmonic_over_third_formant_db",
    "harmonics_over_valleys_db",
)
"""Measured in voiced frames."""

Track = NDArray[np.float64]
Mask = NDArray[np.bool_]
Places = NDArray[np.int64]

_LOW_HZ, _HIGH_HZ = (200, 1_000), (1_000, 5_000)
_LOW_PEAK_HZ, _HIGH_PEAK_HZ = (200, 2_000), (2_000, 5_000)
_SLOPES_HZ = (((200, 500), (500, 1_500)), ((500, 1_500), (1_500, 3_000)))
_THIRD_FORMANT_HZ, _MEAN_PEAK_HZ = (2_200, 3_200), (200, 3_000)
_LEAST_HARMONIC, _HIGH_HARMONIC = 0.6, 0.5
_MULTIPLES = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0)
_STEPS_A_SEMITONE, _HIGHEST_MIDI = 10, 128
_FEWEST_VOICED = 10
_DB = 10.0 / np.log(10.0)


@dataclass(frozen=True, eq=False)
class SpectrumTracks:
    """What the spectrum of a recording does, measured once for all stretches of it.

    Attributes:
        tracks: float64 (len(TRACKS), frames).
        harmonicity: float32 (frames, 2), as in `VoiceFrames`.
        third_formant: float32 (frames,), the highest log-mel there.
        log_mel: float32 (frames, mels).
        power: float32 (mels, frames), without the logarithm.
        level_db: float64 (frames,).
    """

    tracks: Track
    harmonicity: NDArray[np.float32]
    third_formant: NDArray[np.float32]
    log_mel: NDArray[np.float32]
    power: NDArray[np.float32]
    level_db: Track

    @classmethod
    def of(cls, frames: VoiceFrames) -> "SpectrumTracks":
        """Measure the frames of a recording."""
        bands = np.ascontiguousarray(frames.log_mel.T)  # Rows are many times as fast as columns.
        power = np.exp(bands)
        low, high, whole, moment = (_power_rows() @ power).astype(np.float64)
        low_peak, high_peak, third_formant = (
            bands[_bands(hz)].max(axis=0) for hz in (_LOW_PEAK_HZ, _HIGH_PEAK_HZ, _THIRD_FORMANT_HZ)
        )
        tracks = [
            _DB * np.log(low / high),
            _DB * (low_peak - high_peak),
            *(_slope_rows() @ bands),
            moment / whole,
            bands.mean(axis=0) - np.log(whole / DETAIL_MEL.mels),
            *frames.cepstra[:, :CEPSTRA].T,
        ]
        level_db = frames.level_db.astype(np.float64)
        return cls(
            np.stack(tracks).astype(np.float64), frames.harmonicity, third_formant, frames.log_mel, power, level_db
        )


def spectrum_figures(tracks: SpectrumTracks, at: Places, voiced: Mask, midi_pitch: Track) -> Track:
    """Measure `SPECTRUM_FEATURES` of stretches of equal length.

    Args:
        tracks: Of the whole recording.
        at: int64 (stretches, frames), where the stretches stand in it, frame after frame.
        voiced: bool (stretches, frames), frames whose colour is that of the voice.
        midi_pitch: (stretches, frames), NaN where unvoiced.

    Returns:
        float64 (stretches, len(SPECTRUM_FEATURES)), NaN where a figure cannot be told.
    """
    values = np.where(voiced, tracks.tracks[:, at], np.nan).transpose(1, 0, 2)
    level = where_known(tracks.level_db[at], voiced)
    loud = level >= quantiles(level, (0.5,))[0][:, None]
    harmonicity = np.where(voiced, tracks.harmonicity.T[:, at], np.nan)
    in_loud = mean(np.where(loud[:, None], values[:, :2], np.nan))
    in_quiet = mean(where_known(values[:, 0], ~loud))
    figures = [
        in_loud[:, 0] - in_quiet,
        *quantiles(values[:, TRACKS.index("centroid_mel")], (0.9,)),
        share(harmonicity[0] < _LEAST_HARMONIC, harmonicity[0]),
        share(harmonicity[1] > _HIGH_HARMONIC, harmonicity[1]),
        *_mean_spectrum(tracks.power, at, voiced),
        *_harmonics(tracks, at, where_known(midi_pitch, voiced)),
    ]
    middle = mean(values)
    spread = np.sqrt(mean(np.square(values - middle[..., None])))
    return np.concatenate([middle, spread, in_loud, np.stack(figures, axis=1)], axis=1)


def _mean_spectrum(power: NDArray[np.float32], at: Places, voiced: Mask) -> Track:
    """Flatness of each stretch's mean spectrum and how far its peak stands out, natural logarithms, (2, stretches)."""
    sums = [
        power[:, place[0] : place[-1] + 1] @ mask for mask, place in zip(voiced.astype(np.float32), at, strict=True)
    ]
    whole = np.stack(sums).astype(np.float64)
    spectrum = np.log(np.where(voiced.any(axis=1, keepdims=True), whole, np.nan))
    middle = spectrum[:, _bands(_MEAN_PEAK_HZ)]
    flatness = spectrum.mean(axis=1) - np.log(whole.mean(axis=1))
    return np.stack([flatness, middle.max(axis=1) - np.median(middle, axis=1)])


def _harmonics(tracks: SpectrumTracks, at: Places, midi_pitch: Track) -> list[Track]:
    """How steeply the harmonics fall, in dB, and how far they stand above what lies between them."""
    known = ~np.isnan(midi_pitch)
    step = np.clip(np.where(known, midi_pitch, 69.0), 0, _HIGHEST_MIDI - 1) * _STEPS_A_SEMITONE
    bands = _bands_of_multiples()[:, np.round(step).astype(np.int64)]
    between_1, second, between_2, third, between_3, fourth = _DB * tracks.log_mel[at, bands].astype(np.float64)
    falls = [
        second - fourth,
        second - third,
        third - fourth,
        second - _DB * tracks.third_formant[at],
        (second + third + fourth - between_1 - between_2 - between_3) / 3.0,
    ]
    told = np.where(known & (known.sum(axis=1, keepdims=True) >= _FEWEST_VOICED), np.stack(falls), np.nan)
    return [deviation(told[0]), *mean(told)]


def _bands(hz: tuple[int, int]) -> slice:
    return slice(mel_index(hz[0]), mel_index(hz[1]))


@lru_cache(maxsize=1)
def _power_rows() -> NDArray[np.float32]:
    """What sums mel bands to low, high and whole power and to the moment of its centroid, float32 (4, mels)."""
    rows = np.zeros((4, DETAIL_MEL.mels), np.float32)
    rows[0, _bands(_LOW_HZ)] = rows[1, _bands(_HIGH_HZ)] = rows[2] = 1.0
    rows[3] = np.arange(DETAIL_MEL.mels)
    return rows


@lru_cache(maxsize=1)
def _slope_rows() -> NDArray[np.float32]:
    """What takes the mean level of one band from that of the one below, in dB, float32 (2, mels)."""
    rows = np.zeros((len(_SLOPES_HZ), DETAIL_MEL.mels), np.float32)
    for row, (low, high) in zip(rows, _SLOPES_HZ, strict=True):
        row[_bands(low)] = _DB / len(row[_bands(low)])
        row[_bands(high)] = -_DB / len(row[_bands(high)])
    return rows


@lru_cache(maxsize=1)
def _bands_of_multiples() -> Places:
    """Mel bands of `_MULTIPLES` of pitches a tenth of a semitone apart from MIDI 0, int64 (multiples, pitches)."""
    midi_pitch = np.arange(_HIGHEST_MIDI * _STEPS_A_SEMITONE) / _STEPS_A_SEMITONE
    hz = np.array(_MULTIPLES)[:, None] * 440.0 * 2.0 ** ((midi_pitch - 69.0) / 12.0)
    low, high = hz_to_mel(np.array([DETAIL_MEL.low_hz, DETAIL_MEL.high_hz]))
    bands = (hz_to_mel(hz) - low) / (high - low) * (DETAIL_MEL.mels + 1) - 1.0
    return np.asarray(np.clip(np.round(bands), 0, DETAIL_MEL.mels - 1), dtype=np.int64)
