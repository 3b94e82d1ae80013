"""Judge the vocal of whole songs by the notes that somebody wrote down, whatever separated it.

usage: python -m benchmarks.written_pitch --data FOLDER [--songs 8]

Songs are the mixtures of ultrastar in FOLDER with their song.txt. For each: the mixture itself, the vocal of REPET-SIM
and, where it is another, that of the separator that this machine would take; of each the share of written note time in
which the pitch head hears a note for sure, and the share of that within 100 cents of the written note. One offset in
time and one in key is taken out for each, and octaves are a convention of who wrote: a pitch that has nothing to do
with the notes is right in about a fifth.
"""

import argparse
import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.ultrastar import WrittenNotes, notes_in_frames, read_written_notes
from singalike.audio.decoding import GuardedDecoder
from singalike.audio.separation import RepetSimSeparator, best_separator
from singalike.audio.sound import Sound
from singalike.audio.watching import nobody_watches
from singalike.conversion.song.listening import hear_pitch
from singalike.embeddings.melody import MelodyEncoder
from singalike.embeddings.vocal_range import believed_pitch

CENTS = 100.0
_FAR_SEMITONES = 2.0
_OFFSETS_S = np.arange(-0.6, 0.61, 0.03)
_KEYS = np.arange(0.0, 12.0, 0.25)


@dataclass(frozen=True)
class WrittenFit:
    """How well a pitch track fits written notes.

    Attributes:
        right: Share of the heard note time within 100 cents, octaves folded.
        heard: Share of the written note time in which a pitch is heard.
        offset_s: How much later the track is than what is written.
        key: Semitones by which it is higher, from 0 to 12.
    """

    right: float
    heard: float
    offset_s: float
    key: float


def fit_to_notes(midi_pitch: NDArray[np.floating], hop_s: float, notes: WrittenNotes) -> WrittenFit:
    """Compare a pitch track with written notes at the best offset in time and key.

    Args:
        midi_pitch: (frames,), NaN where no pitch is heard.
        hop_s: From frame to frame.
        notes: Start and end in seconds and MIDI pitch.
    """
    best, closest = WrittenFit(0.0, 0.0, 0.0, 0.0), 0.0
    for offset_s in _OFFSETS_S.tolist():
        written = notes_in_frames(notes, len(midi_pitch), hop_s, offset_s)
        inside = np.isfinite(written)
        both = inside & np.isfinite(midi_pitch)
        if not both.any():
            continue
        off = (midi_pitch[both] - written[both])[None] - _KEYS[:, None]
        wrong = np.abs((off + 6.0) % 12.0 - 6.0)
        # Everything that is far off counts alike, and an offset that finds fewer notes is none the better for it.
        close = np.maximum(1.0 - wrong / _FAR_SEMITONES, 0.0).sum(axis=1)
        key = int(np.argmax(close))
        if close[key] > closest:
            right = float(np.mean(wrong[key] <= CENTS / 100.0))
            best = WrittenFit(right, float(both.sum() / inside.sum()), offset_s, float(_KEYS[key]))
            closest = float(close[key])
    return best


def fit_of(sound: Sound, notes: WrittenNotes, head: MelodyEncoder) -> WrittenFit:
    """Hear a sound by the pitch head and compare it with written notes."""
    track = hear_pitch(sound, head, nobody_watches)
    return fit_to_notes(believed_pitch(track), track.hop_s, notes)


def songs(data: Path) -> list[Path]:
    """Mixtures of ultrastar, in the order of the manifest."""
    with (data / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["kind"] == "mixture"]
    return [data / row["path"] for row in rows if row["path"].startswith("ultrastar/")]


def main() -> None:
    """Print a row for every song."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--songs", type=int, default=8)
    options = parser.parse_args()
    head, own = MelodyEncoder.load(), best_separator()
    separate: dict[str, Callable[[Sound], Sound]] = {
        "mixture": lambda song: song,
        RepetSimSeparator.name: RepetSimSeparator().separate,
    }
    if not isinstance(own, RepetSimSeparator):
        separate[own.name] = own.separate
    print(" | ".join(["song", *(f"{name}: right | heard" for name in separate)]))
    with GuardedDecoder(processes=1) as decoder:
        for path in songs(options.data)[: options.songs]:
            song, notes = decoder.decode(path.read_bytes()), read_written_notes(path.parent / "song.txt")
            fits = [fit_of(each(song), notes, head) for each in separate.values()]
            print(" | ".join([path.parent.name, *(f"{fit.right:.1%} | {fit.heard:.1%}" for fit in fits)]), flush=True)


if __name__ == "__main__":
    main()
