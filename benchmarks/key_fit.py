"""Judge keys: what a shift brings on notes that are known, and whether another recording of the same person agrees.

usage: python benchmarks/key_fit.py [--singers 24] [--data DATA]

Songs are melodies from our own composer, with --data the written melodies that may train. Persons are synthetic singers
who sing two melodies; with --data those of DATA/mir1k, whose clips are halved by song. The key of each song is chosen
for either half; both agree when their shifts lie within two semitones.
"""

import argparse
import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from singalike.audio.synthesis import compose_melody, draw_singer, sing
from singalike.embeddings.evaluation.recordings import Recording, read_measured
from singalike.embeddings.melody import SAMPLE_RATE, MelodyEncoder
from singalike.embeddings.training.note_lines import read_note_lines
from singalike.embeddings.vocal_range import measure_range
from singalike.recsys.catalogue_view import tessitura_of
from singalike.recsys.key_fit import MODES, SAME_REGION, choose_keys
from singalike.recsys.song_demands import SingingVoice, song_demands

Histogram = np.ndarray
BINS = (0.0, 0.05, 0.15, 0.3, 1.01)


def synthetic_persons(encoder: MelodyEncoder, count: int) -> Iterator[tuple[Histogram, Histogram]]:
    """Let voices sing two melodies of 30 s each; return what is heard as seconds per semitone."""
    for seed in range(count):
        rng = np.random.default_rng([6, seed])
        voice = draw_singer(rng)
        halves = []
        for _ in range(2):
            melody = compose_melody(rng, voice.centre_midi, 30.0, tempo_bpm=float(rng.uniform(70, 130)))
            halves.append(heard(encoder, [sing(voice, melody, SAMPLE_RATE, rng).waveform[0]]))
        yield halves[0], halves[1]


def recorded_persons(encoder: MelodyEncoder, data: Path) -> Iterator[tuple[Histogram, Histogram]]:
    """Halve the clips of each singer of MIR-1K by song."""
    stems = [one for one in read_measured(data).recordings if one.corpus == "mir1k" and one.kind == "stem"]
    for singer in sorted({one.singer for one in stems}):
        songs = sorted({one.song for one in stems if one.singer == singer})
        halves = []
        for part in (songs[::2], songs[1::2]):
            clips = [one for one in stems if one.singer == singer and one.song in part][:12]
            halves.append(heard(encoder, [right_channel(one) for one in clips]))
        yield halves[0], halves[1]


def right_channel(recording: Recording) -> np.ndarray:
    """Read the voice of a clip of MIR-1K at 16 000 Hz."""
    import librosa

    both = librosa.load(recording.file, sr=SAMPLE_RATE, mono=False)[0]
    return both[-1].astype(np.float32)


def heard(encoder: MelodyEncoder, waveforms: list[np.ndarray]) -> Histogram:
    """Sum the seconds per semitone of some recordings."""
    ranges = [measure_range(frames.pitch) for frames in encoder.analyse(waveforms)]
    return np.sum([one.seconds_per_semitone for one in ranges], axis=0).astype(float)


def voice_of(histogram: Histogram) -> SingingVoice:
    """Read tessitura and range from a histogram."""
    sung = np.flatnonzero(histogram > 0.01 * histogram.sum())
    low, high = tessitura_of(histogram[None])[0]
    return SingingVoice((float(low), float(high)), (float(sung[0]), float(sung[-1])))


def songs_of(data: Path | None) -> np.ndarray:
    """Seconds per semitone of songs in keys drawn at random, shape (songs, 128)."""
    rng = np.random.default_rng(7)
    rows = []
    if data is None:
        lines = [compose_melody(rng, float(rng.uniform(50, 70)), 60.0).notes for _ in range(200)]
        rows = [([note.midi_pitch for note in notes], [note.duration_s for note in notes]) for notes in lines]
    else:
        moved = [(line, int(rng.integers(-6, 7))) for line in read_note_lines(data)[:400]]
        rows = [(line.midi_pitch + by, line.end_s - line.start_s) for line, by in moved]
    return np.stack([np.bincount(np.round(pitch).astype(int), duration, 128) for pitch, duration in rows])


def main() -> None:
    """Print, for each mode, what shifts bring and how often two recordings of a person agree, by confidence."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--singers", type=int, default=24)
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    encoder = MelodyEncoder.load()
    songs = songs_of(options.data)
    demands = song_demands(songs, [None] * len(songs))
    persons = recorded_persons(encoder, options.data) if options.data else synthetic_persons(encoder, options.singers)
    pairs = [(voice_of(one), voice_of(other)) for one, other in persons]
    apart = np.abs([np.subtract(one.tessitura_midi, other.tessitura_midi) for one, other in pairs])
    print(f"{len(pairs)} persons, {len(demands)} songs; tessituras of the halves apart by {apart.mean():.1f} semitones")
    for mode in MODES:
        one, other = ([choose_keys(demands, pair[half], mode) for pair in pairs] for half in (0, 1))
        agree = np.concatenate([np.abs(a.shift - b.shift) <= SAME_REGION for a, b in zip(one, other, strict=True)])
        sure = np.concatenate([keys.confidence for keys in one])
        before, after = (np.concatenate([getattr(keys, name) for keys in one]).mean() for name in ("before", "after"))
        rows = np.arange(len(demands))
        others = [pair[1].tessitura_midi for pair in pairs]
        kept = np.mean([demands.share_inside(at, keys.shift, rows) for at, keys in zip(others, one, strict=True)])
        print(f"{mode}: inside the tessitura {before:.2f} -> {after:.2f}, inside the other half's {kept:.3f}")
        print(f"  the other half agrees in {agree.mean():.2f}")
        for low, high in pairwise(BINS):
            chosen = (sure >= low) & (sure < high)
            if chosen.any():
                told = f"{chosen.mean():.0%} of keys, agreed {agree[chosen].mean():.2f}"
                print(f"  confidence {low:.2f} to {min(high, 1):.2f}: {told}")


if __name__ == "__main__":
    main()
