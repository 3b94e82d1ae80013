"""Vocal lines with their rests, read from MIDI and MusicXML, for training the melody encoder."""

import csv
import io
import xml.etree.ElementTree as ET
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import mido
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from singalike.embeddings.training.datasets import MANIFEST
from singalike.embeddings.training.run_folder import write_arrays

FEWEST_NOTES = 20
"""A shorter line is no song."""

_LIED_QUARTER_S = 0.7
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True, eq=False)
class NoteLine:
    """One voice's notes in time; between them it rests.

    Attributes:
        song: Name of the work.
        start_s: float64 (notes,), rising.
        end_s: float64 (notes,), no later than the next start.
        midi_pitch: float64 (notes,).
    """

    song: str
    start_s: NDArray[np.float64]
    end_s: NDArray[np.float64]
    midi_pitch: NDArray[np.float64]

    def cut(self, start_s: float, end_s: float) -> "NoteLine":
        """Return the notes that sound between two moments, with `start_s` as the new zero."""
        inside = (self.end_s > start_s) & (self.start_s < end_s)
        return NoteLine(
            self.song,
            np.maximum(self.start_s[inside], start_s) - start_s,
            np.minimum(self.end_s[inside], end_s) - start_s,
            self.midi_pitch[inside],
        )

    def sung_window(self, rng: Generator, length_s: float) -> float:
        """Pick the start of a window of which at least half is sung, where one turns up in twenty draws."""
        latest = max(float(self.end_s[-1]) - length_s, 0.0)
        for _ in range(20):
            start_s = float(rng.uniform(0.0, latest))
            window = self.cut(start_s, start_s + length_s)
            if (window.end_s - window.start_s).sum() > 0.5 * length_s:
                break
        return start_s


def read_note_lines(data: Path) -> tuple[NoteLine, ...]:
    """Read the vocal line of every song in MIDI (track MELODY) or MusicXML that may train, longest version of each.

    Args:
        data: Folder with the manifest.
    """
    paths = sorted(path for listed in _paths_by_song(data).values() for path in listed)
    lines = [_read_line(path) for path in paths if path.suffix == ".mxl" or path.stem == path.parent.name]
    return tuple(line for line in lines if len(line.midi_pitch) >= FEWEST_NOTES)


def read_versions(data: Path, most: int = 2) -> dict[str, tuple[NoteLine, ...]]:
    """Read the vocal lines of the songs that the manifest lists in several versions.

    Args:
        data: Folder with the manifest.
        most: Versions of each song, at least two.

    Returns:
        Two to `most` versions of each song, by the name that its main version's line carries.
    """
    read = {song: tuple(_read_line(path) for path in paths[-most:]) for song, paths in _versions(data).items()}
    return {song: lines for song, lines in read.items() if all(len(line.midi_pitch) >= FEWEST_NOTES for line in lines)}


def without_versions(lines: Sequence[NoteLine], data: Path) -> tuple[NoteLine, ...]:
    """Leave out the songs that the manifest lists in several versions: finding those is what vectors are judged by."""
    judged = _versions(data)
    return tuple(line for line in lines if line.song not in judged)


def _versions(data: Path) -> dict[str, list[Path]]:
    """The files of the songs of several versions; the main one, named as the folder, is the last."""
    listed = [sorted(paths) for paths in _paths_by_song(data).values() if len(paths) > 1]
    return {paths[-1].stem: paths for paths in sorted(listed)}


def _paths_by_song(data: Path) -> dict[str, list[Path]]:
    paths = defaultdict(list)
    with (data / MANIFEST).open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row.get("use") == "train" and row["kind"] == "midi" and row["path"].endswith((".mid", ".mxl")):
                paths[row["song"] or row["path"]].append(data / row["path"])
    return paths


def _read_line(path: Path) -> NoteLine:
    return _read_midi(path) if path.suffix == ".mid" else _read_music_xml(path)


def load_note_lines(data: Path, cache: Path) -> tuple[NoteLine, ...]:
    """Read all vocal lines, or what an earlier run has kept of them.

    Args:
        data: Folder with the manifest.
        cache: A .npz file that is written when absent: a thousand songs take a minute to read.
    """
    if not cache.exists():
        lines = read_note_lines(data)
        notes = np.concatenate([np.stack([line.start_s, line.end_s, line.midi_pitch]) for line in lines], axis=1)
        lengths = np.array([len(line.start_s) for line in lines])
        write_arrays(cache, {"songs": np.array([line.song for line in lines]), "lengths": lengths, "notes": notes})
    kept = np.load(cache, allow_pickle=False)
    pieces = np.split(kept["notes"], np.cumsum(kept["lengths"])[:-1], axis=1)
    return tuple(NoteLine(str(song), *piece) for song, piece in zip(kept["songs"], pieces, strict=True))


def _read_midi(path: Path) -> NoteLine:
    midi = mido.MidiFile(path, clip=True)
    tempo = next((m.tempo for track in midi.tracks for m in track if m.type == "set_tempo"), 500_000)
    tick_s = tempo / 1e6 / midi.ticks_per_beat
    begun: dict[int, int] = {}
    notes: list[tuple[float, float, float]] = []
    for track in (track for track in midi.tracks if track.name == "MELODY"):
        now = 0
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity > 0:
                begun[message.note] = now
            elif message.type in {"note_on", "note_off"} and message.note in begun:
                notes.append((begun.pop(message.note) * tick_s, now * tick_s, float(message.note)))
    return _line(path.stem, notes)


def _read_music_xml(path: Path) -> NoteLine:
    """Read the first part that has lyrics; grace notes, chords and second voices are left out."""
    with zipfile.ZipFile(path) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".xml") and not n.startswith("META-INF"))
        root = ET.parse(io.BytesIO(archive.read(name))).getroot()  # noqa: S314  (see the import)
    part = next((part for part in root.iter("part") if part.find(".//lyric") is not None), None)
    notes: list[tuple[float, float, float]] = []
    divisions, now = 1.0, 0.0
    for element in part.iter() if part is not None else ():
        length = float(element.findtext("duration") or 0.0)
        if element.tag == "divisions":
            divisions = float(element.text or 1.0)
        elif element.tag in {"backup", "forward"}:
            now += length if element.tag == "forward" else -length
        elif element.tag == "note" and element.find("chord") is None:
            pitch, first_voice = element.find("pitch"), (element.findtext("voice") or "1") == "1"
            if pitch is not None and first_voice and length > 0:
                quarter_s = _LIED_QUARTER_S / divisions
                note = (now * quarter_s, (now + length) * quarter_s, _midi_pitch(pitch))
                tied = any(tie.get("type") == "stop" for tie in element.findall("tie"))
                if tied and notes:
                    note = (notes.pop()[0], *note[1:])
                notes.append(note)
            now += length
    return _line(path.stem, notes)


def _midi_pitch(pitch: ET.Element) -> float:
    step, octave = pitch.findtext("step") or "C", int(pitch.findtext("octave") or 4)
    return 12.0 * (octave + 1) + _STEPS[step] + float(pitch.findtext("alter") or 0.0)


def _line(song: str, notes: list[tuple[float, float, float]]) -> NoteLine:
    """Order the notes; one that overlaps the next ends where that begins."""
    if not notes:
        return NoteLine(song, np.zeros(0), np.zeros(0), np.zeros(0))
    start_s, end_s, midi_pitch = np.array(sorted(notes)).T
    end_s = np.minimum(end_s, np.append(start_s[1:], np.inf))
    sounding = end_s - start_s > 0.03
    return NoteLine(song, start_s[sounding], end_s[sounding], midi_pitch[sounding])
