"""`singalike why`: a voice and a singer in, the reasons for and against out."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from singalike.errors import NotFoundError
from singalike.services.cli.options import data_dir_option, json_option, recording_options
from singalike.services.cli.suggestion_options import options_from, suggestion_options
from singalike.services.settings import read_settings

if TYPE_CHECKING:
    from singalike.recsys.catalogue_view import CatalogueView
    from singalike.recsys.suggestions import SingerExplanation

MOST_PROPOSED = 3
"""Singers proposed where nobody has the name that was given."""


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[VOICE] SINGER")
@suggestion_options
@recording_options
@data_dir_option
@json_option
def command(
    words: tuple[str, ...],
    channel: str,
    mixture: bool,
    device: str | None,
    data_dir: Path | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Say why SINGER is, or is not, suggested for VOICE.

    VOICE is a recording of one person singing, for which a --seed or a --listener may stand; SINGER is an id or a name
    of the catalogue. The options are those of `singalike recommend`, of whose list of singers the question is.
    """
    from singalike.services import bootstrap
    from singalike.services.listen import listen_to_file
    from singalike.services.recommender.local_recommender import local_recommender

    voice, singer = _voice_and_singer(words)
    options = options_from(given)
    settings = read_settings(data_dir=data_dir, device=device)
    ear = bootstrap.load_encoder(settings)
    with local_recommender(settings, ear, lambda note: click.echo(f"note: {note}", err=True)) as recommender:
        singer_id = find_singer(recommender.check_ready(), singer)
        profile = listen_to_file(voice, settings, ear, channel=channel, mixture=mixture) if voice else None
        found = recommender.explain_singer(profile, singer_id, options)
    if as_json:
        from singalike.services.cli.suggestions_json import explanation_to_json

        click.echo(json.dumps(explanation_to_json(found), ensure_ascii=False, allow_nan=False))
        return
    _print(found)


def _voice_and_singer(words: tuple[str, ...]) -> tuple[Path | None, str]:
    """Tell the recording, which may be left out, from the singer."""
    *voices, singer = words
    if len(voices) > 1:
        raise click.UsageError("give one VOICE and one SINGER: put a name of several words into quotes")
    kind = click.Path(exists=True, dir_okay=False, path_type=Path)
    return (kind.convert(voices[0], None, None), singer) if voices else (None, singer)


def find_singer(view: "CatalogueView", singer: str) -> str:
    """Return the id of a singer, given as id or as the name of one singer, whatever its case.

    Raises:
        NotFoundError: SINGER_NOT_FOUND, none or several.
    """
    if singer in view.singer_rows:
        return singer
    named = [each.singer_id for each in view.singers if each.name.casefold() == singer.casefold()]
    if len(named) == 1:
        return named[0]
    several = f"{len(named)} singers are named {singer!r}" if named else f"no singer {singer!r}"
    like = [each.singer_id for each in view.singers if singer.casefold() in each.name.casefold()][:MOST_PROPOSED]
    ids = f", for instance {', '.join(like)}" if like else ""
    raise NotFoundError("SINGER_NOT_FOUND", f"{several}: take an id of singalike singers list{ids}")


def _print(found: "SingerExplanation") -> None:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    from singalike.services.cli.song_table import UNKNOWN

    console = Console()
    console.print(Text(found.explanation))
    gaps = {gap.signal: f"{gap.difference:+.3f}" for gap in found.gaps}
    against = Column("against the last suggested", max_width=len("suggested"))
    table = Table("signal", "counts", against, Column("what was found", overflow="fold"))
    for part in found.singer.evidence:
        word = part.signal.replace("_", " ")
        counts = UNKNOWN if part.value is None else f"{part.contribution:.3f}"
        table.add_row(word, counts, gaps.get(part.signal, ""), Text(part.text))
    console.print(table)
