"""`singalike recommend`: a recording of a voice in, singers and songs out."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from singalike.services.cli.options import data_dir_option, json_option, recording_options
from singalike.services.cli.suggestion_options import options_from, suggestion_options
from singalike.services.settings import read_settings

if TYPE_CHECKING:
    from singalike.embeddings.profile import VoiceProfile
    from singalike.recsys.suggestions import Suggestions
    from singalike.services.recommender.recommend import Recommender, RecommendOptions


@click.command()
@click.argument("voice", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@suggestion_options
@click.option("--only", type=click.Choice(["singers", "songs"]), default=None, help="Suggest one of them; has pages.")
@click.option("--page-token", default="", help="The next page, as the page before names it; needs --only.")
@recording_options
@data_dir_option
@json_option
def command(
    voice: Path | None,
    only: str | None,
    page_token: str,
    channel: str,
    mixture: bool,
    device: str | None,
    data_dir: Path | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Find the singers who sound like VOICE, and songs that fit it.

    VOICE is a recording of one person singing; a --seed or a --listener may stand for it. Every suggestion says what
    its score is made of and which moments sound alike; every song says in which key to sing it.
    """
    from singalike.services import bootstrap
    from singalike.services.listen import listen_to_file
    from singalike.services.recommender.local_recommender import local_recommender

    if page_token and only is None:
        raise click.UsageError("--page-token needs --only singers or --only songs")
    options = options_from(given)
    settings = read_settings(data_dir=data_dir, device=device)
    ear = bootstrap.load_encoder(settings)
    with local_recommender(settings, ear, lambda note: click.echo(f"note: {note}", err=True)) as recommender:
        recommender.check_ready()
        profile = listen_to_file(voice, settings, ear, channel=channel, mixture=mixture) if voice else None
        suggestions = _suggest(recommender, profile, options, only, page_token)
        titles = {track.track_id: track.title for track in recommender.view().tracks}
    if as_json:
        from singalike.services.cli.suggestions_json import suggestions_to_json

        click.echo(json.dumps(suggestions_to_json(suggestions), ensure_ascii=False, allow_nan=False))
        return
    from rich.console import Console

    from singalike.services.cli.suggestions_table import print_suggestions

    print_suggestions(suggestions, titles, Console())
    if suggestions.abstention:
        click.echo("--even-if-unsure names singers and songs all the same")


def _suggest(
    recommender: "Recommender",
    profile: "VoiceProfile | None",
    options: "RecommendOptions",
    only: str | None,
    page_token: str,
) -> "Suggestions":
    if only == "singers":
        return recommender.recommend_singers(profile, options, page_token)
    if only == "songs":
        return recommender.recommend_songs(profile, options, page_token)
    return recommender.recommend(profile, options)
