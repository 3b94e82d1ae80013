"""The option --separate of benchmarks that listen to whole songs: by which separator, if any."""

import argparse
from collections.abc import Callable, Mapping

import numpy as np

from singalike.audio.separation import MaskSeparator, RepetSimSeparator, Separator, best_separator
from singalike.audio.sound import Sound

DEFAULT = "default"

SEPARATORS: Mapping[str, Callable[[], Separator]] = {
    DEFAULT: best_separator,
    MaskSeparator.name: MaskSeparator,
    RepetSimSeparator.name: RepetSimSeparator,
}


def add_separate(parser: argparse.ArgumentParser) -> None:
    """Let whoever calls ask for separation, and by what."""
    parser.add_argument("--separate", nargs="?", const=DEFAULT, choices=sorted(SEPARATORS))


def named_separator(name: str | None) -> Separator | None:
    """Build the separator of `--separate` and say which one it is; None where nothing is to be separated."""
    separator = SEPARATORS[name]() if name else None
    print(f"separated by: {separator.name if separator else 'nothing'}")
    return separator


def vocals(waveform: np.ndarray, sample_rate: int, separator: Separator | None) -> np.ndarray:
    """Take the accompaniment of a mono song (samples,) away."""
    return separator.separate(Sound(waveform[None], sample_rate)).waveform[0] if separator else waveform
