"""`singalike train`: train the shipped models again, or on recordings of one's own."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from singalike.services.cli.options import json_option
from singalike.services.cli.stopping import EXIT_INTERRUPTED
from singalike.services.cli.train_ablation import train_ablation
from singalike.services.cli.train_options import TrainOptions
from singalike.services.cli.training_run import own_device, own_rank, surroundings

MODELS = ("timbre", "style", "gender", "voice_gender", "melody", "separator", "ast")
NETWORKS = ("timbre", "melody", "separator", "ast")
"""Models with a network, whose training is a run: paced, logged and resumed."""


@click.command()
@click.argument("models", nargs=-1, required=True, type=click.Choice(MODELS))
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder whose manifest.csv names recordings; only rows with use=train are read. For ast: a folder a singer.",
)
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the checkpoints."
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0))
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Processes that make clips.")
@click.option("--preset", default="default", show_default=True, help="Name of a shipped preset, or a JSON file.")
@click.option(
    "--run-folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="State, logs and best network of the run; default OUT/run/MODEL. "
    "The same command goes on with what it finds there.",
)
@click.option("--steps", type=click.IntRange(1), help="Updates, instead of the preset's.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="End after so much time, fully cooled down.")
@click.option("--device", default="auto", show_default=True, help="Torch device: auto, cpu, cuda.")
@click.option("--precision", type=click.Choice(["float32", "bf16", "fp16"]), help="Instead of the preset's.")
@click.option(
    "--ablation", is_flag=True, help="For timbre: train all positions of `pitch` and `stretch`, print a table."
)
@click.option(
    "--measure",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="With --ablation: folder of recordings that are only measured on.",
)
@click.option(
    "--weights",
    default="",
    help="What training starts from. For ast: folder or hub id, default the published weights; for timbre: folder of "
    "a checkpoint, default none.",
)
@click.option(
    "--soundfont",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For separator: plays the accompaniments, through FluidSynth; default the one of Debian and Ubuntu, if there.",
)
@json_option
def command(models: tuple[str, ...], as_json: bool, **given: "object") -> int:
    """Train MODELS and write checkpoints with their digests.

    Use them with SINGALIKE_CHECKPOINTS=OUT; a separator replaces the files of singalike/audio/separation/weights. A
    catalogue made by another ear has to be ingested again. Ctrl-C saves the
    run of a network and leaves; a killed run goes on from its last saved state. Several GPUs: torchrun
    --nproc-per-node N -m singalike.services.cli train ...
    """
    options = TrainOptions(as_json=as_json, **given)  # type: ignore[arg-type]
    names = list(dict.fromkeys("voice_gender" if model == "gender" else model for model in models))
    if options.ablation:
        return train_ablation(names, options)
    _require_networks(names, options)
    trainings = {"melody": _train_melody, "timbre": _train_timbre, "separator": _train_separator, "ast": _train_ast}
    for name in names:
        if not trainings.get(name, partial(_fit_linear, name))(options):
            options.say("stopped: the same command goes on")
            return EXIT_INTERRUPTED
    return 0


def _require_networks(names: list[str], options: TrainOptions) -> None:
    paced = [option for option in ("steps", "minutes", "precision", "run_folder") if getattr(options, option)]
    linear = [name for name in names if name not in NETWORKS]
    if paced and linear:
        flags = ", ".join("--" + option.replace("_", "-") for option in paced)
        raise click.UsageError(f"{flags}: only networks are paced ({', '.join(NETWORKS)}), not {', '.join(linear)}")


def _fit_linear(name: str, options: TrainOptions) -> bool:
    from singalike.embeddings.training.__main__ import FITS, PRESETS
    from singalike.embeddings.training.presets import read_preset
    from singalike.embeddings.training.workshop import Workshop

    workshop = Workshop(options.data, options.seed, options.workers, None, options.say)
    FITS[name](workshop, options.out, read_preset(name, options.preset, PRESETS[name]))
    return True


def _train_timbre(options: TrainOptions) -> bool:
    import torch

    from singalike.embeddings.training.presets import read_preset
    from singalike.embeddings.training.timbre import Start, TimbrePreset, fit
    from singalike.embeddings.training.workshop import Workshop

    # Another number of threads adds up in another order: the weights depend on it in their last digits.
    torch.set_num_threads(options.workers)
    preset = read_preset("timbre", options.preset, TimbrePreset)
    preset = replace(preset, loop=options.paced(preset.loop))
    run, device = options.run_of("timbre"), own_device(options.device)
    workshop = Workshop(options.data, options.seed, options.workers, run / "analyses", options.say)
    with surroundings("timbre", run, device, as_json=options.as_json) as around:
        start = Start.load(Path(options.weights)) if options.weights else None
        return (
            fit(workshop, options.out, preset, run, around, device, start) is not None
            or around.processes.share.rank > 0
        )


def _train_melody(options: TrainOptions) -> bool:
    import torch

    from singalike.embeddings.training.melody import MelodySources, MelodyTraining, fit
    from singalike.embeddings.training.presets import read_preset

    # Two threads would add up in another order than one, and clips are made on the other cores.
    torch.set_num_threads(1)
    preset = read_preset("melody", options.preset, MelodyTraining)
    preset = replace(preset, loop=options.paced(preset.loop))
    run, device = options.run_of("melody"), own_device(options.device)
    sources = MelodySources(
        options.data, options.out, run, options.seed, options.workers, device, say=options.say
    )  # fmt: skip
    with surroundings("melody", run, device, as_json=options.as_json) as around:
        return fit(preset, sources, around) is not None or own_rank() > 0


def _train_separator(options: TrainOptions) -> bool:
    import torch

    from singalike.embeddings.training.presets import read_preset
    from singalike.embeddings.training.separator import SeparatorPreset, SeparatorSources, fit
    from singalike.embeddings.training.soundfont import find_soundfont

    torch.set_num_threads(1)
    preset = read_preset("separator", options.preset, SeparatorPreset)
    preset = replace(preset, loop=options.paced(preset.loop))
    run, device = options.run_of("separator"), own_device(options.device)
    sources = SeparatorSources(
        options.data, options.out, run, find_soundfont(options.soundfont, options.say), options.seed, options.workers,
        device, options.say,
    )  # fmt: skip
    with surroundings("separator", run, device, as_json=options.as_json) as around:
        return fit(preset, sources, around) is not None or own_rank() > 0


def _train_ast(options: TrainOptions) -> bool:
    from singalike.embeddings.training.ast_tuning import AstTuning
    from singalike.embeddings.training.presets import read_preset
    from singalike.services.cli.ast_training import train_ast

    preset = read_preset("ast", options.preset, AstTuning)
    preset = replace(preset, loop=options.paced(preset.loop))
    return train_ast(
        preset, options.data, options.out, options.run_of("ast"), weights=options.weights, seed=options.seed,
        device=options.device, say=options.say, as_json=options.as_json,
    )  # fmt: skip
