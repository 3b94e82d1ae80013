"""Move the accompaniment to another key. Voices are moved by the engine that sings them."""

from collections.abc import Iterator

import numpy as np

from singalike.audio.sound import Sound, Waveform
from singalike.audio.watching import Watch, nobody_watches
from singalike.conversion.engine import FARTHEST_SHIFT
from singalike.errors import InvalidInputError

BLOCK_S, INTERVAL_S = 0.12, 0.015
"""Frames of the stretcher and how far apart they are: twice as dense as its preset, which makes held tones purer."""

SEED = 20

STRETCH_S = 24.0
"""Music is moved in stretches of about this length: the stretcher neither stops nor lets other threads run."""

SEEK_S = 8.0
"""Around the end of a stretch, the quietest moment within this is looked for, so that the joint is not heard."""

JOINT_S = 0.06
LEAD_S = 0.5
"""Sound before and behind a stretch that is moved with it: the stretcher begins and ends a little unsure."""

_STEP_S = 0.02


def shift_key(sound: Sound, semitones: float, watch: Watch = nobody_watches) -> Sound:
    """Transpose music without changing its speed.

    Drums and attacks stay where they are in time; all channels move together, so the stereo image stays.

    Args:
        sound: Music, any rate and channels.
        semitones: How far up, fractions allowed; within two octaves.
        watch: Sees how far the work is, and may stop it.

    Returns:
        Sound of the same shape; the very same object for no shift. The same input gives the same output.

    Raises:
        InvalidInputError: KEY_SHIFT_TOO_FAR.

    Source:
        Signalsmith Stretch (MIT), https://signalsmith-audio.co.uk/code/stretch/.
    """
    if not abs(semitones) <= FARTHEST_SHIFT:
        message = f"choose a key shift within {FARTHEST_SHIFT:.0f} semitones, not {semitones}"
        raise InvalidInputError("KEY_SHIFT_TOO_FAR", message)
    if semitones == 0.0:
        return sound
    rate, samples = sound.sample_rate, sound.waveform.shape[-1]
    shifted = np.zeros_like(sound.waveform)
    lead, joint = round(LEAD_S * rate), round(JOINT_S * rate)
    for first, last in _stretches(sound):
        start, end = max(first - lead, 0), min(last + lead, samples)
        moved = _moved(sound.waveform[:, start:end], rate, semitones)
        stop = min(last + joint, end)
        part = moved[:, first - start : stop - start]
        # The two renderings of a joint have phases of their own, so their powers add up and not their waves.
        rise = np.sin(0.5 * np.pi * np.linspace(0.0, 1.0, joint, dtype=np.float32))
        if first > 0:
            part[:, :joint] *= rise[: part.shape[-1]]
        if last < samples:
            part[:, last - first :] *= rise[::-1][: stop - last]
        shifted[:, first:stop] += part
        watch(last / samples)
    return Sound(shifted, rate)


def _stretches(sound: Sound) -> Iterator[tuple[int, int]]:
    """First sample of each stretch and that of the next; they meet where the music is quiet."""
    rate, samples = sound.sample_rate, sound.waveform.shape[-1]
    step = max(round(_STEP_S * rate), 1)
    first = 0
    while samples - first > (STRETCH_S + SEEK_S) * rate:
        earliest = first + round((STRETCH_S - SEEK_S) * rate)
        sought = sound.waveform[:, earliest : earliest + 2 * round(SEEK_S * rate) // step * step]
        power = np.square(sought).mean(axis=0, dtype=np.float32).reshape(-1, step).mean(axis=1)
        around = np.convolve(power, np.ones(round(JOINT_S / _STEP_S)), mode="valid")
        last = earliest + int(np.argmin(around)) * step
        yield first, last
        first = last
    yield first, samples


def _moved(waveform: Waveform, rate: int, semitones: float) -> Waveform:
    from python_stretch import Signalsmith

    stretch = Signalsmith.Stretch(SEED)
    stretch.configure(len(waveform), round(BLOCK_S * rate), round(INTERVAL_S * rate))
    stretch.setTransposeSemitones(float(semitones))
    moved = np.asarray(stretch.process(np.ascontiguousarray(waveform, dtype=np.float32)), dtype=np.float32)
    samples = waveform.shape[-1]
    return np.pad(moved[:, :samples], ((0, 0), (0, max(samples - moved.shape[-1], 0))))
