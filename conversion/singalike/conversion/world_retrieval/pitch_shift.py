"""Another pitch without a vocoder: periods of the source, laid closer together or further apart (TD-PSOLA).

Each period is a piece of the recording itself, so breath, rasp and consonants stay and nothing buzzes; its envelope
stays where it was, which is what the filter that follows expects. Periods are found by the phase of the fundamental,
which turns as evenly as the voice does, where peaks of the waveform jump as formants move; and they are laid between
samples, because at 400 Hz a whole sample is a sixth of a semitone.
"""

from collections.abc import Iterator

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from singalike.audio.sound import Sound, Waveform

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Complexes = NDArray[np.complex128]

UNVOICED_STEP_S = 0.005
FEWEST_FRAMES = 3
"""A voiced stretch that is shorter has no phase to speak of and is copied."""

PERIODS_HEARD = 12
"""To either side of a moment, for its phase. One is enough for a voice alone; with rests of a band in the recording the
phase of one slips, and the pitch with it."""

STEADIER = 2.0
"""By so much less must the phase of the square wander to be taken for that of the fundamental itself."""

FINER = 8
"""Places between two samples at which a period may be cut out."""


def with_moved_pitch(source: Sound, f0_hz: Floats, hop_s: float, semitones: float) -> Waveform:
    """Move the pitch of a voice and leave its envelope and its tempo.

    Args:
        source: Mono, any rate.
        f0_hz: float32 (frames,), its pitch, zero where unvoiced; frame i is centred at i * hop_s.
        hop_s: Seconds from one frame to the next.
        semitones: How far.

    Returns:
        float32 (samples,), as long as the source.

    Source:
        Moulines and Charpentier 1990, "Pitch-synchronous waveform processing techniques for text-to-speech synthesis
        using diphones", Speech Communication 9, https://doi.org/10.1016/0167-6393(90)90021-Z.
    """
    waveform, rate = source.waveform[0], source.sample_rate
    marks = period_marks(waveform, f0_hz, hop_s * rate, rate)
    periods = [rate / value if value > 0 else 0.0 for value in f0_hz.tolist()]
    return _laid(waveform, marks, periods, hop_s * rate, rate, 2.0 ** (semitones / 12.0))


def period_marks(waveform: Waveform, f0_hz: Floats, hop: float, rate: int) -> Doubles:
    """Find where the periods of a voice are loudest.

    Args:
        waveform: float32 (samples,).
        f0_hz: float32 (frames,), zero where unvoiced.
        hop: Samples from one frame to the next.
        rate: Samples per second.

    Returns:
        float64 (marks,), in samples and between them, growing; unvoiced stretches have none.
    """
    found = [_marks_of(waveform, f0_hz, first, last, hop, rate) for first, last in _voiced_stretches(f0_hz)]
    return np.concatenate([np.zeros(0), *found])


def _voiced_stretches(f0_hz: Floats) -> Iterator[tuple[int, int]]:
    """Yield the first frame of each voiced stretch and the one behind its last."""
    edges = np.flatnonzero(np.diff((f0_hz > 0).astype(np.int8), prepend=0, append=0))
    for first, last in edges.reshape(-1, 2).tolist():
        if last - first >= FEWEST_FRAMES:
            yield first, last


def _marks_of(waveform: Waveform, f0_hz: Floats, first: int, last: int, hop: float, rate: int) -> Doubles:
    """Mark one voiced stretch wherever the phase of its fundamental has turned once more."""
    start, end = max(0, round((first - 0.5) * hop)), min(len(waveform), round((last - 0.5) * hop))
    samples = np.arange(start, end)
    hz = np.exp(np.interp(samples / hop, np.arange(first, last), np.log(f0_hz[first:last].astype(np.float64))))
    tracked = 2.0 * np.pi * np.cumsum(hz) / rate
    # Turned back by the tracked pitch the fundamental stands still; a Hann window of whole periods has its zeros where
    # the other harmonics then are.
    reach = PERIODS_HEARD * round(rate / float(np.median(hz)))
    part = waveform[start:end].astype(np.float64)
    turned, window = np.exp(-1j * tracked), np.hanning(2 * reach + 1)
    # The square of a voice has its fundamental even where a separator or a telephone took it from the voice itself.
    angles = [_turned_back(part, turned, window), _turned_back(np.square(part), turned, window)]
    wander = [float(np.abs(np.diff(angle)).sum()) for angle in angles]
    phase = np.maximum.accumulate(tracked + angles[int(wander[0] > STEADIER * wander[1])])
    loudest = np.angle(np.sum(np.square(part) * np.exp(1j * phase)))
    turns = (phase - loudest) / (2.0 * np.pi)
    return np.interp(np.arange(np.ceil(turns[0]), np.floor(turns[-1]) + 1.0), turns, samples)


def _turned_back(part: Doubles, turned: Complexes, window: Doubles) -> Doubles:
    """Phase of what turns as tracked, over that of the tracked pitch, (samples,)."""
    still = scipy.signal.fftconvolve(part * turned, window, mode="same")
    return np.asarray(np.unwrap(np.angle(still)))


def _laid(waveform: Waveform, marks: Doubles, periods: list[float], hop: float, rate: int, ratio: float) -> Waveform:
    """Lay windowed periods at the distances of the new pitch; what is unvoiced is copied from where it stands."""
    reach = int(max(max(periods, default=0.0), UNVOICED_STEP_S * rate)) + 2
    padded = np.pad(waveform, reach)
    fine = scipy.signal.resample_poly(padded, FINER, 1).astype(np.float32)
    laid = np.zeros_like(padded)
    place = 0.0
    while place < len(waveform):
        period = periods[min(round(place / hop), len(periods) - 1)]
        half, origin = UNVOICED_STEP_S * rate, place
        step = half
        if period and len(marks):
            half, step, origin = period, period / ratio, _nearest(marks, place)
            if abs(origin - place) > 2.0 * period:  # voiced by name, but without a mark of its own
                origin = place
        width, goal = max(int(half), 1), round(place)
        window = np.hanning(2 * width + 1)[:-1].astype(np.float32)
        first = round((origin + goal - place + reach - width) * FINER)
        goal += reach - width
        laid[goal : goal + 2 * width] += window * fine[first : first + 2 * width * FINER : FINER]
        place += step
    return laid[reach:-reach]


def _nearest(marks: Doubles, place: float) -> float:
    after = int(np.searchsorted(marks, place))
    around = marks[max(after - 1, 0) : after + 1]
    return float(around[np.argmin(np.abs(around - place))])
