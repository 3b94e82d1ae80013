"""The pitch that melody, style and range rest on, beside another tracker and beside written notes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyworld
from numpy.typing import NDArray

from singalike.audio.pitch import PitchTrack, hz_to_midi
from singalike.audio.separation import best_separator
from singalike.audio.sound import Sound, Waveform
from singalike.embeddings.evaluation.bench import Bench, Hearing, Method
from singalike.embeddings.evaluation.conditions import SAMPLE_RATE, middle
from singalike.embeddings.evaluation.section import Figure, Row, Section
from singalike.embeddings.mel import MELODY_MEL

Pitches = NDArray[np.floating]

RECORDINGS, LONGEST_S = 8, 8.0
"""Recordings of each set and seconds of each: the other tracker is slow."""

EXCERPT_S = 40.0
NOTES_FILE = "song.txt"
"""Lies beside a mixture: its notes in UltraStar's format."""

_LOWEST_HZ, _HIGHEST_HZ = 65.0, 1_050.0
_PERIOD_MS = 1_000.0 * MELODY_MEL.hop_s


def pitch_sections(bench: Bench) -> list[Section]:
    """Judge the pitch head against WORLD's harvest on voices, and against written notes on mixed songs."""
    bench.say("melody: the pitch head beside other trackers")
    return [section for section in (_against_harvest(bench), _against_notes(bench)) if section.rows]


def harvest(hearing: Hearing) -> NDArray[np.float32]:
    """Track the pitch with WORLD's harvest: MIDI pitch every 16 ms, NaN where unvoiced.

    Source:
        Morise 2017, Harvest: a high-performance fundamental frequency estimator, Interspeech.
    """
    sound = hearing.waveform.astype(np.float64)
    f0_hz, _ = pyworld.harvest(sound, SAMPLE_RATE, _LOWEST_HZ, _HIGHEST_HZ, _PERIOD_MS)
    return _midi(f0_hz)


def dio(hearing: Hearing) -> NDArray[np.float32]:
    """Track the pitch with WORLD's DIO and StoneMask, as `harvest`."""
    sound = hearing.waveform.astype(np.float64)
    f0_hz, times_s = pyworld.dio(sound, SAMPLE_RATE, _LOWEST_HZ, _HIGHEST_HZ, frame_period=_PERIOD_MS)
    return _midi(pyworld.stonemask(sound, f0_hz, times_s, SAMPLE_RATE))


def agreement(heard: Pitches, reference: Pitches) -> Mapping[str, Figure]:
    """Compare two tracks of MIDI pitch, NaN where unvoiced, frame by frame.

    Args:
        heard: (frames,), may be longer or shorter than the reference.
        reference: (frames,).

    Returns:
        Share of the frames voiced in both within 50 cents, the same with octaves folded, share of the reference's
        voiced frames that are found, and of its unvoiced frames that are called voiced.
    """
    size = min(len(heard), len(reference))
    heard, reference = heard[:size], reference[:size]
    voiced, sung = np.isfinite(heard), np.isfinite(reference)
    away = (heard - reference)[voiced & sung]
    folded = np.abs((away + 6.0) % 12.0 - 6.0)
    return {
        "within 50 cents": _share(np.abs(away) < 0.5),
        "octaves folded": _share(folded < 0.5),
        "voiced found": _share(voiced[sung]),
        "false alarm": _share(voiced[~sung]),
    }


def read_notes(file: Path, hop_s: float = MELODY_MEL.hop_s) -> NDArray[np.float64]:
    """Read an UltraStar file: the written MIDI pitch every `hop_s`, NaN in rests.

    Args:
        file: Tone 0 is C4; a beat is a quarter of the stated one.
        hop_s: Seconds from one value to the next.
    """
    bpm, gap_s = 0.0, 0.0
    notes: list[tuple[float, float, float]] = []
    for line in file.read_text("utf-8-sig").splitlines():
        if line.startswith("#BPM:"):
            bpm = float(line[5:].replace(",", "."))
        elif line.startswith("#GAP:"):
            gap_s = float(line[5:].replace(",", ".")) / 1_000.0
        elif line[:1] in {":", "*"}:
            beat, length, tone = (int(word) for word in line[1:].split()[:3])
            notes.append((gap_s + beat * 15.0 / bpm, gap_s + (beat + length) * 15.0 / bpm, 60.0 + tone))
    pitch = np.full(round(notes[-1][1] / hop_s) if notes else 0, np.nan)
    for start_s, end_s, tone_midi in notes:
        pitch[round(start_s / hop_s) : round(end_s / hop_s)] = tone_midi
    return pitch


def _against_harvest(bench: Bench) -> Section:
    methods = {
        "pitch head": Method(lambda h: h.pitch.midi_pitch.astype(np.float32), bench.encoder.model_version),
        "DIO and StoneMask": Method(dio, "1", baseline=True),
        "harvest": Method(harvest, "1"),
    }
    rows = []
    for name, members in bench.sets().items():
        if members[0].kind == "speech":
            continue
        chosen = [members[at * len(members) // RECORDINGS] for at in range(min(RECORDINGS, len(members)))]
        heard = bench.embed(chosen, methods, middle(LONGEST_S))
        for method in ("pitch head", "DIO and StoneMask"):
            pairs = zip(heard.arrays[method], heard.arrays["harvest"], strict=True)
            joined = [np.concatenate(tracks) for tracks in zip(*(_equally_long(*pair) for pair in pairs), strict=True)]
            rows.append(Row(method, name, len(heard.recordings), agreement(*joined), methods[method].baseline))
    note = "The reference is WORLD's harvest, which errs too: it calls breath and reverberation voiced."
    return Section("pitch-harvest", "The pitch head beside harvest", rows, (note,))


def _against_notes(bench: Bench) -> Section:
    rows = []
    for recording in bench.folder.recordings:
        notes = recording.file.with_name(NOTES_FILE)
        if recording.kind == "mixture" and recording.use != "train" and notes.is_file():
            written, waveform = _excerpt(read_notes(notes), bench.hear(recording).waveform)
            for method, sound in {"pitch head, separated": _vocals(waveform), "pitch head, mixture": waveform}.items():
                heard: PitchTrack = bench.encoder.melody.analyse([sound])[0].pitch
                figures = {**agreement(heard.midi_pitch, written), **_within_a_semitone(heard.midi_pitch, written)}
                rows.append(Row(method, recording.name, int(np.isfinite(written).sum()), figures))
    note = (
        f"{EXCERPT_S:.0f} s from the first written note on; the count is of frames with a note. Written notes know no "
        "glide, and their octave is a convention: some stand an octave above what is sung, so judge by the folded."
    )
    return Section("pitch-notes", "The pitch head beside written notes, mixed songs", rows, (note,))


def _within_a_semitone(heard: Pitches, written: Pitches) -> Mapping[str, Figure]:
    size = min(len(heard), len(written))
    away = (heard[:size] - written[:size])[np.isfinite(heard[:size]) & np.isfinite(written[:size])]
    return {"within a semitone, octaves folded": _share(np.abs((away + 6.0) % 12.0 - 6.0) < 1.0)}


def _excerpt(written: Pitches, waveform: Waveform) -> tuple[Pitches, Waveform]:
    first = int(np.isfinite(written).argmax())
    frames, hop = round(EXCERPT_S / MELODY_MEL.hop_s), MELODY_MEL.hop_length
    return written[first : first + frames], waveform[first * hop : (first + frames) * hop]


def _vocals(waveform: Waveform) -> Waveform:
    vocals: Waveform = best_separator().separate(Sound(waveform[None], SAMPLE_RATE)).waveform[0]
    return vocals


def _equally_long(heard: Pitches, reference: Pitches) -> Sequence[Pitches]:
    size = min(len(heard), len(reference))
    return heard[:size], reference[:size]


def _midi(f0_hz: NDArray[np.float64]) -> NDArray[np.float32]:
    return hz_to_midi(np.where(f0_hz > 0, f0_hz, np.nan)).astype(np.float32)


def _share(marks: NDArray[np.bool_]) -> Figure:
    return Figure(float(marks.mean()) if len(marks) else float("nan"))
