"""Scores of whole songs, counted in beats: MIDI songs and MusicXML songs read into the same parts.

A MIDI file that was played along to a recording has beats that lie anywhere between its ticks. Its grid is found from
its onsets: sixteenths where most notes begin, bars where the bass does.
"""

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import mido
import numpy as np
from numpy.typing import NDArray

from singalike.errors import InvalidInputError

Notes = NDArray[np.float64]

_SUNG_TRACKS = frozenset({"MELODY"})
_BASS_BELOW = 52
_DEFAULT_BPM = 96.0
_VELOCITY = 80.0
_CONTAINER = "META-INF/container.xml"
_UNREADABLE = (OSError, EOFError, ValueError, KeyError, IndexError, zipfile.BadZipFile, ET.ParseError)


@dataclass(frozen=True, eq=False)
class Part:
    """What one instrument or voice plays.

    Attributes:
        name: As the file calls it.
        sung: Whether it is the part of the singer.
        notes: float64 (notes, 4), start and length in beats, MIDI pitch and velocity; in order of the starts.
    """

    name: str
    sung: bool
    notes: Notes


@dataclass(frozen=True, eq=False)
class Score:
    """A song as notes; bars begin at multiples of `beats_a_bar`.

    Attributes:
        tempo_bpm: Beats a minute.
        beats_a_bar: Quarters in a bar.
        parts: At least one, none empty.
    """

    tempo_bpm: float
    beats_a_bar: float
    parts: tuple[Part, ...]

    @property
    def beats(self) -> float:
        """End of the last note."""
        return max(float((part.notes[:, 0] + part.notes[:, 1]).max()) for part in self.parts)

    @property
    def sung(self) -> bool:
        """Whether somebody sings."""
        return any(part.sung for part in self.parts)

    def excerpt(self, first_beat: float, beats: float) -> "Score":
        """Cut notes that begin within a stretch; what is too long ends with it. Parts that rest are left out.

        Raises:
            InvalidInputError: SCORE_EMPTY, all rest.
        """
        kept = []
        for part in self.parts:
            begins = part.notes[:, 0]
            notes = moved(part.notes[(begins >= first_beat) & (begins < first_beat + beats)], -first_beat)
            notes[:, 1] = np.minimum(notes[:, 1], beats - notes[:, 0])
            if len(notes) > 0:
                kept.append(Part(part.name, part.sung, notes))
        return _score(self.tempo_bpm, self.beats_a_bar, kept)


def moved(notes: Notes, beats: float, semitones: float = 0.0) -> Notes:
    """Play notes later and higher."""
    return np.asarray(notes + np.array([beats, 0.0, semitones, 0.0]), dtype=np.float64)


def read_score(path: Path) -> Score:
    """Read a song: compressed MusicXML where the name ends in .mxl, MIDI otherwise.

    Raises:
        InvalidInputError: SCORE_UNREADABLE, SCORE_EMPTY.
    """
    read = read_musicxml_score if path.suffix.lower() == ".mxl" else read_midi_score
    try:
        return read(path.read_bytes())
    except _UNREADABLE as error:
        raise InvalidInputError("SCORE_UNREADABLE", f"{path} is damaged ({error}): leave it out") from error


def read_midi_score(content: bytes) -> Score:
    """Read a MIDI song in bars of four quarters; the track named MELODY is the sung one.

    Args:
        content: A standard MIDI file.

    Raises:
        InvalidInputError: SCORE_EMPTY, no track has notes.
    """
    midi = mido.MidiFile(file=io.BytesIO(content), clip=True)
    parts = [
        Part(track.name, track.name in _SUNG_TRACKS, _track_notes(track, midi.ticks_per_beat)) for track in midi.tracks
    ]
    tempi = [message.tempo for track in midi.tracks for message in track if message.type == "set_tempo"]
    tempo_bpm = 6e7 / float(np.median(tempi)) if tempi else _DEFAULT_BPM
    return _on_grid(_score(tempo_bpm, 4.0, parts))


def read_musicxml_score(content: bytes) -> Score:
    """Read a compressed MusicXML song; parts with lyrics are sung. Repeats are not played twice.

    Args:
        content: A .mxl file.

    Raises:
        InvalidInputError: SCORE_EMPTY, no part has notes.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        inside = [name for name in archive.namelist() if name.endswith((".xml", ".musicxml")) and name != _CONTAINER]
        root = ET.fromstring(archive.read(inside[0]))  # noqa: S314 - the trainer's own files
    named = {part.get("id", ""): part.findtext("part-name", "") for part in root.iter("score-part")}
    parts = [
        Part(named.get(part.get("id", ""), ""), part.find(".//lyric") is not None, _part_notes(part))
        for part in root.iter("part")
    ]
    tempi = [float(sound.get("tempo", _DEFAULT_BPM)) for sound in root.iter("sound") if sound.get("tempo")]
    return _score(tempi[0] if tempi else _DEFAULT_BPM, _bar_quarters(root), parts)


def _score(tempo_bpm: float, beats_a_bar: float, parts: Sequence[Part]) -> Score:
    sounding = tuple(part for part in parts if len(part.notes) > 0)
    if not sounding:
        raise InvalidInputError("SCORE_EMPTY", "no part of the song has notes: leave this file out")
    return Score(tempo_bpm, beats_a_bar, sounding)


def _track_notes(track: mido.MidiTrack, ticks_per_beat: int) -> Notes:
    """Pair what begins and ends in a MIDI track."""
    begun: dict[int, tuple[int, int]] = {}
    notes: list[tuple[float, float, float, float]] = []
    now = 0
    for message in track:
        now += message.time
        if message.type not in {"note_on", "note_off"}:
            continue
        if message.note in begun:
            start, velocity = begun.pop(message.note)
            notes.append((start / ticks_per_beat, (now - start) / ticks_per_beat, message.note, velocity))
        if message.type == "note_on" and message.velocity > 0:
            begun[message.note] = (now, message.velocity)
    return _ordered(notes)


def _ordered(notes: Sequence[tuple[float, float, float, float]]) -> Notes:
    return np.array(sorted(note for note in notes if note[1] > 0.0), dtype=np.float64).reshape(-1, 4)


def _on_grid(score: Score) -> Score:
    """Shift all notes so that sixteenths and bars begin where the onsets say."""
    begins = np.concatenate([part.notes[:, 0] for part in score.parts])
    sixteenth = float(np.angle(np.exp(8j * np.pi * begins).sum()) / (8 * np.pi))
    low = np.concatenate([part.notes for part in score.parts if not part.sung] or [score.parts[0].notes])
    low = low[low[:, 2] < _BASS_BELOW]
    places = np.round(4.0 * (low[:, 0] - sixteenth)).astype(np.int64) % 16
    first = int(np.argmax(np.bincount(places, np.minimum(low[:, 1], 4.0), minlength=16)))
    shift = 4.0 - (sixteenth + first / 4.0)
    parts = tuple(Part(part.name, part.sung, moved(part.notes, shift)) for part in score.parts)
    return Score(score.tempo_bpm, score.beats_a_bar, parts)


def _bar_quarters(root: ET.Element) -> float:
    beats, unit = root.findtext(".//time/beats", "4"), root.findtext(".//time/beat-type", "4")
    return 4.0 * sum(float(number) for number in beats.split("+")) / float(unit)


def _part_notes(part: ET.Element) -> Notes:
    """Walk the bars of a MusicXML part; notes that are tied become one."""
    notes: list[tuple[float, float, float, float]] = []
    tied: dict[float, int] = {}
    for start, length, pitch, continues in _timed_notes(part):
        if continues and pitch in tied:
            begin, sounded, _, velocity = notes[tied[pitch]]
            notes[tied[pitch]] = (begin, max(sounded, start + length - begin), pitch, velocity)
        else:
            tied[pitch] = len(notes)
            notes.append((start, length, pitch, _VELOCITY))
    return _ordered(notes)


def _timed_notes(part: ET.Element) -> Iterator[tuple[float, float, float, bool]]:
    """Give start and length in beats, pitch, and whether a tie leads to it, of all notes but ornaments."""
    divisions, now, last = 1.0, 0.0, 0.0
    for bar in part.iter("measure"):
        bar_end = now
        for element in bar:
            divisions = float(element.findtext("divisions", str(divisions)))
            length = float(element.findtext("duration", "0")) / divisions
            if element.tag == "backup":
                now -= length
            elif element.tag == "forward":
                now += length
            elif element.tag == "note" and length > 0.0:
                start = last if element.find("chord") is not None else now
                pitch = element.find("pitch")
                if pitch is not None:
                    ties = {tie.get("type") for tie in element.iter("tie")}
                    yield start, length, _midi_pitch(pitch), "stop" in ties
                last, now = start, start + length
            bar_end = max(bar_end, now)
        now = bar_end


def _midi_pitch(pitch: ET.Element) -> float:
    step = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[pitch.findtext("step", "C")]
    return 12.0 * (float(pitch.findtext("octave", "4")) + 1.0) + step + float(pitch.findtext("alter", "0"))
