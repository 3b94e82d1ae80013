"""Judge range and tessitura on whole mixed songs against the notes that were written for them (UltraStar).

usage: python -m benchmarks.tessitura DATA [--checkpoints FOLDER] [--separate [unet|repet-sim]]

DATA/ultrastar holds folders with song.txt and audio. The octave of written notes is a convention of who wrote them, so
the distance is also given with the octave that fits best. --separate takes the accompaniment away first, by the
separator that Singalike takes by default or by the one that is named.
"""

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from benchmarks.separate_option import add_separate, named_separator, vocals
from benchmarks.ultrastar import notes_in_frames, read_written_notes
from singalike.audio.pitch import PitchTrack, midi_to_hz
from singalike.embeddings.checkpoint import SHIPPED
from singalike.embeddings.melody import SAMPLE_RATE, MelodyEncoder
from singalike.embeddings.vocal_range import measure_range

HOP_S = 0.016


def read(folder: Path) -> np.ndarray:
    """Read a song as mono at 16 000 Hz."""
    import librosa

    path = next(path for path in sorted(folder.iterdir()) if path.stem == "audio")
    return librosa.load(path, sr=SAMPLE_RATE, mono=True)[0].astype(np.float32)


def main() -> None:
    """Print one line a song and the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--checkpoints", type=Path, default=SHIPPED)
    add_separate(parser)
    options = parser.parse_args()
    torch.set_num_threads(1)
    encoder, separator = MelodyEncoder.load(options.checkpoints), named_separator(options.separate)
    errors, chroma = [], []
    for folder in sorted(path.parent for path in (options.data / "ultrastar").glob("*/song.txt")):
        waveform = read(folder)
        heard = encoder.analyse([vocals(waveform, SAMPLE_RATE, separator)])[0].pitch
        frames = round(len(waveform) / SAMPLE_RATE / HOP_S)
        truth = notes_in_frames(read_written_notes(folder / "song.txt"), frames, HOP_S)
        written = PitchTrack(midi_to_hz(truth).astype(np.float32), np.ones(len(truth), np.float32), HOP_S)
        ours, theirs = measure_range(heard).tessitura_midi, measure_range(written).tessitura_midi
        off = np.subtract(ours, theirs)
        size = min(len(truth), len(heard.f0_hz))
        both = np.isfinite(truth[:size]) & np.isfinite(heard.f0_hz[:size])
        away = (heard.midi_pitch[:size] - truth[:size])[both]
        right = float(np.mean(np.abs((away + 6) % 12 - 6) < 1.0)) if both.any() else float("nan")
        best = off - 12.0 * np.round(np.median(away) / 12.0) if both.any() else off
        errors.append(np.abs(best))
        chroma.append(right)
        print(f"{folder.name:40.40s} written {theirs[0]:.1f}..{theirs[1]:.1f}, heard {ours[0]:.1f}..{ours[1]:.1f}, "
              f"error {off[0]:+.1f} {off[1]:+.1f}, octave folded {best[0]:+.1f} {best[1]:+.1f}; "
              f"pitch class within 1 semitone in {right:.2f} of {both.mean():.2f} frames")  # fmt: skip
    low, high = np.mean(errors, axis=0)
    print(f"mean absolute error, octave folded: 10th {low:.2f}, 90th {high:.2f} semitones; "
          f"pitch class {np.mean(chroma):.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
