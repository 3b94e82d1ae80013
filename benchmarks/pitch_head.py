"""Judge the melody encoder's pitch against WORLD's harvest on real singing, and time it.

usage: python benchmarks/pitch_head.py DATA [--checkpoints FOLDER] [--songs 60] [--keep REFERENCE.npz]

Prints, per folder: share of frames voiced in both that lie within 50 cents; the same with octaves folded; share of
harvest's voiced frames found (recall) and of its unvoiced frames called voiced (false alarm); real-time factor of mel,
network and decoding on one thread. Harvest itself errs in a few per cent of frames.
"""

import argparse
import csv
import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pyworld
import soundfile
import soxr
import torch

from singalike.audio.pitch import hz_to_midi
from singalike.embeddings.checkpoint import SHIPPED
from singalike.embeddings.melody import SAMPLE_RATE, MelodyEncoder

FOLDERS = (("mir1k", "stem"), ("ravdess", "singing"), ("nus48e_demo", "singing"))


def read(path: Path) -> np.ndarray:
    """Read the last channel (mir1k keeps the voice on the right) at 16 000 Hz, at most 30 s."""
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return soxr.resample(sound[: 30 * rate, -1], rate, SAMPLE_RATE).astype(np.float32)


def harvest(waveform: np.ndarray) -> np.ndarray:
    """Reference MIDI pitch every 16 ms, NaN where unvoiced."""
    f0_hz, _ = pyworld.harvest(waveform.astype(np.float64), SAMPLE_RATE, f0_floor=65, f0_ceil=1050, frame_period=16.0)
    return hz_to_midi(np.where(f0_hz > 0, f0_hz, np.nan))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--checkpoints", type=Path, default=SHIPPED)
    parser.add_argument("--songs", type=int, default=60)
    parser.add_argument("--keep", type=Path, help="keeps harvest's answers for the next run")
    options = parser.parse_args()
    torch.set_num_threads(1)
    encoder = MelodyEncoder.load(options.checkpoints)
    with (options.data / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    kept = dict(np.load(options.keep)) if options.keep and options.keep.exists() else {}
    for folder, kind in FOLDERS:
        paths = sorted(r["path"] for r in rows if r["path"].startswith(folder + "/") and r["kind"] == kind)
        paths = paths[:: max(len(paths) // options.songs, 1)][: options.songs]
        sounds = [read(options.data / path) for path in paths]
        truths = [kept.setdefault(path, harvest(sound)) if path not in kept else kept[path]
                  for path, sound in zip(paths, sounds, strict=True)]  # fmt: skip
        begun_s = time.process_time()
        heard = [frames.pitch.midi_pitch for frames in encoder.analyse(sounds)]
        spent_s = time.process_time() - begun_s
        sizes = [min(len(a), len(b)) for a, b in zip(truths, heard, strict=True)]
        truth = np.concatenate([t[:n] for t, n in zip(truths, sizes, strict=True)])
        found = np.concatenate([h[:n] for h, n in zip(heard, sizes, strict=True)])
        both = np.isfinite(truth) & np.isfinite(found)
        error = np.abs(truth - found)[both]
        folded = np.abs((truth - found + 6) % 12 - 6)[both]
        recall = both.sum() / np.isfinite(truth).sum()
        alarm = np.isfinite(found)[~np.isfinite(truth)].mean()
        seconds = sum(len(sound) for sound in sounds) / SAMPLE_RATE
        print(f"{folder:12s} {len(paths)} recordings, {seconds:.0f} s: within 50 cents {np.mean(error < 0.5):.3f}, "
              f"octaves folded {np.mean(folded < 0.5):.3f}, median error {100 * np.median(error):.0f} cents, voicing "
              f"recall {recall:.3f}, false alarm {alarm:.3f}, real-time factor {spent_s / seconds:.5f}")  # fmt: skip
    if options.keep:
        np.savez(options.keep, **kept)


if __name__ == "__main__":
    main()
