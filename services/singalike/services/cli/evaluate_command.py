"""`singalike evaluate`: how good ear and recommender are on what they were not fitted on, beside baselines."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from singalike.services.cli.evaluate_conversion_options import ConversionChoice, conversion_options, open_subject
from singalike.services.cli.options import json_option
from singalike.services.settings import Settings, read_settings

if TYPE_CHECKING:
    from singalike.embeddings.evaluation.bench import Bench, Peer
    from singalike.embeddings.evaluation.report import Report

TOPICS = ("timbre", "melody", "gender", "style", "singers", "recommender", "conversion")
"""As in `singalike.embeddings.evaluation.topics`, which takes seconds to import."""

CACHE = Path.home() / ".cache" / "singalike" / "evaluation"


@click.command()
@click.argument("topics", nargs=-1, required=True, type=click.Choice((*TOPICS, "all")))
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with manifest.csv, of which rows with use=train are left out; or with one folder a singer. "
    "Only recommender can do without, and conversion with --pairs.",
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for report.md, .json and plots.")
@click.option("--seconds", type=click.FloatRange(0.5), default=3.0, show_default=True, help="Length of short cuts.")
@click.option(
    "--limit", type=click.IntRange(10), help="Measure at most so many recordings, or pairs to convert, of each set."
)
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
    "--interactions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For recommender: CSV or Parquet with the columns user, item, time.",
)
@click.option(
    "--presets",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="For recommender: a folder of presets as *.json beside those that ship; the newest default ones are judged. "
    "Without it SINGALIKE_PRESETS.",
)
@click.option(
    "--cache",
    type=click.Path(file_okay=False, path_type=Path),
    default=CACHE,
    help="Folder for vectors of earlier runs; default ~/.cache/singalike/evaluation.",
)
@click.option("--no-cache", is_flag=True, help="Compute every vector anew and keep none.")
@click.option("--device", default=None, help="Torch device: auto, cpu, cuda.")
@conversion_options
@json_option
def command(
    topics: tuple[str, ...],
    data: Path | None,
    out: Path | None,
    seconds: float,
    limit: int | None,
    seed: int,
    peer_python: Path | None,
    encoders: tuple[str, ...],
    interactions: Path | None,
    presets: Path | None,
    cache: Path,
    no_cache: bool,
    device: str | None,
    conversion: ConversionChoice,
    as_json: bool,
) -> None:
    """Measure TOPICS (or all) on a folder of recordings and print one table for each question.

    An interrupted run goes on where it was: vectors are kept by the content of the recordings and the ear's version.
    """
    from singalike.recsys.presets import load_presets
    from singalike.services.evaluate import RecommenderSubject, evaluate, write_report

    chosen = TOPICS if "all" in topics else tuple(dict.fromkeys(topics))
    if data is None and not set(chosen) <= {"recommender", *(("conversion",) if conversion.pairs else ())}:
        raise click.UsageError("give --data FOLDER: every topic but recommender, or conversion of --pairs, needs one")
    settings = read_settings(device=device, presets=presets)
    subject = RecommenderSubject(load_presets(settings.presets), interactions)
    with _open_bench(settings, data, None if no_cache else cache, maps=out is not None) as bench:
        peers = _peers(peer_python, encoders, settings.device)
        asked = replace(bench, seed=seed, seconds=seconds, most=limit, peers=peers)
        voices = open_subject(settings, conversion, pictures=out is not None) if "conversion" in chosen else None
        line = " ".join(["singalike", *sys.argv[1:]])
        report = evaluate(chosen, asked, line, subject=subject, conversion=voices)
    if out is not None:
        write_report(report, out, _say)
    _print(report, as_json=as_json)


def _say(words: str) -> None:
    click.echo(words, err=True)


@contextmanager
def _open_bench(settings: Settings, data: Path | None, cache: Path | None, *, maps: bool) -> Iterator["Bench"]:
    """Open the ear and, if there is one, the folder; the decoder's process ends with the block."""
    from singalike.embeddings.evaluation.bench import Bench
    from singalike.embeddings.evaluation.recordings import MeasuredFolder, read_measured
    from singalike.embeddings.evaluation.vector_cache import VectorCache
    from singalike.recsys.map import place_on_map
    from singalike.services import bootstrap
    from singalike.services.cli.progress import progress_bar

    folder = MeasuredFolder(Path(), ()) if data is None else read_measured(data)
    with bootstrap.build_decoder(settings) as decoder:
        yield Bench(
            folder=folder,
            encoder=bootstrap.load_encoder(settings),
            decode=decoder.decode,
            cache=VectorCache(cache),
            progress=progress_bar,
            say=_say,
            place=place_on_map if maps else None,
        )


def _peers(python: Path | None, encoders: tuple[str, ...], device: str) -> "Mapping[str, Peer]":
    from singalike.services.peer_encoders import open_encoders, open_peers

    return {**open_peers(python), **open_encoders(encoders, device)}


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
