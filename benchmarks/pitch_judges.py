"""Who may judge the pitch of conversions: trackers on voices of known pitch, and on conversions that move no pitch.

usage: python -m benchmarks.pitch_judges --data FOLDER [--voices 8] [--key-shift 0]

Recordings with use=train of LibriSpeech in FOLDER, women and men in turn, are resynthesised by WORLD with a pitch that
is known: their own, or, of every other two, drawn notes. They are heard alone, over a band that is 20 and 10 dB
below, and as the lead that a conversion finds in a song with a band as loud as the voice, separated by the default.
Then the default engine sings each with the voice of the next. In its own key that is a filter without phase, which
cannot move a pitch: whatever a judge finds moved is its own mistake.

Columns: gross errors (over 20 %) against the pitch that is known, by the pitch head, DIO, Harvest, and the pitch head
where one of these confirms it, with the share of what sounds that is left out; then correlation of log f0 and gross
errors between source and conversion by the pitch head alone, and where it is confirmed, as `singalike evaluate
conversion` and `benchmarks.convert_song` have them; at last the same where what is heard in the source is the voice,
within a semitone of its known pitch, and no rest of the band. Mean over the voices.
"""

import argparse
import csv
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pyworld
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from singalike.audio.decoding import GuardedDecoder
from singalike.audio.pitch import PitchTrack
from singalike.audio.resample import resample
from singalike.audio.separation import best_separator
from singalike.audio.sound import Sound
from singalike.audio.synthesis import STYLES, accompany, compose_chords
from singalike.conversion.confirmed_pitch import ConfirmedPitch
from singalike.conversion.engine import ConversionContext, ConvertOptions
from singalike.conversion.metrics import GROSS_ERROR, Heard, compare_pitch, hear, track_with_harvest
from singalike.conversion.song import find_leaky_lead, listen_to_song, no_report
from singalike.conversion.world_retrieval.analysis import HOP_S, RATE
from singalike.conversion.world_retrieval.loading import load
from singalike.conversion.world_retrieval.pitch import HIGHEST_HZ, LOWEST_HZ, HeadPitch
from singalike.embeddings.evaluation.resynthesis import SAMPLE_RATE, Change, take_apart
from singalike.embeddings.melody import MelodyEncoder

Floats = NDArray[np.float64]

LONGEST_S, LEAST_VOICE_S = 8.0, 1.0
NOTE_S, GLIDE_FRAMES, FARTHEST_SEMITONES = (0.25, 0.8), 15, 7.0
BELOW_DB = (20.0, 10.0)
JUDGES = ("head", "DIO", "Harvest", "confirmed")
COLUMNS = (
    *("voices", *JUDGES, "left out"),
    *("converted: F0 corr, head", "gross", "F0 corr, confirmed", "gross", "left out", "of the voice: F0 corr", "gross"),
)
CORRELATIONS = (5, 7, 10)
NEAR_SEMITONES = 1.0


def voices(data: Path, count: int) -> Iterator[tuple[Sound, Floats]]:
    """Voices of people with the pitch that they have, in Hz every 5 ms, zero where unvoiced."""
    with (data / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["use"] == "train" and row["path"].startswith("librispeech/")]
    women, men = ([row for row in rows if row["gender"] == gender] for gender in "fm")
    turns = [row for pair in zip(women, men, strict=False) for row in pair]
    with GuardedDecoder(processes=1) as decoder:
        for number, row in enumerate(turns[:count]):
            sound = resample(decoder.decode((data / row["path"]).read_bytes()).mono(), SAMPLE_RATE)
            spoken = take_apart(sound.waveform[0, : round(LONGEST_S * SAMPLE_RATE)])
            voice = replace(spoken, f0_hz=intoned(spoken.f0_hz, default_rng(number))) if number % 4 > 1 else spoken
            yield Sound(voice.sung_again(Change())[None], SAMPLE_RATE), voice.f0_hz


def intoned(f0_hz: Floats, rng: Generator) -> Floats:
    """Let a voice sing drawn notes around its own median."""
    notes = np.zeros(len(f0_hz))
    first, note = 0, 0.0
    while first < len(notes):
        note = float(np.clip(note + rng.integers(-5, 6), -FARTHEST_SEMITONES, FARTHEST_SEMITONES))
        notes[first:] = note
        first += round(rng.uniform(*NOTE_S) / HOP_S)
    window = np.hanning(GLIDE_FRAMES)
    glided = np.convolve(np.pad(notes, GLIDE_FRAMES // 2, mode="edge"), window / window.sum(), mode="valid")
    middle = np.median(f0_hz[f0_hz > 0])
    return np.asarray(np.where(f0_hz > 0, np.maximum(middle * 2.0 ** (glided / 12.0), LOWEST_HZ), 0.0))


def band(samples: int, rng: Generator) -> NDArray[np.float32]:
    """A band, mono, at 16 000 Hz, as loud as a voice of power 1."""
    genre = str(rng.choice(list(STYLES)))
    style = STYLES[genre]
    tempo_bpm, scale, tonic = float(rng.uniform(*style.tempo_bpm)), str(rng.choice(style.scales)), int(rng.integers(12))
    chords = compose_chords(rng, samples / SAMPLE_RATE + 1.0, tonic, scale, tempo_bpm, style.sevenths)
    played = resample(accompany(chords, genre, tempo_bpm, rng).mono(), SAMPLE_RATE).waveform[0]
    played = np.resize(played, samples)
    return np.asarray(played / np.sqrt(np.mean(np.square(played))), dtype=np.float32)


def scenes(voice: Sound, head: MelodyEncoder, rng: Generator) -> Iterator[tuple[str, Sound, PitchTrack | None]]:
    """One voice alone, over a band, and found in a song; with the pitch that an engine is told, if any."""
    yield "alone", voice, None
    loud = float(np.sqrt(np.mean(np.square(voice.waveform))))
    played = loud * band(voice.waveform.shape[-1], rng)
    for below_db in BELOW_DB:
        yield (
            f"over a band {below_db:.0f} dB below",
            Sound(voice.waveform + 10.0 ** (-below_db / 20.0) * played, voice.sample_rate),
            None,
        )
    song = Sound(np.repeat(0.5 * (voice.waveform + played), 2, axis=0), voice.sample_rate)
    vocal = best_separator().separate(song)
    heard = listen_to_song(song, vocal, head, find_leaky_lead, no_report)
    yield "found in a song", heard.lead.mono(), heard.pitch


def gross(heard_hz: Floats, known_hz: Floats) -> float:
    """Share of the rows that are voiced in both and lie more than a fifth apart."""
    rows = min(len(heard_hz), len(known_hz))
    heard, known = np.nan_to_num(heard_hz[:rows]), known_hz[:rows]
    both = (heard > 0) & (known > 0)
    return float((np.abs(heard[both] / known[both] - 1.0) > GROSS_ERROR).mean())


def of_the_voice(heard: Heard, known_hz: Floats) -> Heard:
    """What a judge hears of the voice itself: as if it could not tell wherever that is not what is known."""
    rows = min(len(heard.f0_hz), len(known_hz))
    found, known = np.nan_to_num(heard.f0_hz[:rows]), known_hz[:rows]
    away = np.abs(12.0 * np.log2(np.maximum(found, 1.0) / np.maximum(known, 1.0)))
    return replace(heard.cut(rows), f0_hz=np.where((found > 0) & (away < NEAR_SEMITONES), found, np.nan))


def track_with_dio(sound: Sound) -> Floats:
    """The pitch by DIO and StoneMask, every 5 ms."""
    waveform = np.ascontiguousarray(sound.waveform[0], dtype=np.float64)
    rough, times_s = pyworld.dio(waveform, RATE, LOWEST_HZ, HIGHEST_HZ, frame_period=1000.0 * HOP_S)
    return np.asarray(pyworld.stonemask(waveform, rough, times_s, RATE))


def main() -> None:
    """Print a row for each scene."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--voices", type=int, default=8)
    parser.add_argument("--key-shift", type=float, default=0.0, help="semitones")
    options = parser.parse_args()
    engine, head = load(min_seconds=LEAST_VOICE_S), MelodyEncoder.load()
    judges = {"head": HeadPitch(head), "confirmed": ConfirmedPitch(head)}
    tracks = {name: partial(judge.track, hop_s=HOP_S) for name, judge in judges.items()}
    tracks |= {"DIO": track_with_dio, "Harvest": track_with_harvest}
    sung = list(voices(options.data, options.voices))
    rows: dict[str, list[list[float]]] = {}
    for number, (voice, known_hz) in enumerate(sung):
        target = engine.enrol([sung[(number + 1) % len(sung)][0]], ConversionContext())
        for scene, source, told in scenes(voice, head, default_rng((1, number))):
            shift = options.key_shift
            converted = engine.convert(source, target, ConvertOptions(shift), ConversionContext(pitch=told)).vocal
            heard = {name: hear(source, track) for name, track in tracks.items()}
            by_head = compare_pitch(heard["head"], hear(converted, tracks["head"]), shift)
            confirmed, sung_so = heard["confirmed"], hear(converted, tracks["confirmed"])
            by_two = compare_pitch(confirmed, sung_so, shift)
            of_voice = compare_pitch(of_the_voice(confirmed, known_hz), sung_so, shift)
            figures = [gross(heard[name].f0_hz, known_hz) for name in JUDGES]
            figures.append(float(1.0 - confirmed.told[confirmed.sounding].mean()))
            figures += [by_head.correlation, by_head.gross_error]
            figures += [by_two.correlation, by_two.gross_error, by_two.left_out]
            figures += [of_voice.correlation, of_voice.gross_error]
            rows.setdefault(scene, []).append(figures)
    print(" | ".join(COLUMNS))
    for scene, figures_of in rows.items():
        mean = np.mean(figures_of, axis=0)
        shown = [f"{value:.3f}" if place in CORRELATIONS else f"{value:.1%}" for place, value in enumerate(mean)]
        print(" | ".join([scene, *shown]))


if __name__ == "__main__":
    main()
