"""Judge what is told of a recording's notes against notes that are known: composed and sung by synthesis, or written.

usage: python -m benchmarks.sung_notes [--songs 24] [--data DATA] [--separate [unet|repet-sim]]

Without --data: melodies sung by synthetic voices, heard by the shipped tracker. With it: DATA/ultrastar, whole mixed
songs, against the notes in song.txt; the octave of these is a convention of who wrote them, so pitches are folded by
the octave that fits best. --separate takes the accompaniment away first, by the separator that Singalike takes by
default or by the one that is named.
"""

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from benchmarks.separate_option import add_separate, named_separator, vocals
from benchmarks.tessitura import read
from benchmarks.ultrastar import read_written_notes
from singalike.audio.separation import Separator
from singalike.audio.synthesis import compose_melody, draw_singer, sing
from singalike.embeddings.melody import SAMPLE_RATE, MelodyEncoder
from singalike.embeddings.note_levels import Notes
from singalike.embeddings.profile import SungNotes
from singalike.embeddings.sung_notes import measure_sung_notes, sum_up

FIGURES = ("highest_held_midi", "longest_midi", "longest_s", "notes_per_s", "phrase_s", "leap_semitones")


def synthetic(songs: int) -> Iterator[tuple[np.ndarray, SungNotes]]:
    """Sing `songs` melodies of 30 s, each by another voice."""
    for seed in range(songs):
        rng = np.random.default_rng([5, seed])
        voice = draw_singer(rng)
        melody = compose_melody(rng, voice.centre_midi, 30.0, tempo_bpm=float(rng.uniform(70, 140)))
        sound = sing(voice, melody, SAMPLE_RATE, rng)
        notes = Notes(
            *(np.array([getattr(note, name) for note in melody.notes]) for name in ("start_s", "end_s", "midi_pitch"))
        )
        yield sound.waveform[0], sum_up(joined(notes))


def joined(notes: Notes) -> Notes:
    """Join notes of one pitch that touch: from pitch alone they are one."""
    touching = (notes.start_s[1:] - notes.end_s[:-1] < 0.02) & (np.diff(notes.midi_pitch) == 0)
    first = np.append(0, np.flatnonzero(~touching) + 1)
    return Notes(notes.start_s[first], notes.end_s[np.append(first[1:], len(notes)) - 1], notes.midi_pitch[first])


def written(song: Path) -> Notes:
    """Read the notes of an UltraStar file, sorted by their start."""
    return Notes(*np.array(sorted(read_written_notes(song))).T)


def mixed(data: Path, separator: Separator | None) -> Iterator[tuple[np.ndarray, SungNotes]]:
    """Read whole songs and their written notes."""
    for folder in sorted(path.parent for path in (data / "ultrastar").glob("*/song.txt")):
        waveform = read(folder)
        yield vocals(waveform, SAMPLE_RATE, separator), sum_up(joined(written(folder / "song.txt")))


def main() -> None:
    """Print what was heard beside what is known, one line a song, then the median absolute errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--songs", type=int, default=24)
    parser.add_argument("--data", type=Path)
    add_separate(parser)
    options = parser.parse_args()
    torch.set_num_threads(1)
    encoder = MelodyEncoder.load()
    songs = mixed(options.data, named_separator(options.separate)) if options.data else synthetic(options.songs)
    rows = []
    for waveform, known in songs:
        heard = measure_sung_notes(encoder.analyse([waveform])[0].pitch)
        pair = np.array([[getattr(notes, name) for name in FIGURES] for notes in (known, heard)])
        if options.data:
            pair[1, :2] -= 12.0 * np.round((pair[1, :2] - pair[0, :2]) / 12.0)
        rows.append(pair)
        print("  ".join(f"{name} {a:.1f} heard {b:.1f}" for name, a, b in zip(FIGURES, *pair, strict=True)), flush=True)
    known, heard = np.array(rows).transpose(1, 0, 2)
    error = np.nanmedian(np.abs(heard - known), axis=0)
    print("median absolute error:", ", ".join(f"{name} {e:.2f}" for name, e in zip(FIGURES, error, strict=True)))
    print(
        "correlation:",
        ", ".join(
            f"{name} {np.corrcoef(a, b)[0, 1]:.2f}" for name, a, b in zip(FIGURES, known.T, heard.T, strict=True)
        ),
    )


if __name__ == "__main__":
    main()
