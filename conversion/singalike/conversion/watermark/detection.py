"""Find a mark, and read it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.audio.resample import resample
from singalike.audio.separation.stft import Stft
from singalike.audio.sound import Sound
from singalike.conversion.watermark.cells import Cells, gather_evidence, sum_bands
from singalike.conversion.watermark.layout import (
    BANDS,
    FRAME_LENGTH,
    GRID_RATE,
    PERIOD,
    PERIOD_S,
    Layout,
    draw_layout,
)
from singalike.conversion.watermark.payload_code import read_payload

FALSE_ALARM = 1e-6
"""Bound on the probability that an unmarked recording counts as marked."""

CHECK_CHANCE = 2.0**-16
"""Probability that words read out of unmarked sound satisfy the check sum: a payload is evidence, too."""

PHASES = 4
"""Positions of the grid within a cell that are tried: 8 ms apart."""

WINDOW_PERIODS = 3
"""A mark is looked for in stretches of so many periods, and in the whole."""

SPAN_ALARM = 1e-3
"""The same bound for each stretch, once the mark is found and its place in the period known."""

Blocks = NDArray[np.float32]


@dataclass(frozen=True)
class Span:
    """A stretch of sound.

    Attributes:
        start_s, end_s: In seconds.
    """

    start_s: float
    end_s: float


@dataclass(frozen=True)
class Detection:
    """What was found in a recording.

    Attributes:
        found: Whether it carries a mark of the key.
        confidence: One minus a bound on the probability that an unmarked recording looks so marked, in [0, 1].
        deviations: How far the evidence lies over that of unmarked sound, in standard deviations.
        payload: What the mark says; None when nothing was found, or not all of it by the check sum.
        spans: Where the mark is, to within some seconds, in order and apart.
    """

    found: bool
    confidence: float
    deviations: float
    payload: int | None
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class _Match:
    """The best place of the pilots: z-score, phase, cell of the period at which the sound begins."""

    deviations: float
    phase: int
    offset: int


def detect(sound: Sound, key: bytes) -> Detection:
    """Look for the mark of a key.

    The pilots are laid over the evidence at every place and phase of the period. The sum of signed evidence over its
    root sum of squares has mean 0 and deviation 1 whatever the sound is, because the signs are the key's and the sound
    does not know them; it exceeds z with a probability under exp(-z**2 / 2). Times the number of places looked at, and
    times the chance of the check sum where a payload is read, this bounds the false alarms without a single unmarked
    recording to calibrate on.

    Args:
        sound: Any rate, channels, level and length; a stretch of some 8 s of the marked sound is enough.
        key: The secret that the mark was made with.

    Returns:
        What was found.

    Raises:
        InvalidInputError: WATERMARK_KEY_TOO_SHORT.

    Source:
        Hoeffding 1963, Probability inequalities for sums of bounded random variables, theorem 2.
    """
    layout = draw_layout(key)
    blocks = _blocks(sound)
    windows = _windows(blocks.shape[1])
    scores = np.stack([_scores(blocks[:, first:last].sum(axis=1), layout) for first, last in windows])
    window, phase, offset = np.unravel_index(np.argmax(scores), scores.shape)
    match = _Match(float(scores[window, phase, offset]), int(phase), int(offset))
    chance = min(1.0, scores.size * _tail(match.deviations))
    if chance * CHECK_CHANCE > FALSE_ALARM:
        return Detection(False, 1.0 - chance, match.deviations, None, ())
    held = _held_windows(scores, windows, match)
    periods = sorted({period for first, last in held for period in range(first, last)})
    table = np.roll(blocks[match.phase, periods].sum(axis=0), -match.offset, axis=0)
    payload = read_payload(layout, table)
    # Pilots and payload lie in different cells, so their chances multiply.
    chance *= 1.0 if payload is None else CHECK_CHANCE
    if chance > FALSE_ALARM:
        return Detection(False, 1.0 - chance, match.deviations, None, ())
    return Detection(True, 1.0 - chance, match.deviations, payload, _spans(held, sound.duration_s))


def _tail(deviations: float) -> float:
    """Bound on the probability that unmarked sound deviates so far."""
    return math.exp(-0.5 * max(deviations, 0.0) ** 2)


def _blocks(sound: Sound) -> Blocks:
    """Evidence at every phase, cut into periods from the start, float32 (PHASES, periods, PERIOD, BANDS)."""
    fine = _fine_bands(sound)
    cells = len(fine) // PHASES - 1
    periods = -(-cells // PERIOD)
    blocks = np.zeros((PHASES, periods * PERIOD, BANDS), np.float32)
    for phase in range(PHASES):
        frames = fine[phase : phase + cells * PHASES].reshape(cells, PHASES, BANDS)
        # The fourth frame reaches half into the next cell.
        blocks[phase, :cells] = gather_evidence(frames[:, : PHASES - 1].sum(axis=1))
    return blocks.reshape(PHASES, periods, PERIOD, BANDS)


def _fine_bands(sound: Sound) -> Cells:
    """Power of the bands in frames that are PHASES to a cell, float32 (frames, BANDS)."""
    low = resample(sound, GRID_RATE).waveform
    stft, between = Stft(FRAME_LENGTH), FRAME_LENGTH // PHASES
    low = np.pad(low, ((0, 0), (0, 2 * FRAME_LENGTH)))
    even = sum_bands([stft.analyse(channel) for channel in low])
    odd = sum_bands([stft.analyse(channel[between:]) for channel in low])
    frames = min(len(even), len(odd))
    return np.stack([even[:frames], odd[:frames]], axis=1).reshape(-1, BANDS)


def _windows(periods: int) -> list[tuple[int, int]]:
    """Stretches of WINDOW_PERIODS and the whole, as first period and the one after the last."""
    short = [(first, first + WINDOW_PERIODS) for first in range(max(periods - WINDOW_PERIODS, 0) + 1)]
    return [(first, min(last, periods)) for first, last in short] + ([(0, periods)] if len(short) > 1 else [])


def _scores(tables: NDArray[np.float32], layout: Layout) -> NDArray[np.float64]:
    """Lay the pilots over evidence folded into a period.

    Args:
        tables: float32 (PHASES, PERIOD, BANDS).
        layout: Of the key.

    Returns:
        Standard deviations for each phase and each cell at which the period may begin, float64 (PHASES, PERIOD).
    """
    pilots = layout.role == 0
    sums = _correlate(tables, pilots * layout.signs)
    squares = _correlate(np.square(tables), pilots.astype(np.float32))
    # Rounding of the transform makes noise in place of exact zeros.
    return np.where(squares > 1e-3, sums / np.sqrt(np.maximum(squares, 1e-3)), 0.0)


def _correlate(tables: NDArray[np.float32], pattern: NDArray[np.float32]) -> NDArray[np.float64]:
    spectra = np.fft.rfft(tables, axis=1) * np.conj(np.fft.rfft(pattern, axis=0))
    return np.asarray(np.fft.irfft(spectra.sum(axis=2), PERIOD, axis=1))


def _held_windows(scores: NDArray[np.float64], windows: list[tuple[int, int]], match: _Match) -> list[tuple[int, int]]:
    """The short windows whose evidence agrees with the match; the whole when none does alone."""
    short = windows[:-1] or windows
    enough = math.sqrt(2.0 * math.log(len(short) / SPAN_ALARM))
    held = [window for window, score in zip(short, scores, strict=False) if score[match.phase, match.offset] >= enough]
    return held or [windows[-1]]


def _spans(held: list[tuple[int, int]], duration_s: float) -> tuple[Span, ...]:
    spans: list[Span] = []
    for first, last in held:
        start_s, end_s = first * PERIOD_S, min(last * PERIOD_S, duration_s)
        if spans and spans[-1].end_s >= start_s:
            spans[-1] = Span(spans[-1].start_s, end_s)
        else:
            spans.append(Span(start_s, end_s))
    return tuple(spans)
