"""Cut a vocal where nobody sings, and put converted pieces together again with cross-fades."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from singalike.audio.sound import Sound, Waveform

SHORTEST_S, LONGEST_S = 4.0, 12.0
CROSSFADE_S = 0.02
MARGIN_S = 0.2
"""Sound around a piece that is worked on with it and then thrown away: analysis windows want neighbours."""

_STEP_S = 0.01
_QUIET_STEPS = 5


@dataclass(frozen=True)
class Piece:
    """A stretch of a vocal, in samples.

    Attributes:
        first, last: What it is responsible for, from `first` to before `last`; neighbours meet without a gap.
        from_sample, to_sample: The same with its margins, clipped to what exists.
    """

    first: int
    last: int
    from_sample: int
    to_sample: int

    def of(self, sound: Sound) -> Sound:
        """Return the piece with its margins."""
        return Sound(sound.waveform[:, self.from_sample : self.to_sample], sound.sample_rate)

    def at_rate(self, rate: int, wanted_rate: int, samples: int) -> "Piece":
        """Return the same stretch of the same sound at another rate, where it has so many samples."""
        ends = (self.first, self.last, self.from_sample, self.to_sample)
        return Piece(*(min(round(end * wanted_rate / rate), samples) for end in ends))


def cut_pieces(sound: Sound, grid: int = 1) -> tuple[Piece, ...]:
    """Cut a sound into pieces of 4 to 12 s, each at the quietest 50 ms that it may end at.

    Args:
        sound: Mono, at least one sample.
        grid: Cuts and margins lie at multiples of so many samples, so that frames of a piece are frames of the whole.

    Returns:
        Pieces in order; together they cover the sound.
    """
    rate, samples = sound.sample_rate, sound.waveform.shape[-1]
    loudness, step = _loudness(sound.waveform[0], rate)
    cuts = [0]
    while samples - cuts[-1] > LONGEST_S * rate:
        # What remains must not be shorter than a piece may be.
        earliest, latest = cuts[-1] + SHORTEST_S * rate, min(cuts[-1] + LONGEST_S * rate, samples - SHORTEST_S * rate)
        places = slice(round(earliest / step), max(round(latest / step), round(earliest / step) + 1))
        quietest = places.start + int(np.argmin(loudness[places]))
        cuts.append(quietest * step // grid * grid)
    margin = -(-round(MARGIN_S * rate) // grid) * grid
    ends = [*cuts[1:], samples]
    return tuple(
        Piece(first, last, max(first - margin, 0), min(last + margin, samples))
        for first, last in zip(cuts, ends, strict=True)
    )


def crossfaded(pieces: Iterable[tuple[Piece, Waveform]], samples: int, sample_rate: int) -> Waveform:
    """Put pieces together.

    Args:
        pieces: In order, each with its converted sound, float32 (to_sample - from_sample,).
        samples: Of the whole.
        sample_rate: In Hz.

    Returns:
        float32 (samples,); around every cut, 20 ms of one piece fade into the next.
    """
    whole = np.zeros(samples, dtype=np.float32)
    reach = round(CROSSFADE_S * sample_rate / 2)
    for piece, converted in pieces:
        first, last = max(piece.first - reach, piece.from_sample), min(piece.last + reach, piece.to_sample)
        weight = np.ones(last - first, dtype=np.float32)
        if first < piece.first:
            rise = 2 * (piece.first - first)
            weight[:rise] = np.linspace(0.0, 1.0, rise, endpoint=False, dtype=np.float32)
        # The last piece may end a sample early where a sound was cut at another rate: nothing comes after it.
        if piece.last < last:
            fall = 2 * (last - piece.last)
            weight[-fall:] = np.linspace(1.0, 0.0, fall, endpoint=False, dtype=np.float32)
        whole[first:last] += weight * converted[first - piece.from_sample : last - piece.from_sample]
    return whole


def _loudness(waveform: Waveform, sample_rate: int) -> tuple[NDArray[np.float64], int]:
    """Return the mean square of 50 ms around every 10 ms, and how many samples these are."""
    step = round(_STEP_S * sample_rate)
    steps = -(-len(waveform) // step)
    power = np.square(np.pad(waveform, (0, steps * step - len(waveform)))).reshape(steps, step).mean(axis=1)
    around = np.convolve(np.pad(power, _QUIET_STEPS // 2, mode="edge"), np.ones(_QUIET_STEPS), mode="valid")
    return np.asarray(around, dtype=np.float64), step
