"""`singalike train timbre --ablation`: the nine positions of the switches, trained alike, as one table."""

import json
import time
from dataclasses import replace

import click

from singalike.services.cli.stopping import EXIT_INTERRUPTED, stop_signals
from singalike.services.cli.train_options import TrainOptions


def train_ablation(models: list[str], options: TrainOptions) -> int:
    """Train all combinations, print the table, and keep it as `ablation.md` and `ablation.json` in the folder."""
    if models != ["timbre"]:
        raise click.UsageError("--ablation trains timbre: leave the other models out")
    import torch

    from singalike.embeddings.training.ablation import AblationPlace, AblationPreset, run_ablation
    from singalike.embeddings.training.ablation_table import json_rows, markdown
    from singalike.embeddings.training.loop import Surroundings
    from singalike.embeddings.training.presets import read_preset

    # Two threads would add up in another order than one, and the table would not come out the same everywhere.
    torch.set_num_threads(1)
    preset = read_preset("ablation", options.preset, AblationPreset)
    preset = replace(preset, loop=options.paced(preset.loop))
    place = AblationPlace(options.data, options.out, options.measure)
    with stop_signals() as stop:
        rows = run_ablation(place, preset, options.seed, Surroundings(time.monotonic, stop=stop.is_set), options.say)
    if rows is None:
        options.say("stopped: the same command goes on")
        return EXIT_INTERRUPTED
    as_json = json.dumps({"rows": json_rows(rows)}, ensure_ascii=False)
    (options.out / "ablation.md").write_text(markdown(rows), "utf-8")
    (options.out / "ablation.json").write_text(as_json + "\n", "utf-8")
    click.echo(as_json if options.as_json else markdown(rows), nl=options.as_json)
    return 0
