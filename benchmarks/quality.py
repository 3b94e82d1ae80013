"""Measure how often a second voice is suspected, in duets made of two singers and in single voices.

usage: python benchmarks/quality.py --data FOLDER [--voices 60] [--duets 60]

The threshold was set by these very figures, for few false alarms. Second voices are 0, 3 or 6 dB softer.
"""

import argparse
import csv
import random
from pathlib import Path

import numpy as np

from singalike.audio.decoding import GuardedDecoder, select_channel
from singalike.audio.f0 import track_with_dio
from singalike.audio.levels import measure_signal_to_noise
from singalike.audio.resample import resample
from singalike.audio.second_voice import LEAST_VOICED_S, second_voice_strength, suspect_second_voice
from singalike.audio.sound import Sound, Waveform

RATE = 16_000
LONGEST_S = 12.0
FOLDERS = {"librispeech": "left", "mir1k": "right", "ravdess/song": "mix", "nus48e_demo": "mix", "m4singer_demo": "mix"}
Voice = tuple[str, Waveform]


def load_voices(data: Path, folder: str, channel: str, count: int) -> list[Voice]:
    """Read voices of a folder; short recordings of one singer are joined to about 12 s."""
    with (data / "manifest.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["path"].startswith(folder + "/")]
    rows = [row for row in rows if row["kind"] in ("singing", "stem", "speech")]
    random.Random(0).shuffle(rows)  # noqa: S311 - seeded, for repeatable figures
    parts: dict[str, list[Waveform]] = {}
    with GuardedDecoder(processes=1) as decoder:
        for row in rows[: 4 * count]:
            sound = select_channel(decoder.decode((data / row["path"]).read_bytes()), channel)
            waveform = resample(sound, RATE).waveform[0]
            parts.setdefault(row["singer"], []).append(waveform / waveform.std())
    voices = []
    for singer, waveforms in parts.items():
        joined = np.concatenate(waveforms)
        pieces = max(1, int(len(joined) / (LONGEST_S * RATE)))
        voices += [(singer, piece[: round(LONGEST_S * RATE)]) for piece in np.array_split(joined, pieces)]
    random.Random(1).shuffle(voices)  # noqa: S311
    return voices[:count]


def make_duets(voices: list[Voice], count: int) -> list[Waveform]:
    """Add pairs of different singers."""
    chosen, duets = random.Random(2), []  # noqa: S311
    while len(duets) < count:
        (first_singer, first), (second_singer, second) = chosen.sample(voices, 2)
        if first_singer != second_singer:
            samples = min(len(first), len(second))
            duets.append(first[:samples] + 10 ** (-chosen.choice((0, 3, 6)) / 20) * second[:samples])
    return duets


def judge(waveforms: list[Waveform]) -> tuple[float, float, float]:
    """Return the share suspected, the median strength and the share that is long enough to be judged."""
    suspected, strengths, judged = [], [], []
    for waveform in waveforms:
        sound = Sound((0.1 * waveform / waveform.std()).astype(np.float32)[None], RATE)
        pitch = track_with_dio(sound)
        suspected.append(suspect_second_voice(sound, pitch))
        strengths.append(second_voice_strength(sound, pitch))
        judged.append(pitch.voiced_s >= LEAST_VOICED_S)
    return float(np.mean(suspected)), float(np.median(strengths)), float(np.mean(judged))


def main() -> None:
    """Print hit and false-alarm rates per folder, and the noise meter against known noise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--voices", type=int, default=60)
    parser.add_argument("--duets", type=int, default=60)
    options = parser.parse_args()
    columns = ("voices", "hits", "false alarms", "strength duet", "single", "judged")
    print(f"{'folder':14} {' '.join(columns)}")
    for folder, channel in FOLDERS.items():
        voices = load_voices(options.data, folder, channel, options.voices)
        hits, duet_strength, _ = judge(make_duets(voices, options.duets))
        alarms, single_strength, judged = judge([waveform for _, waveform in voices])
        print(
            f"{folder:14} {len(voices):6} {hits:5.2f} {alarms:12.2f} "
            f"{duet_strength:13.2f} {single_strength:6.2f} {judged:6.2f}"
        )
    voices = load_voices(options.data, "librispeech", "left", 12)
    print("\nwhite noise added to librispeech: wanted -> measured, means")
    for wanted_db in (30.0, 20.0, 10.0, 5.0):
        noise = [np.random.default_rng(i).normal(0, 10 ** (-wanted_db / 20), len(w)) for i, (_, w) in enumerate(voices)]
        noisy = [
            Sound((0.05 * (w + n)).astype(np.float32)[None], RATE) for (_, w), n in zip(voices, noise, strict=True)
        ]
        print(f"{wanted_db:5.0f} dB -> {np.mean([measure_signal_to_noise(sound) for sound in noisy]):5.1f} dB")


if __name__ == "__main__":
    main()
