"""Another pitch without a vocoder: periods of the source, laid closer together or further apart (TD-PSOLA).

Each period is a piece of the recording itself, so breath, rasp and consonants stay and nothing buzzes; its envelope
stays where it was, which is what the filter that follows expects.
"""

import numpy as np
from numpy.typing import NDArray

from singalike.audio.sound import Sound, Waveform

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

UNVOICED_STEP_S = 0.005
NEAREST, FARTHEST = 0.9, 1.12
"""Where the next peak is looked for, in periods: pitch moves slowly, and a skipped period is a click."""

PULL = 0.1
"""How far a mark follows the peak that it finds: peaks jump as formants move, and marks that jump sound rough."""


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
    periods = _periods(f0_hz, rate)
    marks = _marks(waveform, periods, round(hop_s * rate * 1e6) / 1e6, rate)
    return _laid(waveform, marks, periods, hop_s * rate, rate, 2.0 ** (semitones / 12.0))


def _periods(f0_hz: Floats, rate: int) -> list[float]:
    """Length of a period at every frame in samples, zero where unvoiced."""
    return [rate / value if value > 0 else 0.0 for value in f0_hz.tolist()]


def _marks(waveform: Waveform, periods: list[float], hop: float, rate: int) -> Doubles:
    """Find where the periods of the voice peak, in samples, growing; unvoiced stretches have none."""
    # A voice swings further to one side; its peaks there are the closures of the glottis.
    upright = waveform if float(np.mean(waveform.astype(np.float64) ** 3)) >= 0 else -waveform
    marks: list[float] = []
    place, was_voiced, last = 0.0, False, len(waveform) - 1
    step = UNVOICED_STEP_S * rate
    while place < last:
        period = periods[min(round(place / hop), len(periods) - 1)]
        if not period:
            place, was_voiced = place + step, False
            continue
        first = round(place + NEAREST * period) if was_voiced else round(place)
        end = min(round(place + FARTHEST * period) if was_voiced else round(place + period), last) + 1
        if end <= first:
            break
        peak = first + int(np.argmax(upright[first:end]))
        expected = place + period
        place = expected + PULL * (peak - expected) if was_voiced else float(peak)
        marks.append(place)
        was_voiced = True
    return np.array(marks, dtype=np.float64)


def _laid(waveform: Waveform, marks: Doubles, periods: list[float], hop: float, rate: int, ratio: float) -> Waveform:
    """Lay windowed periods at the distances of the new pitch; what is unvoiced is copied from where it stands."""
    reach = int(max(max(periods, default=0.0), UNVOICED_STEP_S * rate)) + 2
    padded = np.pad(waveform, reach)
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
        width = max(int(half), 1)
        window = np.hanning(2 * width + 1)[:-1].astype(np.float32)
        source, goal = round(origin) + reach - width, round(place) + reach - width
        laid[goal : goal + 2 * width] += window * padded[source : source + 2 * width]
        place += step
    return laid[reach:-reach]


def _nearest(marks: Doubles, place: float) -> float:
    after = int(np.searchsorted(marks, place))
    around = marks[max(after - 1, 0) : after + 1]
    return float(around[np.argmin(np.abs(around - place))])
