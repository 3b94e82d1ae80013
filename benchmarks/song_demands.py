"""What written melodies ask of a voice: the spread that singability is anchored to.

usage: python -m benchmarks.song_demands DATA

DATA/manifest.csv names the MIDI and MusicXML files that may train (POP909 and Lieder).
"""

import sys
from pathlib import Path

import numpy as np

from benchmarks.sung_notes import joined
from singalike.embeddings.note_levels import Notes
from singalike.embeddings.sung_notes import sum_up
from singalike.embeddings.training.note_lines import read_note_lines

SHARES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)


def main() -> None:
    """Print percentiles of every figure, pop songs and Lieder apart."""
    lines = read_note_lines(Path(sys.argv[1]))
    for kind in ("pop909", "lieder"):
        of_kind = [line for line in lines if line.song.isdigit() == (kind == "pop909")]
        sums = [sum_up(joined(Notes(line.start_s, line.end_s, line.midi_pitch))) for line in of_kind]
        print(f"{kind}: {len(sums)} songs; percentiles {', '.join(f'{share:.0%}' for share in SHARES)}")
        for name in ("notes_per_s", "phrase_s", "leap_semitones", "longest_s"):
            values = np.array([getattr(notes, name) for notes in sums])
            print(f"  {name:15s}", *(f"{value:6.2f}" for value in np.quantile(values, SHARES)))


if __name__ == "__main__":
    main()
