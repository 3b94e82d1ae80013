"""Engines that are not installed beside those that are, on pairs drawn by several seeds, perhaps with another judge.

usage: python -m benchmarks.conversion_engines --data FOLDER [--engine MODULE:OBJECT ...] [--seeds 1] [--limit 12]
           [--key-shift 0] [--peer-python PYTHON] [--judge confirmed|head|engine|harvest]

`singalike evaluate conversion` does the work; see there for what the columns mean. OBJECT is called without arguments
and returns a `VoiceEngine`. Pitch is judged by our pitch head where DIO or Harvest confirms it, by our pitch head
alone, by what world-retrieval itself tracks with, or by Harvest. Nothing is kept between runs: engines that are being
written change under one version.
"""

import argparse
import importlib
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from rich.console import Console

from singalike.audio.decoding import GuardedDecoder
from singalike.conversion.confirmed_pitch import ConfirmedPitch
from singalike.conversion.engine import VoiceEngine
from singalike.conversion.evaluation.contenders import baselines, contenders
from singalike.conversion.evaluation.jury import Track
from singalike.conversion.evaluation.topic import ConversionSubject, evaluate_conversion
from singalike.conversion.metrics import track_with_harvest
from singalike.conversion.world_retrieval.analysis import HOP_S
from singalike.conversion.world_retrieval.loading import load, load_as_written
from singalike.conversion.world_retrieval.pitch import HeadPitch, VoicePitch
from singalike.embeddings.encoder import VoiceEncoder
from singalike.embeddings.evaluation.bench import Bench
from singalike.embeddings.evaluation.recordings import read_measured
from singalike.embeddings.evaluation.vector_cache import VectorCache
from singalike.services.cli.progress import progress_bar
from singalike.services.cli.report_tables import section_tables
from singalike.services.effort import ProcessMeter
from singalike.services.peer_encoders import open_peers


def made_by(place: str) -> VoiceEngine:
    """Call MODULE:OBJECT."""
    module, _, member = place.partition(":")
    engine: VoiceEngine = getattr(importlib.import_module(module), member)()
    return engine


def main() -> None:
    """Print the tables of every seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--engine", action="append", default=[])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--key-shift", type=float, default=0.0)
    parser.add_argument("--peer-python", type=Path)
    parser.add_argument("--judge", choices=("confirmed", "head", "engine", "harvest"), default="confirmed")
    options = parser.parse_args()
    pitch = VoicePitch.load()
    judges: Mapping[str, Track] = {
        "confirmed": partial(ConfirmedPitch(pitch.head).track, hop_s=HOP_S),
        "head": partial(HeadPitch(pitch.head).track, hop_s=HOP_S),
        "engine": partial(pitch.track, hop_s=HOP_S),
        "harvest": track_with_harvest,
    }
    subject = ConversionSubject(
        contenders=contenders([load(), *map(made_by, options.engine)], baselines(load_as_written(), pitch)),
        track=judges[options.judge],
        meter=ProcessMeter(),
        key_shift=options.key_shift,
    )
    with GuardedDecoder(processes=1) as decoder:
        for seed in range(options.seeds):
            bench = Bench(
                read_measured(options.data),
                VoiceEncoder.load(device="cpu"),
                decoder.decode,
                VectorCache(),
                progress_bar,
                say=lambda words: print(words, file=sys.stderr),
                seed=seed,
                most=options.limit,
                peers=open_peers(options.peer_python),
            )
            for section in evaluate_conversion(subject, bench):
                for table in section_tables(section):
                    Console(width=200).print(table)


if __name__ == "__main__":
    main()
