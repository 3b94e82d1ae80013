"""`singalike identify`: a recording of a voice in, the probability of each singer out."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from singalike.services.cli.options import data_dir_option, json_option, recording_options
from singalike.services.settings import read_settings

if TYPE_CHECKING:
    from singalike.recsys.identification import Identification


@click.command()
@click.argument("voice", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--k", type=click.IntRange(1, 100), default=5, show_default=True, help="Singers to name.")
@click.option(
    "--prior-of-none",
    type=click.FloatRange(0.0, 1.0),
    default=0.5,
    show_default=True,
    help="How likely it is, before listening, that it is nobody in the catalogue; 0 rules that out.",
)
@recording_options
@data_dir_option
@json_option
def command(
    voice: Path,
    k: int,
    prior_of_none: float,
    channel: str,
    mixture: bool,
    device: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Say with what probability VOICE is each singer's, or nobody's in the catalogue.

    VOICE is a recording of one person singing. The probabilities are calibrated on the catalogue's own tracks, for
    which it needs singers with two tracks or more.
    """
    from singalike.services import bootstrap
    from singalike.services.listen import listen_to_file
    from singalike.services.recommender.identify import IdentifyOptions, SingerIdentifier
    from singalike.services.view_keeper import ViewKeeper

    settings = read_settings(data_dir=data_dir, device=device)
    ear = bootstrap.load_encoder(settings)
    catalogue = bootstrap.open_catalogue(settings)
    try:
        views = ViewKeeper(catalogue, ear.model_version)
        views.check_ready()
        profile = listen_to_file(voice, settings, ear, channel=channel, mixture=mixture)
        found = SingerIdentifier(views, ear.model_version).identify(profile, IdentifyOptions(k, prior_of_none))
    finally:
        catalogue.close()
    if as_json:
        click.echo(_to_json(found))
    else:
        _print(found)


def _to_json(found: "Identification") -> str:
    return json.dumps(
        {
            "singers": [asdict(singer) for singer in found.singers],
            "probability_of_none": found.probability_of_none,
            "named_probability": found.named_probability,
            "entropy_nats": found.entropy_nats,
            "singer_count": found.singer_count,
            "catalogue_revision": found.catalogue_revision,
            "notes": list(found.notes),
        },
        ensure_ascii=False,
        allow_nan=False,
    )


def _print(found: "Identification") -> None:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    console = Console()
    table = Table("#", Column("singer", overflow="fold"), "probability")
    for place, singer in enumerate(found.singers, start=1):
        table.add_row(str(place), Text(singer.name), f"{singer.probability:.3f}")
    others = 1.0 - found.named_probability - found.probability_of_none
    table.add_row("", Text("any other singer", style="dim"), f"{max(others, 0.0):.3f}")
    table.add_row("", Text("nobody in the catalogue", style="dim"), f"{found.probability_of_none:.3f}")
    console.print(table)
    console.print(f"{found.singer_count} singers compared, catalogue revision {found.catalogue_revision}")
    for note in found.notes:
        console.print(Text(f"note: {note}", style="yellow"))
