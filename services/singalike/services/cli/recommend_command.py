"""`singalike recommend`: a recording of a voice in, singers and songs out."""

import json
from pathlib import Path

import click

from singalike.services.cli.options import data_dir_option, json_option
from singalike.services.settings import read_settings


@click.command()
@click.argument("voice", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--k", type=click.IntRange(1, 100), default=10, show_default=True, help="Singers and songs to suggest.")
@click.option(
    "--timbre-style",
    type=click.FloatRange(0.0, 1.0),
    default=0.5,
    show_default=True,
    help="Dial: 0 listens to timbre alone, 1 to style alone.",
)
@click.option("--exclude-singer", "excluded", multiple=True, metavar="ID", help="Never this singer; repeatable.")
@click.option("--channel", type=click.Choice(["mix", "left", "right"]), default="mix", show_default=True)
@click.option("--mixture", is_flag=True, help="The recording holds accompaniment: separate the vocals first.")
@click.option("--device", default=None, help="Torch device: auto, cpu, cuda.")
@data_dir_option
@json_option
def command(
    voice: Path,
    k: int,
    timbre_style: float,
    excluded: tuple[str, ...],
    channel: str,
    mixture: bool,
    device: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Find the singers who sound like VOICE, and songs that fit it.

    VOICE is a recording of one person singing. Every suggestion says what its score is made of and which moments sound
    alike; every song says in which key to sing it.
    """
    from singalike.services import bootstrap
    from singalike.services.listen import listen_to_file
    from singalike.services.local_recommender import local_recommender
    from singalike.services.recommend import RecommendOptions

    options = RecommendOptions(k=k, timbre_style=timbre_style, excluded_singer_ids=frozenset(excluded))
    settings = read_settings(data_dir=data_dir, device=device)
    ear = bootstrap.load_encoder(settings)
    with local_recommender(settings, ear, lambda note: click.echo(f"note: {note}", err=True)) as recommender:
        recommender.check_ready()
        profile = listen_to_file(voice, settings, ear, channel=channel, mixture=mixture)
        suggestions = recommender.recommend(profile, options)
        titles = {track.track_id: track.title for track in recommender.view().tracks}
    if as_json:
        from singalike.services.cli.suggestions_json import suggestions_to_json

        click.echo(json.dumps(suggestions_to_json(suggestions), ensure_ascii=False, allow_nan=False))
        return
    from rich.console import Console

    from singalike.services.cli.suggestions_table import print_suggestions

    print_suggestions(suggestions, titles, Console())
