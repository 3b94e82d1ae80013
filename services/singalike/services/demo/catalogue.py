"""Write a catalogue of synthetic singers: mixtures, a manifest, and the truth about every voice."""

import csv
import json
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import soundfile
from numpy.random import Generator, default_rng

from singalike.audio.sound import Sound
from singalike.audio.synthesis import (
    STYLES,
    SingerVoice,
    accompany,
    compose_chords,
    compose_melody,
    draw_singer,
    mix,
    room,
    sing,
)
from singalike.services.demo.names import singer_names, song_titles

MANIFEST, TRUTH = "manifest.csv", "truth.json"
COLUMNS = ("audio", "singer", "title", "genre", "language", "gender")
NO_LANGUAGE = "zxx"
"""ISO 639-2: no linguistic content; synthetic singers sing syllables."""

VOICE_TO_BACKING_DB = 4.0
"""Vocals lie in front, as in pop mixes, so that a separator without weights can find them."""

_HOME_GENRE_SHARE = 0.7
_FEW_TRACKS = 6
"""Up to so many tracks are written in this process: starting others takes longer."""


@dataclass(frozen=True)
class DemoTrack:
    """One recording to make.

    Attributes:
        audio: File name beside the manifest.
        title, genre: As in the manifest.
        seed: Entropy of everything random in it.
    """

    audio: str
    title: str
    genre: str
    seed: tuple[int, ...]


@dataclass(frozen=True)
class DemoSinger:
    """A singer of the demo's catalogue.

    Attributes:
        name: Invented.
        voice: The truth about the voice.
        tracks: Recordings.
    """

    name: str
    voice: SingerVoice
    tracks: tuple[DemoTrack, ...]


@dataclass(frozen=True)
class DemoCatalogue:
    """What was written.

    Attributes:
        manifest: CSV with the columns `COLUMNS`, audio relative to its folder.
        singers: All of them, with the truth.
    """

    manifest: Path
    singers: tuple[DemoSinger, ...]


def write_demo_catalogue(
    folder: Path,
    seed: int = 7,
    singers: int = 24,
    songs_per_singer: int = 4,
    seconds: float = 25.0,
    processes: int | None = None,
    advance: Callable[[], None] = lambda: None,
) -> DemoCatalogue:
    """Synthesise a catalogue of mixtures as stereo FLAC at 24 kHz.

    Args:
        folder: Created when absent; files of the same name are replaced.
        seed: The same seed writes the same bytes.
        singers: Female and male voices in turn.
        songs_per_singer: Each with its own melody, key, tempo, accompaniment and room.
        seconds: Length of every recording.
        processes: Workers; None is one for each CPU, at most eight.
        advance: Called after every recording.

    Returns:
        The manifest's path and the truth, which also stands in `truth.json`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cast = _cast(seed, singers, songs_per_singer)
    jobs = [(folder, singer.voice, track, seconds) for singer in cast for track in singer.tracks]
    workers = min(processes or os.cpu_count() or 1, 8)
    if workers == 1 or len(jobs) <= _FEW_TRACKS:
        for job in jobs:
            _write_track(job)
            advance()
    else:
        # Forked children would inherit the threads of whatever the caller has loaded.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            for _ in pool.map(_write_track, jobs, chunksize=2):
                advance()
    _write_manifest(folder / MANIFEST, cast)
    truth = {"seed": seed, "seconds": seconds, "singers": [asdict(singer) for singer in cast]}
    (folder / TRUTH).write_text(json.dumps(truth, indent=1) + "\n", "utf-8")
    return DemoCatalogue(folder / MANIFEST, cast)


def make_track(voice: SingerVoice, genre: str, seconds: float, rng: Generator) -> Sound:
    """Compose, sing, accompany and mix one song.

    Args:
        voice: Who sings.
        genre: A key of `STYLES`.
        seconds: Length.
        rng: Source of randomness.
    """
    style = STYLES[genre]
    tempo_bpm, scale = float(rng.uniform(*style.tempo_bpm)), str(rng.choice(style.scales))
    tonic, centre_midi = int(rng.integers(12)), voice.centre_midi + float(rng.normal()) * 1.2
    chords = compose_chords(rng, seconds, tonic, scale, tempo_bpm, style.sevenths)
    melody = compose_melody(rng, centre_midi, seconds, scale, tempo_bpm, tonic, chords)
    vocal = room(sing(voice, melody, rng=rng), rng)
    return mix(vocal, accompany(chords, genre, tempo_bpm, rng), VOICE_TO_BACKING_DB)


def _cast(seed: int, singers: int, songs_per_singer: int) -> tuple[DemoSinger, ...]:
    rng = default_rng(seed)
    genders = ["female" if index % 2 == 0 else "male" for index in range(singers)]
    names, titles = singer_names(genders, rng), song_titles(singers * songs_per_singer, rng)
    cast = []
    for index, (gender, name) in enumerate(zip(genders, names, strict=True)):
        own_rng = default_rng((seed, index))
        voice = draw_singer(own_rng, gender)
        genres = _genres(songs_per_singer, own_rng)
        tracks = tuple(
            DemoTrack(f"{index:03d}-{song}.flac", titles[index * songs_per_singer + song], genre, (seed, index, song))
            for song, genre in enumerate(genres)
        )
        cast.append(DemoSinger(name, voice, tracks))
    return tuple(cast)


def _genres(songs: int, rng: Generator) -> list[str]:
    home = str(rng.choice(sorted(STYLES)))
    return [home if rng.random() < _HOME_GENRE_SHARE else str(rng.choice(sorted(STYLES))) for _ in range(songs)]


def _write_track(job: tuple[Path, SingerVoice, DemoTrack, float]) -> None:
    folder, voice, track, seconds = job
    sound = make_track(voice, track.genre, seconds, default_rng(track.seed))
    soundfile.write(folder / track.audio, np.ascontiguousarray(sound.waveform.T), sound.sample_rate, subtype="PCM_16")


def _write_manifest(path: Path, cast: tuple[DemoSinger, ...]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for singer in cast:
            for track in singer.tracks:
                row = (track.audio, singer.name, track.title, track.genre, NO_LANGUAGE, singer.voice.voice_gender)
                writer.writerow(row)
