"""Train the checkpoint "melody": the TCAE with its pitch head, and the projection of the melody vector.

usage: python -m singalike.embeddings.training.melody --data FOLDER --out FOLDER [--seed 0] [--minutes M]
           [--shards N] [--preset default] [--go-on-from FOLDER] [--hear] [--phrases 2000] [--workers 1]
           [--projection-only]

FOLDER holds manifest.csv (see `datasets`); only its rows with use=train are read. The same preset and seed give the
same weights on the same machine, whether the run was broken or not; with --minutes they depend on its speed. --hear
fits the projection on what the network hears in rendered sound, ten times as slow as on the planned pitch with a
tracker's mistakes. `singalike train melody` is the same with a progress bar.
"""

import argparse
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import Generator

from singalike.audio.pitch import PitchTrack
from singalike.embeddings.checkpoint import SHIPPED, load_checkpoint, save_checkpoint
from singalike.embeddings.melody import CHECKPOINT, MelodyEncoder
from singalike.embeddings.melody_vector import CosineFeatures, ShinglePreset
from singalike.embeddings.projection import Projection
from singalike.embeddings.tcae import Tcae, TcaePreset
from singalike.embeddings.training.loop import RunPlan, Surroundings, train
from singalike.embeddings.training.melody_clips import Material, load_material
from singalike.embeddings.training.melody_projection import Sing, fit_discriminant, kernel_means, sing_with_slips
from singalike.embeddings.training.melody_shards import ShardShelf, rendering
from singalike.embeddings.training.note_lines import NoteLine, load_note_lines, without_versions
from singalike.embeddings.training.pace import Progress
from singalike.embeddings.training.presets import read_preset
from singalike.embeddings.training.renditions import render
from singalike.embeddings.training.run_folder import RunFolder
from singalike.embeddings.training.run_log import open_logs
from singalike.embeddings.training.schedule import LoopPreset
from singalike.embeddings.training.tcae_training import TcaeTrainee, TcaeTraining

_LOG = logging.getLogger(__name__)

RENDITIONS = 4

MELODY_DIM = 512
"""Numbers in a melody vector."""


@dataclass(frozen=True)
class MelodyTraining:
    """How the checkpoint is made.

    Attributes:
        loop: How the network's training is paced.
        tcae: Its shape.
        training: What it is trained on.
        phrases: Phrases that the projection is fitted on.
        hear: Fit the projection on what the network hears in rendered sound instead of on the planned pitch.
    """

    loop: LoopPreset = field(default_factory=LoopPreset)
    tcae: TcaePreset = field(default_factory=TcaePreset)
    training: TcaeTraining = field(default_factory=TcaeTraining)
    phrases: int = 2000
    hear: bool = False


@dataclass(frozen=True)
class MelodySources:
    """What the checkpoint is made from, and where.

    Attributes:
        data: Folder with the manifest.
        out: Folder of the checkpoint; its `cache` keeps what takes minutes to read.
        run: Folder of the training run.
        seed: Of all chance.
        workers: Processes that render.
        device: Where the network trains.
        go_on_from: Folder of a checkpoint whose network is trained further, or None.
        say: Told in words what happens.
    """

    data: Path
    out: Path
    run: Path
    seed: int = 0
    workers: int = 1
    device: str = "cpu"
    go_on_from: Path | None = None
    say: Callable[[str], None] = _LOG.info


def unprojected(tcae: Tcae, preset: ShinglePreset) -> MelodyEncoder:
    """Wrap a network whose projection is not fitted yet; its `analyse` is complete."""
    nothing = Projection(np.zeros(preset.features, np.float32), np.zeros((preset.features, MELODY_DIM), np.float32))
    return MelodyEncoder(tcae, preset, CosineFeatures.draw(preset), nothing, "untrained")


def singing_heard_by(encoder: MelodyEncoder, material: Material) -> Sing:
    """Render each line with a voice, a room and company of its own, and tell what the encoder hears."""

    def sing(lines: Sequence[NoteLine], lengths_s: Sequence[float], rng: Generator) -> list[PitchTrack]:
        sounds = [render(line, length_s, material.recordings, rng).waveform
                  for line, length_s in zip(lines, lengths_s, strict=True)]  # fmt: skip
        return [frames.pitch for frames in encoder.analyse(sounds)]

    return sing


def fit_encoder(tcae: Tcae, preset: ShinglePreset, lines: Sequence[NoteLine], sing: Sing, seed: int, phrases: int
) -> MelodyEncoder:  # fmt: skip
    """Fit the projection on renditions of the same phrases, and put the encoder together."""
    means, labels = kernel_means(lines, phrases, RENDITIONS, sing, preset, seed)
    projection = fit_discriminant(means, labels, MELODY_DIM)
    return MelodyEncoder(tcae, preset, CosineFeatures.draw(preset), projection, "new")


def fit(preset: MelodyTraining, sources: MelodySources, around: Surroundings) -> MelodyEncoder | None:
    """Train the network, or go on with its run, fit the projection and save the checkpoint.

    Args:
        preset: How.
        sources: From what, and where.
        around: Clock, listeners and processes; the first process alone fits the projection and saves.

    Returns:
        The encoder that was saved; None in the other processes, and when the run was asked to stop.
    """
    first = around.processes.share.rank == 0
    material = load_material(sources.data, sources.out / "cache") if first else None
    around.processes.agree([0.0])  # the cache is filled before the others read it
    tcae = _train_network(preset, sources, around)
    if tcae is None or material is None:
        return None
    sources.say("fitting the projection")
    sing = singing_heard_by(unprojected(tcae, ShinglePreset()), material) if preset.hear else sing_with_slips
    lines = without_versions(material.lines, sources.data) or material.lines
    encoder = fit_encoder(tcae, ShinglePreset(), lines, sing, sources.seed, preset.phrases)
    tensors, config = encoder.to_checkpoint()
    training = {"loop": asdict(preset.loop), **asdict(preset.training), "seed": sources.seed}
    save_checkpoint(CHECKPOINT, tensors, {**config, "training": training | {"phrases": preset.phrases}}, sources.out)
    return encoder


def refit(preset: MelodyTraining, sources: MelodySources) -> MelodyEncoder:
    """Fit the projection anew on planned pitch, for the network of `go_on_from` as it is, and save both.

    Args:
        preset: Says on how many phrases.
        sources: From what, and where; without `go_on_from` the shipped network is kept.
    """
    kept = load_checkpoint(CHECKPOINT, sources.go_on_from or SHIPPED)
    tcae = MelodyEncoder.from_checkpoint(kept).tcae
    every = load_note_lines(sources.data, sources.out / "cache" / "note_lines.npz")
    lines = without_versions(every, sources.data) or every
    encoder = fit_encoder(tcae, ShinglePreset(), lines, sing_with_slips, sources.seed, preset.phrases)
    tensors, config = encoder.to_checkpoint()
    training = {**kept.config["training"], "phrases": preset.phrases}
    save_checkpoint(CHECKPOINT, tensors, {**config, "training": training}, sources.out)
    return encoder


def _train_network(preset: MelodyTraining, sources: MelodySources, around: Surroundings) -> Tcae | None:
    torch.manual_seed(sources.seed)
    tcae = Tcae(preset.tcae)
    settings: dict[str, Any] = {"tcae": preset.tcae.to_dict(), "training": asdict(preset.training)}
    if sources.go_on_from:
        begun = MelodyEncoder.load(sources.go_on_from)
        tcae.load_state_dict(begun.tcae.state_dict())
        settings |= {"go_on_from": begun.version}
    plan = RunPlan(CHECKPOINT, preset.loop, settings, sources.seed)
    cache, remembered = sources.out / "cache", preset.training.pool
    with rendering(sources.data, cache, sources.seed, sources.workers) as render_shard:
        shelf = ShardShelf(render_shard, sources.run / "shards", remembered, 3 * sources.workers, around.processes)
        trainee = TcaeTrainee(tcae, preset.training, shelf, sources.seed, sources.device)
        standing = train(trainee, plan, RunFolder(sources.run), around)
    best = "" if standing.best_score is None else f", best score {standing.best_score:.3f} at {standing.best_step}"
    sources.say(f"network trained for {standing.step} steps ({standing.ended}){best}")
    return None if standing.ended == "stopped" else tcae.cpu()


def main(arguments: Sequence[str] | None = None) -> None:
    """Train and save; progress is logged."""
    options = _options(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(1)
    preset = read_preset(CHECKPOINT, options.preset, MelodyTraining)
    shards = options.shards * preset.training.steps_per_shard if options.shards else preset.loop.steps
    loop = replace(preset.loop, steps=shards, minutes=options.minutes or preset.loop.minutes)
    preset = replace(preset, loop=loop, hear=preset.hear or options.hear, phrases=options.phrases or preset.phrases)
    run = options.out / "run"
    sources = MelodySources(
        options.data, options.out, run, options.seed, options.workers, go_on_from=options.go_on_from
    )  # fmt: skip
    if options.projection_only:
        refit(preset, sources)
        return
    fit(preset, sources, Surroundings(time.monotonic, tell=_log_progress, logs=open_logs(run)))


def _log_progress(progress: Progress) -> None:
    figures = {**progress.losses, **{f"held-out {name}": value for name, value in progress.validation.items()}}
    listed = ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
    _LOG.info("step %d of %d, %.0f s left: %s", progress.step, progress.steps, progress.left_s, listed)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--preset", default="default", help="name of a preset, or a JSON file")
    parser.add_argument("--minutes", type=float, help="end the network's training after so much time")
    parser.add_argument("--shards", type=int, help="end it after so many fresh shards")
    parser.add_argument("--go-on-from", type=Path, help="folder of a checkpoint to begin with")
    parser.add_argument("--hear", action="store_true", help="fit the projection on rendered sound")
    parser.add_argument("--phrases", type=int, help="phrases to fit the projection on")
    parser.add_argument("--projection-only", action="store_true", help="keep the network of --go-on-from as it is")
    parser.add_argument("--workers", type=int, default=1, help="processes that render; the network has one thread")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
