"""A data folder to train on that is small and made here."""

import csv
import io
from pathlib import Path

import mido
import soundfile

from tests.support.buzzing import SAMPLE_RATE, buzzing_voice

COLUMNS = ("path", "kind", "singer", "gender", "song", "seconds", "licence", "use")


def midi_file(notes: tuple[int, ...] = (60, 62, 64, 65, 67)) -> bytes:
    """A melody of 30 notes of a quarter of a second."""
    track = mido.MidiTrack([mido.MetaMessage("track_name", name="MELODY")])
    for note in notes * 6:
        track.append(mido.Message("note_on", note=note, velocity=80, time=0))
        track.append(mido.Message("note_off", note=note, velocity=0, time=240))
    content = io.BytesIO()
    mido.MidiFile(tracks=[track], ticks_per_beat=480).save(file=content)
    return content.getvalue()


def write_melodies(folder: Path) -> Path:
    """Write two songs and one recorded voice, as the training of the melody encoder reads them."""
    rows = []
    for song, notes in (("001", (60, 62, 64, 65, 67)), ("002", (67, 64, 65, 60, 59))):
        (folder / song).mkdir(parents=True)
        (folder / song / f"{song}.mid").write_bytes(midi_file(notes))
        rows.append((f"{song}/{song}.mid", "midi", "", "unknown", song, "0", "CC0-1.0", "train"))
    soundfile.write(folder / "voice.wav", buzzing_voice(2.0, 160.0, seed=3), SAMPLE_RATE)
    rows.append(("voice.wav", "speech", "someone", "f", "s", "2", "CC0-1.0", "train"))
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return folder
