"""The course of a stretch of singing: phrases, pauses, and how pitch and level move through it and through each."""

import numpy as np
from numpy.typing import NDArray

from singalike.embeddings.row_statistics import count, deviation, mean, quantiles, skewness, slope, where_known
from singalike.embeddings.style_pitch import runs_of
from singalike.embeddings.style_sound import SoundTracks

MODULATION_HZ = ((2, 6), (6, 12), (12, 30))
"""Bands of the spectrum of the level: syllables, tremor and vibrato, roughness."""

COURSE_FEATURES = (
    "pitch_at_first",
    "pitch_at_last",
    "pitch_bend",
    "pitch_course",
    "voiced_run_log_deviation_s",
    "voiced_run_log_longest_s",
    "pausing_share",
    "gap_log_s",
    "gap_log_deviation_s",
    "voiced_level_deviation_db",
    "voiced_level_skewness",
    "voiced_level_p80_over_p20_db",
    "voiced_level_p95_over_p50_db",
    "voiced_over_unvoiced_db",
    "level_rise_db",
    "level_fall_db",
    "level_at_first_db",
    "level_at_last_db",
    "phrase_start_level_db",
    "phrase_end_level_db",
    "phrase_start_harmonicity",
    "phrase_end_harmonicity",
    *(f"modulation_log_{low}_{high}_hz" for low, high in MODULATION_HZ),
)

Track = NDArray[np.float64]
Mask = NDArray[np.bool_]

_FEWEST_FRAMES = 20
_EDGE_FRAMES = 6
_SHORTEST_GAP_S = 0.03
_QUIETEST_DB = -40.0
_WHOLE_MODULATION_HZ = (0.8, 40.0)


def course_figures(
    tracks: SoundTracks, at: NDArray[np.int64], chosen: Mask, voiced: Mask, midi_pitch: Track, hop_s: float
) -> Track:
    """Measure `COURSE_FEATURES` of stretches of equal length.

    Args:
        tracks: Of the whole recording.
        at: int64 (stretches, frames), where the stretches stand in it.
        chosen: bool (stretches, frames), frames that count.
        voiced: bool (stretches, frames), those of them whose colour is that of the voice.
        midi_pitch: (stretches, frames), NaN where unvoiced.
        hop_s: Seconds from one frame to the next.

    Returns:
        float64 (stretches, len(COURSE_FEATURES)), NaN where a figure cannot be told.
    """
    level = tracks.level_db[at]
    inside = _within(chosen)
    sung = ~np.isnan(midi_pitch)
    first, middle, last, course = _course(midi_pitch, sung)
    figures = [
        first,
        last,
        middle - 0.5 * (first + last),
        course,
        *_lengths(*runs_of(sung), len(at), hop_s)[1:],
        (inside & ~chosen).sum(axis=1) / inside.sum(axis=1),
        *_lengths(*runs_of(inside & ~sung), len(at), hop_s)[:2],
        *_voiced_level(level, voiced),
        mean(where_known(level, voiced)) - mean(where_known(level, chosen & ~sung)),
        *_moves(level, voiced),
        *_course(level, voiced)[0:3:2],
        *_edges(level, tracks.colour[0][at], sung),
        *_modulation(level, inside, hop_s),
    ]
    return np.stack(figures, axis=1)


def _within(chosen: Mask) -> Mask:
    """Mark everything from the first frame of a row that counts to the last, (stretches, frames)."""
    begun = np.logical_or.accumulate(chosen, axis=1)
    return begun & np.logical_or.accumulate(chosen[:, ::-1], axis=1)[:, ::-1]


def _course(values: Track, known: Mask) -> tuple[Track, Track, Track, Track]:
    """How far each third of the known values lies above the mean of all, and half their rise from first to last."""
    number = known.sum(axis=1, keepdims=True)
    # -1 at the first known value, 1 at the last: pauses take no time.
    place = 2.0 * np.cumsum(known, axis=1) / number - 1.0
    centred = where_known(values, known & (number >= _FEWEST_FRAMES))
    centred = centred - mean(centred)[:, None]
    first, last = place <= -1.0 / 3.0, place > 1.0 / 3.0
    rise = np.where(count(centred) > 0, slope(centred, where_known(place, known), 1.0), np.nan)
    begin, middle, end = (mean(where_known(centred, third)) for third in (first, ~first & ~last, last))
    return begin, middle, end, rise


def _lengths(
    row: NDArray[np.int64], starts: NDArray[np.int64], ends: NDArray[np.int64], rows: int, hop_s: float
) -> tuple[Track, Track, Track]:
    """Logarithms of mean, deviation and longest of each row's runs, in seconds; those below 0.03 s do not count."""
    length = (ends - starts) * hop_s
    row, length = row[length > _SHORTEST_GAP_S], length[length > _SHORTEST_GAP_S]
    number = np.bincount(row, minlength=rows)
    middle = np.bincount(row, length, minlength=rows) / number
    spread = np.sqrt(np.bincount(row, np.square(length - middle[row]), minlength=rows) / number)
    longest = np.full(rows, np.nan)
    np.fmax.at(longest, row, length)
    spread = np.where(number > 1, spread, np.nan)
    return np.log(middle + 0.02), np.log(spread + 0.03), np.log(longest + 0.05)


def _voiced_level(level: Track, voiced: Mask) -> list[Track]:
    """Deviation, skewness and two spans of the level where the voice sounds."""
    known = where_known(level, voiced)
    low, middle, high, top = quantiles(known, (0.2, 0.5, 0.8, 0.95))
    return [deviation(known), skewness(known, 1.0), high - low, top - middle]


def _moves(level: Track, voiced: Mask) -> list[Track]:
    """How far the level rises where it rises, and falls where it falls, within 50 ms."""
    step = where_known(level[:, 5:] - level[:, :-5], voiced[:, 5:] & voiced[:, :-5])
    return [mean(where_known(step, step > 0.0)), -mean(where_known(step, step < 0.0))]


def _edges(level: Track, harmonicity: Track, sung: Mask) -> list[Track]:
    """What level and harmonicity do in the first and the last 60 ms of voiced runs of 0.12 s or more, on average."""
    row, starts, ends = runs_of(sung)
    long = ends - starts >= 2 * _EDGE_FRAMES
    row, first, last = row[long], starts[long], ends[long] - 1
    moves = [
        level[row, first + _EDGE_FRAMES] - level[row, first],
        level[row, last] - level[row, last - _EDGE_FRAMES],
        # A frame farther in: the outermost one holds as much of the pause.
        harmonicity[row, first + _EDGE_FRAMES] - harmonicity[row, first + 1],
        harmonicity[row, last - 1] - harmonicity[row, last - 1 - _EDGE_FRAMES],
    ]
    number = np.bincount(row, minlength=len(level))
    return [np.bincount(row, move, minlength=len(level)) / number for move in moves]


def _modulation(level: Track, inside: Mask, hop_s: float) -> list[Track]:
    """Logarithms of the shares of the level's movement that lie in `MODULATION_HZ`."""
    frames = level.shape[1]
    if frames * hop_s < 0.5:
        return [np.full(len(level), np.nan)] * len(MODULATION_HZ)
    held = np.clip(level, _QUIETEST_DB, 0.0)
    centred = np.where(inside, held - mean(where_known(held, inside))[:, None], 0.0)
    power = np.square(np.abs(np.fft.rfft(centred * np.hanning(frames))))
    hz = np.fft.rfftfreq(frames, hop_s)
    low, high = _WHOLE_MODULATION_HZ
    whole = power[:, (hz > low) & (hz < high)].sum(axis=1)
    return [np.log(power[:, (hz >= low) & (hz < high)].sum(axis=1) / whole + 0.01) for low, high in MODULATION_HZ]
