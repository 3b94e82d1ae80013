"""Separated vocals as FLAC of 24 bits: half the size of the numbers, and the same ones whenever they are loaded."""

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from singalike.audio.sound import Sound

STEPS = 2**23
"""Of full scale: float32 holds every one of them exactly."""

BLOCK = 65_536


def quantised(vocal: Sound) -> tuple[NDArray[np.int32], int]:
    """Round a vocal to 24 bits.

    Args:
        vocal: One or two channels; separators may overshoot full scale.

    Returns:
        int32 (samples, channels) in [-2**23, 2**23), and by how many halvings full scale was made wide enough.
    """
    peak = float(np.abs(vocal.waveform).max(initial=0.0))
    halvings = max(0, int(np.ceil(np.log2(peak * STEPS / (STEPS - 1))))) if peak > 0.0 else 0
    scaled = vocal.waveform.T * np.float32(STEPS / 2**halvings)
    return np.clip(np.rint(scaled), -STEPS, STEPS - 1).astype(np.int32), halvings


def restored(numbers: NDArray[np.int32], halvings: int, sample_rate: int) -> Sound:
    """Invert `quantised`."""
    waveform = numbers.T.astype(np.float32) * np.float32(2**halvings / STEPS)
    return Sound(np.ascontiguousarray(waveform), sample_rate)


def write_vocal(path: Path, numbers: NDArray[np.int32], halvings: int, sample_rate: int) -> None:
    """Write what `quantised` made, in blocks."""
    channels = numbers.shape[1]
    with soundfile.SoundFile(path, "w", sample_rate, channels, format="FLAC", subtype="PCM_24") as file:
        file.comment = str(halvings)
        for first in range(0, len(numbers), BLOCK):
            file.write(numbers[first : first + BLOCK] << 8)  # the upper 24 of 32 bits


def read_vocal(path: Path) -> Sound:
    """Read what `write_vocal` wrote.

    Raises:
        FileNotFoundError: There is none.
        ValueError: The file is not one of ours, or damaged.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    try:
        with soundfile.SoundFile(path) as file:
            halvings = int(file.comment)
            numbers = file.read(dtype="int32", always_2d=True)
            if len(numbers) != file.frames:
                raise ValueError(f"{path} ends early")
            return restored(numbers >> 8, halvings, file.samplerate)
    except soundfile.LibsndfileError as error:
        raise ValueError(f"{path} cannot be read: {error}") from error
