"""Fit the weights of the default presets, on nothing that they are judged by, and print them as JSON.

usage: python benchmarks/fit_preset_weights.py --data FOLDER [--seed 101]

Weights serve several promises at once: to find what listeners choose next, in four invented worlds that differ in what
moves people; to find voices like one's own, in a fifth, which counts as much as five of the others for singers and as
three for songs. What a voice says of singers keeps the ratios of its signals, which real voices gave. For songs, real
voices count as much as the fifth world: rows with use=train of the folder, halves of each recording in two rooms.
`singalike evaluate recommender` judges on worlds of other seeds and on rows with use=measure.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from singalike.embeddings.evaluation.bench import Bench, Hearing
from singalike.embeddings.evaluation.conditions import elsewhere
from singalike.embeddings.evaluation.recordings import VOICES, Recording, read_measured
from singalike.embeddings.evaluation.vector_cache import VectorCache
from singalike.recsys.blend import BlendPreset
from singalike.recsys.evaluation.heard_profiles import Take, hear_sounds
from singalike.recsys.evaluation.invented_listeners import JUDGED_SIGNALS, contests, hear_listeners
from singalike.recsys.evaluation.listener_world import MIXED, MIXES, VOICE_ALONE, WorldSize, draw_world
from singalike.recsys.evaluation.real_voices import ask
from singalike.recsys.evaluation.taught import record_listeners, teach
from singalike.recsys.evaluation.weight_fit import FitTask, best_weights
from singalike.recsys.presets import SIMILAR, SINGERS, SONGS, shipped_presets
from singalike.recsys.signals import TESSITURA, VOICE_SIGNALS
from singalike.services import bootstrap
from singalike.services.cli.progress import progress_bar
from singalike.services.settings import read_settings

SIZE = WorldSize(asked=400)
SHARE_OF_VOICE = {SINGERS: 5.0, SONGS: 3.0}
"""Of the task that looks for voices alike, and of real voices; each of the four other worlds has 1."""


def invented_tasks(seed: int) -> Mapping[str, list[FitTask]]:
    """Draw the worlds and say what is to be found in them."""
    tasks: dict[str, list[FitTask]] = {SINGERS: [], SONGS: []}
    plans = [*((mix, None) for mix in MIXES.values()), (MIXED, VOICE_ALONE)]
    for number, (mix, sought) in enumerate(plans):
        world = draw_world(seed + number, mix, SIZE, sought=sought)
        taught = teach(world, seed + number)
        heard = hear_listeners(world, taught, record_listeners(world, seed + number), seed + number)
        found = contests("", world, taught)
        for ranks, of_rank in tasks.items():
            signals = {name: heard[ranks].signals[name] for name in JUDGED_SIGNALS if name in heard[ranks].signals}
            share = 1.0 if sought is None else SHARE_OF_VOICE[ranks]
            of_rank.append(FitTask(signals, found[ranks].relevant, heard[ranks].events, found[ranks].known, share))
    return tasks


def real_task(bench: Bench, preset: BlendPreset) -> FitTask:
    """Look for real voices that may train by the other half of their recordings, made in another room.

    The overlap of two tessituras is left out, because the signal of songs that has this name is another one.
    """
    voices = [one for one in bench.folder.recordings if one.use == "train" and one.kind in VOICES]
    takes = hear_halves(bench, voices)
    contest, scores, _ = ask("", takes, preset, bench.seed)
    signals = {name: scores[name] for name in JUDGED_SIGNALS if name in scores and name != TESSITURA}
    return FitTask(signals, contest.relevant, np.zeros(len(contest.relevant), np.int64), share=SHARE_OF_VOICE[SONGS])


def hear_halves(bench: Bench, recordings: Sequence[Recording]) -> list[Take]:
    """Listen to both halves of recordings, each in a room of its own, so that no room gives a singer away."""
    sounds = {
        f"{bench.digest(one)}-{part}": partial(_hear_half, bench, one, part) for one in recordings for part in (1, 2)
    }
    heard = hear_sounds(bench, sounds, "halves-elsewhere")
    return [
        Take(f"{one.name} {part}", one.singer, str(part), heard[f"{bench.digest(one)}-{part}"])
        for one in recordings
        for part in (1, 2)
        if {f"{bench.digest(one)}-1", f"{bench.digest(one)}-2"} <= set(heard)
    ]


def _hear_half(bench: Bench, recording: Recording, part: int) -> Hearing:
    waveform = bench.hear(recording).waveform
    middle = len(waveform) // 2
    random = np.random.default_rng([part, int(bench.digest(recording)[:8], 16)])
    half = waveform[:middle] if part == 1 else waveform[middle:]
    return Hearing(elsewhere(part).change(half, random), bench.encoder)


def fitted(tasks: Sequence[FitTask], preset: BlendPreset) -> dict[str, Any]:
    """Fit and describe."""
    tied = VOICE_SIGNALS if preset.ranks == SINGERS else ()
    found = best_weights(tasks, preset.weights, preset.taste_half_weight_events, tied)
    return {
        "name": preset.name,
        "weights": {name: round(weight, 3) for name, weight in found.weights.items()},
        "taste_half_weight_events": found.half_weight_events,
        "ndcg_at_10": {
            "before": [round(task.ndcg(preset.weights, preset.taste_half_weight_events), 3) for task in tasks],
            "fitted": [round(task.ndcg(found.weights, found.half_weight_events), 3) for task in tasks],
        },
    }


def main() -> None:
    """Read the options, fit and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=101)
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    presets = {ranks: shipped_presets().default(SIMILAR, ranks) for ranks in (SINGERS, SONGS)}
    tasks = invented_tasks(options.seed)
    settings = read_settings()
    with bootstrap.build_decoder(settings) as decoder:
        bench = Bench(
            read_measured(options.data), bootstrap.load_encoder(settings), decoder.decode, VectorCache(options.cache),
            progress_bar, partial(print, file=sys.stderr),
        )  # fmt: skip
        tasks[SONGS].append(real_task(bench, presets[SINGERS]))
    for ranks, preset in presets.items():
        print(json.dumps(fitted(tasks[ranks], preset), indent=2))


if __name__ == "__main__":
    main()
