"""Count frames that lie an octave off WORLD's harvest in real singing, before and after octaves are repaired.

usage: python -m benchmarks.octave_errors DATA [--checkpoints FOLDER] [--songs 20]

Prints, per folder, the share of the sure frames voiced in both that lie 11 to 13 semitones off, and of those more than
2 semitones off in any way. Harvest itself errs in a few per cent of frames, so neither figure can reach zero.
"""

import argparse
import csv
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from benchmarks.pitch_head import FOLDERS, harvest, read
from singalike.audio.pitch import PitchTrack
from singalike.embeddings.checkpoint import SHIPPED
from singalike.embeddings.melody import MelodyEncoder
from singalike.embeddings.octave_repair import repair_octaves
from singalike.embeddings.vocal_range import CONFIDENT_VOICING


def off(pitch: PitchTrack, truth: np.ndarray) -> np.ndarray:
    """Distance from harvest in semitones, of the frames that both call voiced and ours is sure of."""
    size = min(len(truth), len(pitch.f0_hz))
    away = np.abs(pitch.midi_pitch[:size] - truth[:size])
    return away[np.isfinite(away) & (pitch.voicing[:size] >= CONFIDENT_VOICING)]


def main() -> None:
    """Print a line a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--checkpoints", type=Path, default=SHIPPED)
    parser.add_argument("--songs", type=int, default=20)
    options = parser.parse_args()
    torch.set_num_threads(1)
    encoder = MelodyEncoder.load(options.checkpoints)
    with (options.data / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for folder, kind in FOLDERS:
        paths = sorted(r["path"] for r in rows if r["path"].startswith(folder + "/") and r["kind"] == kind)
        paths = paths[:: max(len(paths) // options.songs, 1)][: options.songs]
        sounds = [read(options.data / path) for path in paths]
        truths = [harvest(sound) for sound in sounds]
        tracks = [frames.pitch for frames in encoder.analyse(sounds)]
        before = np.concatenate([off(track, truth) for track, truth in zip(tracks, truths, strict=True)])
        after = np.concatenate([off(repair_octaves(track), truth) for track, truth in zip(tracks, truths, strict=True)])
        octave = [np.mean(np.abs(away - 12.0) < 1.0) for away in (before, after)]
        wrong = [np.mean(away > 2.0) for away in (before, after)]
        print(f"{folder:12s} {len(paths)} recordings, {len(before)} frames: an octave off {octave[0]:.4f} before, "
              f"{octave[1]:.4f} after repair; more than 2 semitones off {wrong[0]:.4f}, {wrong[1]:.4f}")  # fmt: skip


if __name__ == "__main__":
    main()
