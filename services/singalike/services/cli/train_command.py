"""`singalike train`: fit the shipped models again, or on recordings of one's own."""

from pathlib import Path

import click

MODELS = ("timbre", "style", "voice_gender", "melody")


@click.command()
@click.argument("models", nargs=-1, required=True, type=click.Choice(MODELS))
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder whose manifest.csv names the recordings; only rows with use=train are read.",
)
@click.option(
    "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the checkpoints."
)
@click.option("--seed", default=0, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Processes.")
def command(models: tuple[str, ...], data: Path, out: Path, seed: int, workers: int) -> int:
    """Fit MODELS and write checkpoints with their digests.

    Use them with SINGALIKE_CHECKPOINTS=OUT; a catalogue made by another ear has to be ingested again.
    """
    from singalike.embeddings.training import __main__ as linear
    from singalike.embeddings.training import melody

    common = ["--data", str(data), "--out", str(out), "--seed", str(seed), "--workers", str(workers)]
    if others := [model for model in models if model != "melody"]:
        linear.main([*common, *others])
    if "melody" in models:
        melody.main(common)
    return 0
