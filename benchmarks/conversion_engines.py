"""One table for all conversion engines and their baselines, on pairs of real recordings.

usage: python -m benchmarks.conversion_engines --data FOLDER [--sets vctk ravdess mir1k singing_expression_transfer]
           [--most 12] [--seeds 1] [--key-shift 0] [--peer-python PYTHON] [--engine NAME=MODULE:OBJECT ...]
           [--only NAME ...] [--harvest]

`position` is the share of the way from source to target by our timbre vector (sum of moves / sum of ways, with a 95 %
interval over pairs), `second` the same by Resemblyzer, `content` the correlation of speaker-normalised c1 to c12 with
the source. Pitch is judged by DIO and our pitch head, or with --harvest by Harvest, which takes five times as long; the
target is judged by a held-out take that no engine has seen. Each seed draws other pairs.
"""

import argparse
import importlib
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.conversion_pairs import SETS, Pair, joined, read_pairs
from singalike.audio.resample import resample
from singalike.audio.sound import Sound
from singalike.conversion.engine import ConversionContext, ConvertOptions, VoiceEngine
from singalike.conversion.metrics import (
    PitchFigures,
    Similarities,
    compare_pitch,
    content_kept,
    hear,
    mean_position,
    mel_cepstral_distortion,
    real_time_factor,
    track_with_harvest,
)
from singalike.conversion.world_retrieval.analysis import HOP_S, RATE
from singalike.conversion.world_retrieval.loading import load, load_as_written
from singalike.conversion.world_retrieval.pitch import VoicePitch
from singalike.conversion.world_retrieval.rendering import vocoded
from singalike.conversion.world_retrieval.world_engine import WorldEngine
from singalike.embeddings.encoder import VoiceEncoder

SOURCE, COPY, AFFINE = "untouched source", "copy synthesis", "affine only"
DRAWS = 1000
SHORTEST_S = 1.0
"""Of voice to learn a target from: half a sentence is all that VCTK's pairs have."""

OPTIONS = ConvertOptions()

Convert = Callable[[Pair, int], tuple[Sound, float]]
Track = Callable[[Sound], NDArray[np.float64]]
Embed = Callable[[Sequence[Sound]], NDArray[np.float32]]


@dataclass(frozen=True)
class Row:
    """One engine on one pair."""

    set_name: str
    pair: str
    engine: str
    ours: Similarities
    second: Similarities | None
    pitch: PitchFigures
    content: float
    distortion_db: float
    real_time_factor: float


def with_engine(engine: VoiceEngine, options: ConvertOptions = OPTIONS) -> Convert:
    """Enrol and convert; only the conversion is timed."""

    def convert(pair: Pair, seed: int) -> tuple[Sound, float]:
        voice = engine.enrol(pair.takes, ConversionContext(seed=seed))
        started = time.process_time()
        chosen = replace(options, seed=seed, key_shift=pair.key_shift)
        converted = engine.convert(pair.source, voice, chosen, ConversionContext())
        return converted.vocal, real_time_factor(time.process_time() - started, pair.source)

    return convert


def untouched(pair: Pair, seed: int) -> tuple[Sound, float]:  # noqa: ARG001
    """Return the source."""
    return pair.source, 0.0


def copied(engine: WorldEngine) -> Convert:
    """Take the source apart with WORLD and put it together again."""

    def convert(pair: Pair, seed: int) -> tuple[Sound, float]:  # noqa: ARG001
        started = time.process_time()
        frames = engine.analyse(pair.source)
        sound = Sound(vocoded(pair.source, frames, frames.cepstra, pair.key_shift)[None], RATE)
        return sound, real_time_factor(time.process_time() - started, pair.source)

    return convert


def converters(extra: Sequence[str]) -> Mapping[str, Convert]:
    """Return every row of the table by name."""
    baseline, default = load_as_written(min_seconds=SHORTEST_S), load(min_seconds=SHORTEST_S)
    found: dict[str, Convert] = {
        SOURCE: untouched,
        COPY: copied(baseline),
        AFFINE: with_engine(baseline, ConvertOptions(retrieval_share=0.0)),
        baseline.info.name: with_engine(baseline),
        default.info.name: with_engine(default),
    }
    for specification in extra:
        name, _, place = specification.partition("=")
        module, _, member = place.partition(":")
        found[name] = with_engine(getattr(importlib.import_module(module), member)())
    return found


def our_judge() -> Embed:
    """Return the timbre vector of the shipped ear."""
    ear = VoiceEncoder.load(device="cpu")
    return lambda sounds: np.stack([ear.timbre.embed(ear.voice_frames(sound)) for sound in sounds])


def second_judge(python: Path | None) -> Embed | None:
    """Return Resemblyzer's vector, if a Python has it."""
    if python is None:
        return None
    from singalike.services.peer_encoders import embed_by_peer

    return lambda sounds: embed_by_peer(
        python, "Resemblyzer", [resample(sound, 16_000).waveform[0] for sound in sounds]
    )


def measure(
    pairs: Sequence[Pair], rows: Mapping[str, Convert], judges: Sequence[Embed | None], track: Track, seed: int
) -> list[Row]:
    """Convert pairs with every engine and judge what comes out."""
    results = [{name: convert(pair, seed) for name, convert in rows.items()} for pair in pairs]
    sounds = [[sound for sound, _ in result.values()] for result in results]
    ours, second = (similarities(embed, pairs, sounds) for embed in judges)
    measured = []
    for number, (pair, result) in enumerate(zip(pairs, results, strict=True)):
        source = hear(pair.source, track)
        for place, (name, (sound, factor)) in enumerate(result.items()):
            heard = hear(sound, track)
            measured.append(
                Row(
                    pair.set_name,
                    f"{pair.name}, seed {seed}",
                    name,
                    ours[number][place],
                    second[number][place] if second else None,
                    compare_pitch(source, heard, pair.key_shift),
                    content_kept(source, heard),
                    mel_cepstral_distortion(source, heard),
                    factor,
                )
            )
    return measured


def similarities(
    embed: Embed | None, pairs: Sequence[Pair], sounds: Sequence[Sequence[Sound]]
) -> list[list[Similarities]]:
    """Compare source, conversions and takes of every target with its held-out take; all are embedded in one call."""
    if embed is None:
        return []
    asked = [[pair.held_out, joined(pair.takes), pair.source, *made] for pair, made in zip(pairs, sounds, strict=True)]
    vectors = iter(embed([sound for row in asked for sound in row]))
    found = []
    for row in asked:
        held_out, take, source, *converted = [next(vectors) for _ in row]
        start, end = float(source @ held_out), float(take @ held_out)
        found.append([Similarities(start, float(vector @ held_out), end) for vector in converted])
    return found


def interval(pairs: Sequence[Similarities]) -> tuple[float, float, float]:
    """Mean position and its 95 % interval over resampled pairs."""
    rng = np.random.default_rng(0)
    draws = [mean_position([pairs[i] for i in rng.integers(0, len(pairs), len(pairs))]) for _ in range(DRAWS)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return mean_position(list(pairs)), float(low), float(high)


def print_table(title: str, rows: Sequence[Row]) -> None:
    """Print the means of one set."""
    print(f"\n{title}: {len({row.pair for row in rows})} pairs")
    head = f"{'engine':28} {'position':>8} {'(95 %)':>14} {'second':>7} {'content':>7} {'F0 corr':>7} {'cents':>6}"
    print(f"{head} {'gross':>6} {'voicing':>7} {'MCD dB':>6} {'RTF':>5}")
    for name in dict.fromkeys(row.engine for row in rows):
        of_engine = [row for row in rows if row.engine == name]
        middle, low, high = interval([row.ours for row in of_engine])
        others = [row.second for row in of_engine if row.second]
        second = f"{mean_position(others):7.2f}" if others else f"{'-':>7}"
        figures = np.nanmean(
            [
                (
                    row.content,
                    row.pitch.correlation,
                    row.pitch.rmse_cents,
                    row.pitch.gross_error,
                    row.pitch.voicing_error,
                    row.distortion_db,
                    row.real_time_factor,
                )
                for row in of_engine
            ],
            axis=0,
        )
        content, correlation, cents, gross, voicing, distortion, factor = figures
        print(
            f"{name:28} {middle:8.3f} ({low:5.2f} to {high:5.2f}) {second} {content:7.3f} {correlation:7.3f} "
            f"{cents:6.1f} {100 * gross:5.1f}% {100 * voicing:6.1f}% {distortion:6.1f} {factor:5.2f}",
            flush=True,
        )


def main() -> None:
    """Print a table a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--most", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--key-shift", type=float, default=0.0)
    parser.add_argument("--peer-python", type=Path)
    parser.add_argument("--engine", action="append", default=[])
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--harvest", action="store_true")
    options = parser.parse_args()
    rows = converters(options.engine)
    if options.only:
        rows = {name: row for name, row in rows.items() if name in options.only}
    pitch = VoicePitch.load()
    track = track_with_harvest if options.harvest else lambda sound: pitch.track(sound, HOP_S)
    judges = (our_judge(), second_judge(options.peer_python))
    for set_name in options.sets:
        measured = []
        for seed in range(options.seeds):
            pairs = list(read_pairs(options.data, [set_name], options.most, seed, options.key_shift))
            measured += measure(pairs, rows, judges, track, seed)
        print_table(set_name, measured)
    print(f"\nprocess peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
