"""Whole songs sung by other people, by the command line: pitch, place of the voice, time, memory, and the mark.

usage: python -m benchmarks.convert_song --data FOLDER [--songs 2] [--alone] [--sets ravdess mir1k] [--key auto]
           [--keep FOLDER]

Songs are the mixtures of ultrastar in FOLDER, separated by the default.
`singalike convert` runs as a process of its own with a fresh data folder. The target's takes of about 30 s are given to
it as files; another recording of the target judges where the converted voice stands. The lead that was found in the
song, and what the engine makes of it, are computed again here, by the same code, and judged by one tracker.

Columns: real-time factor of the whole command in processor seconds; of the stages on the wall with and without
separation; of the engine alone, in processor seconds; highest memory of the command; key shift; then correlation of log
f0 and gross errors (over 20 %) between the lead that was found and the converted one, by two judges: our pitch head
where DIO or Harvest confirms it in both, as `singalike evaluate conversion` judges, with the share of what sounds that
is left out; and the pitch head alone where it hears a note for sure in both, with cents. By the head also between all
that the separator gave and the converted lead. "Written" is the share of the note time heard in which all that the
separator gave, the lead that was found, and the converted lead are within 100 cents of the notes in song.txt (see
benchmarks.written_pitch): it does not depend on what another separator would have given. Last: position between source
and target by our timbre vector; content kept; whether the mark says what it should.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from benchmarks.ultrastar import WrittenNotes, read_written_notes
from benchmarks.written_pitch import fit_to_notes
from singalike.audio.decoding import GuardedDecoder
from singalike.audio.separation import best_separator
from singalike.audio.sound import Sound
from singalike.audio.watching import nobody_watches
from singalike.conversion.confirmed_pitch import ConfirmedPitch
from singalike.conversion.engine import ConversionContext, ConvertOptions
from singalike.conversion.metrics import Similarities, compare_pitch, content_kept, hear
from singalike.conversion.song import HeardSong, find_lead, find_leaky_lead, listen_to_song, no_report
from singalike.conversion.song.listening import hear_pitch
from singalike.conversion.watermark import detect
from singalike.conversion.world_retrieval.analysis import HOP_S
from singalike.conversion.world_retrieval.loading import load
from singalike.embeddings.encoder import VoiceEncoder
from singalike.embeddings.melody import MelodyEncoder
from singalike.embeddings.vocal_range import believed_pitch

TAKES_S = 30.0
HELD_OUT_S = 12.0
KEY = "benchmark key, not a secret"
COLUMNS = (
    "song", "target", "command", "stages", "without separation", "engine", "memory", "key",
    "F0 corr, confirmed", "gross", "left out", "F0 corr, head", "gross", "cents", "to the stem", "gross",
    "written: stem", "lead", "converted", "position", "content", "mark",
)  # fmt: skip
METER = """
import json, resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([used.ru_utime + used.ru_stime, used.ru_maxrss]))
sys.exit(status)
"""
GROSS, FINE_SEMITONES = 0.2, 2.0
KINDS = {"ravdess": "singing", "mir1k": "stem"}
ALONE_S = 60.0


@dataclass(frozen=True)
class Target:
    """Who shall sing.

    Attributes:
        name: Of the singer.
        takes: Learnt from, mono.
        held_out: Judged by, mono, of other recordings.
    """

    name: str
    takes: Sound
    held_out: Sound


@dataclass(frozen=True)
class Run:
    """What a command did.

    Attributes:
        said: Its JSON.
        processor_s: User and system.
        peak_mib: Highest memory.
    """

    said: dict[str, object]
    processor_s: float
    peak_mib: float


@dataclass(frozen=True)
class Source:
    """What is sung again.

    Attributes:
        name: For the table.
        path: What the command is given.
        vocal, heard: What the same code makes of it here.
        is_alone: Whether it is a voice alone.
        notes: What is to be sung, as somebody wrote it down; none of a voice alone.
    """

    name: str
    path: Path
    vocal: Sound
    heard: HeardSong
    is_alone: bool = False
    notes: WrittenNotes = ()


def rows(data: Path, corpus: str, kind: str) -> list[dict[str, str]]:
    """Rows of the manifest."""
    with (data / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        return [row for row in csv.DictReader(stream) if row["path"].startswith(corpus + "/") and row["kind"] == kind]


def read(decoder: GuardedDecoder, file: Path, corpus: str) -> Sound:
    """The voice of a recording, mono; MIR-1K has it on the right."""
    sound = decoder.decode(file.read_bytes())
    return Sound(sound.waveform[1:], sound.sample_rate) if corpus == "mir1k" else sound.mono()


def sources(
    data: Path, songs: int, alone: bool, folder: Path, head: MelodyEncoder, decoder: GuardedDecoder
) -> Iterator[Source]:
    """Songs, and perhaps a voice alone."""
    for row in rows(data, "ultrastar", "mixture")[:songs]:
        song = decoder.decode((data / row["path"]).read_bytes())
        vocal = best_separator().separate(song)
        path, heard = data / row["path"], listen_to_song(song, vocal, head, find_leaky_lead, no_report)
        yield Source(row["song"], path, vocal, heard, notes=read_written_notes(path.parent / "song.txt"))
    if alone:
        last = rows(data, "mir1k", "stem")[-1]["singer"]
        clips = [row for row in rows(data, "mir1k", "stem") if row["singer"] == last]
        voice = joined([read(decoder, data / row["path"], "mir1k") for row in clips], ALONE_S)
        path = folder / f"{last} alone.flac"
        soundfile.write(path, voice.waveform.T, voice.sample_rate)
        yield Source(path.stem, path, voice, listen_to_song(voice, voice, head, find_lead, no_report), is_alone=True)


def targets(data: Path, corpus: str, kind: str, decoder: GuardedDecoder) -> Iterator[Target]:
    """Singers of a corpus, women and men in turn."""
    by_singer: dict[str, list[dict[str, str]]] = {}
    for row in rows(data, corpus, kind):
        by_singer.setdefault(row["singer"], []).append(row)
    for singer in sorted(by_singer, key=lambda name: name[::-1]):
        sounds = [read(decoder, data / row["path"], corpus) for row in by_singer[singer]]
        takes = joined(sounds, TAKES_S)
        used = takes.duration_s
        rest = joined(after(sounds, used), HELD_OUT_S)
        if used >= TAKES_S and rest.duration_s >= HELD_OUT_S:
            yield Target(singer, takes, rest)


def after(sounds: Sequence[Sound], seconds: float) -> list[Sound]:
    """The sounds behind the first so many seconds."""
    passed = np.cumsum([sound.duration_s for sound in sounds])
    return [sound for sound, end_s in zip(sounds, passed, strict=True) if end_s > seconds + 1e-6]


def joined(sounds: Sequence[Sound], seconds: float) -> Sound:
    """Whole sounds behind each other until there are so many seconds."""
    kept: list[Sound] = []
    while len(kept) < len(sounds) and sum(sound.duration_s for sound in kept) < seconds:
        kept.append(sounds[len(kept)])
    return Sound(np.concatenate([sound.waveform for sound in kept], axis=1), kept[0].sample_rate)


def run_command(source: Source, take: Path, out: Path, data_dir: Path, key: str) -> Run:
    """Run `singalike convert` and see what it takes."""
    words = ["-m", "singalike.services.cli", "convert", str(source.path), "--voice", str(take), "--out", str(out)]
    words += ["--consent", "self", "--key", key, "--data-dir", str(data_dir), "--json"]
    words += ["--a-cappella"] if source.is_alone else []
    environment = {**os.environ, "SINGALIKE_WATERMARK_KEY": KEY, "OMP_NUM_THREADS": "1"}
    # A small process in between: the system counts the memory of whoever starts a process as the process's own.
    done = subprocess.run(
        [sys.executable, "-c", METER, sys.executable, *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"singalike convert ended with status {done.returncode}: {done.stderr}")
    said, used = done.stdout.strip().splitlines()[-2:]
    processor_s, peak_kib = json.loads(used)
    return Run(json.loads(said), processor_s, peak_kib / 1024.0)


class Judge:
    """Hears source and converted voice."""

    def __init__(self) -> None:
        self.engine, self.head, self.encoder = load(), MelodyEncoder.load(), VoiceEncoder.load(device="cpu")
        self.pitch = ConfirmedPitch(self.head)

    def judge(self, of: Source, target: Target, run: Run) -> str:
        """Return a row of figures."""
        vocal, heard = of.vocal, of.heard
        shift = float(str(run.said["voice_shift_semitones"]))
        voice = self.engine.enrol([target.takes], ConversionContext())
        started = time.process_time()
        sung = self.engine.convert(heard.lead, voice, ConvertOptions(shift), ConversionContext(pitch=heard.pitch)).vocal
        spent_s = time.process_time() - started
        source, converted = hear(heard.lead, self.track), hear(sung, self.track)
        confirmed = compare_pitch(source, converted, shift)
        lead, stem, moved = (self.believed(each) for each in (heard.lead, vocal, sung))
        by_head, of_stem = compare_midi(lead, moved, shift), compare_midi(stem, moved, shift)
        figures = [
            f"{run.processor_s / sung.duration_s:.3f}",
            f"{run.said['real_time_factor']:.3f}",
            f"{run.said['real_time_factor_without_separation']:.3f}",
            f"{spent_s / sung.duration_s:.3f}",
            f"{run.peak_mib:.0f} MiB",
            f"{shift:+.0f}",
            *(f"{confirmed.correlation:.3f}", f"{confirmed.gross_error:.1%}", f"{confirmed.left_out:.1%}"),
            *(f"{by_head[0]:.3f}", f"{by_head[1]:.1%}", f"{by_head[2]:.0f}"),
            *(f"{of_stem[0]:.3f}", f"{of_stem[1]:.1%}"),
            *(self.written(each, of) for each in (stem, lead, moved)),
            f"{self.place(heard.lead, sung, target).position:.2f}",
            f"{content_kept(source, converted):.3f}",
        ]  # fmt: skip
        return " | ".join(figures)

    @staticmethod
    def written(midi_pitch: NDArray[np.float64], of: Source) -> str:
        """How much of a pitch is what somebody wrote down."""
        return f"{fit_to_notes(midi_pitch, of.heard.pitch.hop_s, of.notes).right:.1%}" if of.notes else ""

    def believed(self, sound: Sound) -> NDArray[np.float64]:
        """MIDI pitch where the pitch head hears a note for sure, NaN elsewhere."""
        return believed_pitch(hear_pitch(sound, self.head, nobody_watches))

    def track(self, mono: Sound) -> NDArray[np.float64]:
        """The pitch, by the tracker of `singalike evaluate conversion`."""
        return self.pitch.track(mono, HOP_S)

    def place(self, lead: Sound, sung: Sound, target: Target) -> Similarities:
        """Where the converted voice stands between the lead and the target."""
        profiles = self.encoder.encode([lead, sung, target.takes, target.held_out])
        source, converted, takes, held_out = (profile.timbre for profile in profiles)
        return Similarities(float(source @ held_out), float(converted @ held_out), float(takes @ held_out))


def compare_midi(
    source: NDArray[np.float64], converted: NDArray[np.float64], shift: float
) -> tuple[float, float, float]:
    """Correlation, share of gross errors, and root mean square of the others in cents, where both have notes."""
    frames = min(len(source), len(converted))
    both = np.isfinite(source[:frames]) & np.isfinite(converted[:frames])
    wanted, sung = source[:frames][both] + shift, converted[:frames][both]
    off = sung - wanted
    gross = np.abs(np.exp2(off / 12.0) - 1.0) > GROSS
    fine = off[np.abs(off) < FINE_SEMITONES]
    return float(np.corrcoef(wanted, sung)[0, 1]), float(gross.mean()), float(100.0 * np.sqrt(np.square(fine).mean()))


def main() -> None:
    """Print a row for every song and target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--songs", type=int, default=2)
    parser.add_argument("--alone", action="store_true", help="a minute of a mir1k singer's voice alone as well")
    parser.add_argument("--sets", nargs="+", default=["ravdess", "mir1k"])
    parser.add_argument("--key", default="auto")
    parser.add_argument("--keep", type=Path, help="put the songs here")
    options = parser.parse_args()
    judge = Judge()
    print(" | ".join(COLUMNS))
    with GuardedDecoder(processes=1) as decoder, tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for source in sources(options.data, options.songs, options.alone, folder, judge.head, decoder):
            for corpus in options.sets:
                target = next(targets(options.data, corpus, KINDS[corpus], decoder))
                take, out = folder / f"{target.name}.wav", folder / f"{source.name} - {target.name}.ogg"
                soundfile.write(take, target.takes.waveform.T, target.takes.sample_rate)
                with tempfile.TemporaryDirectory() as data_dir:
                    run = run_command(source, take, out, Path(data_dir), options.key)
                found = detect(decoder.decode(out.read_bytes()), KEY.encode())
                mark = "found" if found.payload == int(str(run.said["watermark"]), 16) else "missed"
                named = f"{source.name}, {source.vocal.duration_s:.0f} s | {target.name}"
                print(f"{named} | {judge.judge(source, target, run)} | {mark}", flush=True)


if __name__ == "__main__":
    main()
