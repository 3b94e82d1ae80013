"""Fit the checkpoints without a network: `python -m singalike.embeddings.training --data FOLDER --out FOLDER style`."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from singalike.embeddings.training import style, voice_gender
from singalike.embeddings.training.workshop import Workshop

FITS: dict[str, Callable[..., object]] = {
    "style": style.fit,
    "voice_gender": voice_gender.fit,
}
"""Functions of a workshop, a folder for the checkpoint, and a preset of the type below."""

PRESETS: dict[str, type] = {
    "style": style.StylePreset,
    "voice_gender": voice_gender.VoiceGenderPreset,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Fit the models that the command line names, telling standard error how far the work is."""
    parser = argparse.ArgumentParser(prog="python -m singalike.embeddings.training", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--out", type=Path, required=True, help="folder for the checkpoints")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--cache", type=Path, default=None, help="folder to keep the analyses of the voices in")
    parser.add_argument("models", nargs="+", choices=sorted(FITS))
    options = parser.parse_args(arguments)
    workshop = Workshop(options.data, options.seed, options.workers, options.cache, _say)
    for model in options.models:
        FITS[model](workshop, options.out)
    return 0


def _say(words: str) -> None:
    sys.stderr.write(words + "\n")


if __name__ == "__main__":
    sys.exit(main())
