"""Measure the watermark: found, read, never where it is not, not heard, and at what cost.

usage: python benchmarks/watermark.py --data FOLDER [--parts robustness,unmarked,quality,speed] [--pieces 200]

Pieces of 15 s are cut with a seed from four kinds of recordings, a quarter each: `song` (mixtures as they are),
`karaoke` (solo voices over their accompaniment, -6 to +6 dB, joined), `vocals` (solo voices, joined) and `speech`
(joined). MP3 goes through LAME at 128 kbit/s. OGG 96k goes through Vorbis at quality 2 in stereo at 44.1 kHz, which is
96 kbit/s; mono at 16 and 24 kHz does not reach 96 kbit/s at any quality (70 to 90 at the highest, which is taken), so
these pieces go through quality 2 apart, too, where they get 31 to 35 kbit/s. Codecs keep the rate.
"""

import argparse
import io
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from numpy.random import Generator
from watermark_pieces import KINDS, Pieces

from singalike.audio.resample import resample
from singalike.audio.sound import Sound
from singalike.conversion.watermark import detect, embed

KEY, OTHER_KEY = b"benchmark key, not a secret", b"another key, not a secret either"
CROP_S = 10.0


def through_mp3(sound: Sound, kbit_s: int = 128) -> Sound:
    """Encode and decode, without aligning."""
    file, layout = io.BytesIO(), {1: "mono", 2: "stereo"}[sound.channels]
    with av.open(file, "w", format="mp3") as output:
        stream: Any = output.add_stream(
            "libmp3lame", rate=sound.sample_rate, layout=layout, format="fltp", bit_rate=1000 * kbit_s
        )
        content = np.ascontiguousarray(np.clip(sound.waveform, -1, 1))
        frame = av.AudioFrame.from_ndarray(content, format="fltp", layout=layout)
        frame.sample_rate, frame.pts = sound.sample_rate, 0
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    file.seek(0)
    with av.open(file, "r") as opened:
        blocks = [frame.to_ndarray() for frame in opened.decode(audio=0)]
    return Sound(np.concatenate(blocks, axis=1).astype(np.float32), sound.sample_rate)


def through_ogg(sound: Sound, level: float = 0.8) -> Sound:
    """Encode and decode, quality 10 * (1 - level); in blocks, for libsndfile 1.2.2 crashes on one long buffer."""
    file = io.BytesIO()
    with soundfile.SoundFile(
        file, "w", sound.sample_rate, sound.channels, format="OGG", subtype="VORBIS", compression_level=level
    ) as output:
        for first in range(0, sound.waveform.shape[1], 4096):
            output.write(sound.waveform[:, first : first + 4096].T)
    file.seek(0)
    waveform, rate = soundfile.read(file, dtype="float32", always_2d=True)
    return Sound(np.ascontiguousarray(waveform.T), rate)


def crop(sound: Sound, random: Generator) -> Sound:
    """Cut 10 s out, starting at any sample."""
    start_s = float(random.uniform(0, sound.duration_s - CROP_S))
    return sound.cut(start_s, start_s + CROP_S)


ATTACKS: dict[str, Callable[[Sound, Generator], Sound]] = {
    "as written": lambda sound, _: sound,
    "MP3 128k": lambda sound, _: through_mp3(sound),
    "OGG 96k": lambda sound, _: through_ogg(sound, 0.8 if sound.channels == 2 else 0.0),
    "OGG quality 2": lambda sound, _: through_ogg(sound),
    "22.05 kHz": lambda sound, _: resample(sound, 22_050),
    "+6 dB": lambda sound, _: Sound(np.clip(sound.waveform * np.float32(1.9953), -1, 1), sound.sample_rate),
    "-6 dB": lambda sound, _: Sound(sound.waveform * np.float32(0.5012), sound.sample_rate),
    "crop 10 s": crop,
}
BEYOND: dict[str, Callable[[Sound, Generator], Sound]] = {
    "crop 10 s + MP3 64k": lambda sound, random: through_mp3(crop(sound, random), 64),
    "crop 10 s + OGG quality 2 + 22.05 kHz": lambda sound, random: resample(through_ogg(crop(sound, random)), 22_050),
    "music at -3 dB over it": lambda sound, random: with_noise(sound, random, 3.0),
    "white noise at -20 dB": lambda sound, random: with_noise(sound, random, 20.0, white=True),
}


def with_noise(sound: Sound, random: Generator, below_db: float, *, white: bool = False) -> Sound:
    """Add noise, or the sound itself backwards, which is music with the same spectrum."""
    other = random.standard_normal(sound.waveform.shape) if white else sound.waveform[:, ::-1]
    gain = 10 ** (-below_db / 20) * np.sqrt(np.mean(sound.waveform**2) / np.mean(other**2))
    return Sound((sound.waveform + gain * other).astype(np.float32), sound.sample_rate)


def measure_robustness(pieces: Pieces, numbers: range) -> None:
    """Print how often marks are found and read after each attack, and whether another key finds any."""
    outcomes: dict[tuple[str, str], list[tuple[bool, bool, bool, float]]] = {}
    for number in numbers:
        kind = KINDS[number % len(KINDS)]
        random = np.random.default_rng((1, number))
        payload = int(random.integers(0, 2**64, dtype=np.uint64))
        marked = embed(pieces.cut(kind, random), KEY, payload)
        # What nobody asks for is measured on a quarter of the pieces, of every kind.
        attacks = ATTACKS if number % 16 >= len(KINDS) else ATTACKS | BEYOND
        for name, attack in attacks.items():
            found = detect(attack(marked, random), KEY)
            right, wrong = found.payload == payload, found.found and found.payload not in {payload, None}
            outcomes.setdefault((name, kind), []).append((found.found, right, wrong, found.deviations))
        other = detect(marked, OTHER_KEY)
        outcomes.setdefault(("another key", kind), []).append((other.found, False, other.found, other.deviations))
    print_outcomes(outcomes)


def print_outcomes(outcomes: dict[tuple[str, str], list[tuple[bool, bool, bool, float]]]) -> None:
    """Print a row for each attack: counts over all kinds, and the deviations nearest to the threshold of each kind."""
    print(f"\n{'after':38} pieces found right wrong   least deviations: {', '.join(KINDS)}")
    for name in dict.fromkeys(name for name, _ in outcomes):
        rows = [row for kind in KINDS for row in outcomes.get((name, kind), [])]
        counts = " ".join(f"{sum(row[column] for row in rows):5}" for column in range(3))
        extreme = max if name == "another key" else min
        nearest = (extreme(row[3] for row in outcomes[name, kind]) for kind in KINDS if (name, kind) in outcomes)
        print(f"{name:38} {len(rows):6} {counts}   {' '.join(f'{value:5.1f}' for value in nearest)}", flush=True)


def measure_unmarked(pieces: Pieces, count: int) -> None:
    """Print how many unmarked pieces raise an alarm, and how near the nearest came."""
    alarms, deviations, confidences = 0, [], []
    for number in range(count):
        found = detect(pieces.cut(KINDS[number % len(KINDS)], np.random.default_rng((2, number))), KEY)
        alarms += found.found
        deviations.append(found.deviations)
        confidences.append(found.confidence)
    print(f"\n{count} unmarked pieces: {alarms} alarms; highest deviations {max(deviations):.2f}, highest confidence "
          f"{max(confidences):.3f}")  # fmt: skip


def measure_quality(pieces: Pieces, count: int) -> None:
    """Print what the mark changes, by kind: signal to mark, noise to mask, peaks, timbre."""
    from watermark_masking import compare_timbre, noise_to_mask

    print(f"\n{count} pieces: medians (worst)\n{'kind':8} {'signal to mark, dB':>20} {'noise to mask, dB':>20} "
          f"{'disturbed frames, %':>20} {'true peak, dB':>16} {'timbre cosine':>18}")  # fmt: skip
    for kind in KINDS:
        rows = []
        for number in range(count // len(KINDS)):
            random = np.random.default_rng((3, number))
            sound = pieces.cut(kind, random)
            marked = embed(sound, KEY, int(random.integers(0, 2**64, dtype=np.uint64)))
            change = marked.waveform - sound.waveform
            ratio_db = 10 * np.log10(np.sum(sound.waveform**2) / np.sum(change**2))
            mask_db, disturbed = noise_to_mask(sound, Sound(change, sound.sample_rate))
            peak_db = 20 * np.log10(_peak(marked) / _peak(sound))
            rows.append((ratio_db, mask_db, 100 * disturbed, peak_db, compare_timbre(sound, marked)))
        table, worst = np.array(rows), (np.min, np.max, np.max, np.max, np.min)
        cells = [f"{np.median(table[:, i]):10.4g} ({worst[i](table[:, i]):7.4g})" for i in range(table.shape[1])]
        print(f"{kind:8} " + " ".join(cells))


def _peak(sound: Sound) -> float:
    """Highest value at four times the rate."""
    return float(np.abs(resample(sound, 4 * sound.sample_rate).waveform).max())


def measure_speed() -> None:
    """Print processor time and memory for four minutes of stereo."""
    random = np.random.default_rng(0)
    samples = 240 * 44_100
    swell = 0.2 * np.sin(np.arange(samples, dtype=np.float32) / 9000)
    song = Sound(random.standard_normal((2, samples), np.float32) * swell, 44_100)
    detect(embed(song.cut(0, 5), KEY, 1), KEY)
    print(
        f"\n240 s of stereo at 44.1 kHz, {song.waveform.nbytes / 2**20:.0f} MiB of a process of {_peak_mib():.0f} MiB"
    )
    for name, work in (("embed", lambda sound: embed(sound, KEY, 7)), ("detect", lambda sound: detect(sound, KEY))):
        started = time.process_time()
        outcome = work(song)
        spent_s = time.process_time() - started
        print(
            f"{name:7} {spent_s:6.2f} processor seconds, {spent_s / 240:.4f} of real time, peak {_peak_mib():.0f} MiB"
        )
        song = outcome if isinstance(outcome, Sound) else song


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--parts", default="robustness,unmarked,quality,speed")
    parser.add_argument("--pieces", type=int, default=200)
    parser.add_argument("--unmarked", type=int, default=2000)
    parser.add_argument("--use", default="train,measure", help="Rows of the manifest to take.")
    options = parser.parse_args()
    parts = options.parts.split(",")
    if "speed" in parts:
        measure_speed()
    pieces = Pieces(options.data, frozenset(options.use.split(",")))
    if "robustness" in parts:
        measure_robustness(pieces, range(options.pieces))
    if "unmarked" in parts:
        measure_unmarked(pieces, options.unmarked)
    if "quality" in parts:
        measure_quality(pieces, options.pieces // 10)


if __name__ == "__main__":
    main()
