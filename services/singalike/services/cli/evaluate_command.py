"""`singalike evaluate`: how good is the ear on recordings that it was not trained on, beside baselines."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from singalike.services.cli.options import json_option
from singalike.services.settings import read_settings

if TYPE_CHECKING:
    from singalike.embeddings.evaluation.report import Report

TOPICS = ("timbre", "melody", "gender", "style", "singers", "recommender")
"""As in `singalike.embeddings.evaluation.topics`, which takes seconds to import."""

CACHE = Path.home() / ".cache" / "singalike" / "evaluation"


@click.command()
@click.argument("topics", nargs=-1, required=True, type=click.Choice((*TOPICS, "all")))
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with manifest.csv, of which rows with use=train are left out; or with one folder a singer.",
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for report.md, .json and plots.")
@click.option("--seconds", type=click.FloatRange(0.5), default=3.0, show_default=True, help="Length of short cuts.")
@click.option("--limit", type=click.IntRange(10), help="Measure at most so many recordings of each set.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all chance.")
@click.option(
    "--peer-python",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A Python that can import resemblyzer, for comparison.",
)
@click.option(
    "--encoder",
    "encoders",
    multiple=True,
    metavar="NAME:ARGUMENT",
    help="Another maker's timbre encoder to stand beside the ear (docs/ears.md); may be repeated.",
)
@click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    default=CACHE,
    help="Folder for vectors of earlier runs; default ~/.cache/singalike/evaluation.",
)
@click.option("--no-cache", is_flag=True, help="Compute every vector anew and keep none.")
@click.option("--device", default=None, help="Torch device: auto, cpu, cuda.")
@json_option
def command(
    topics: tuple[str, ...],
    data: Path,
    out: Path | None,
    seconds: float,
    limit: int | None,
    seed: int,
    peer_python: Path | None,
    encoders: tuple[str, ...],
    cache: Path,
    no_cache: bool,
    device: str | None,
    as_json: bool,
) -> None:
    """Measure TOPICS (or all) on a folder of recordings and print one table for each question.

    An interrupted run goes on where it was: vectors are kept by the content of the recordings and the ear's version.
    """
    from singalike.embeddings.evaluation.bench import Bench
    from singalike.embeddings.evaluation.recordings import read_measured
    from singalike.embeddings.evaluation.vector_cache import VectorCache
    from singalike.recsys.map import place_on_map
    from singalike.services import bootstrap
    from singalike.services.cli.progress import progress_bar
    from singalike.services.evaluate import evaluate, write_report
    from singalike.services.peer_encoders import open_encoders, open_peers

    def say(words: str) -> None:
        click.echo(words, err=True)

    folder = read_measured(data)
    settings = read_settings(device=device)
    with bootstrap.build_decoder(settings) as decoder:
        bench = Bench(
            folder=folder,
            encoder=bootstrap.load_encoder(settings),
            decode=decoder.decode,
            cache=VectorCache(None if no_cache else cache),
            progress=progress_bar,
            say=say,
            seed=seed,
            seconds=seconds,
            most=limit,
            peers={**open_peers(peer_python), **open_encoders(encoders, settings.device)},
            place=place_on_map if out else None,
        )
        chosen = TOPICS if "all" in topics else tuple(dict.fromkeys(topics))
        report = evaluate(chosen, bench, " ".join(["singalike", *sys.argv[1:]]))
    if out is not None:
        write_report(report, out, say)
    _print(report, as_json=as_json)


def _print(report: "Report", *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(report.to_json(), ensure_ascii=False, allow_nan=False))
        return
    from rich.console import Console

    from singalike.services.cli.report_tables import section_tables

    console = Console()
    if not console.is_terminal:
        console = Console(width=200)  # a pipe has no width, and rich would cut the figures to 80 columns
    console.print(f"ear {report.model_version}")
    for section in report.sections:
        for table in section_tables(section):
            console.print(table)
        for note in section.notes:
            console.print(note, style="dim", markup=False, highlight=False)
