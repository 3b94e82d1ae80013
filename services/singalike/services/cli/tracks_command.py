"""`singalike tracks`: list and remove tracks."""

from pathlib import Path

import click

from singalike.services.cli.catalogue_pages import finish_removal, gather, opened_catalogue, page_options, print_page
from singalike.services.cli.options import data_dir_option, json_option
from singalike.services.ports import TrackFilter
from singalike.services.records import Track

COLUMNS = {
    "track_id": lambda track: track.track_id,
    "singer": lambda track: track.info.singer,
    "title": lambda track: track.info.title,
    "genre": lambda track: track.info.genre,
    "language": lambda track: track.info.language,
    "seconds": lambda track: round(track.duration_s),
    "separator": lambda track: track.separator,
}


@click.group()
def command() -> None:
    """List and remove tracks."""


@command.command(name="list")
@click.option("--singer", "singer_id", default="", metavar="ID", help="Only tracks of this singer.")
@click.option("--genre", default="", help="Only tracks of this genre.")
@click.option("--language", default="", help="Only tracks in this language.")
@click.option("--title", "title_contains", default="", help="Only tracks whose title contains this.")
@page_options
@data_dir_option
@json_option
def list_tracks(
    singer_id: str,
    genre: str,
    language: str,
    title_contains: str,
    page_size: int,
    page_token: str,
    all_pages: bool,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """List the tracks of the catalogue by id."""
    where = TrackFilter(singer_id=singer_id, genre=genre, language=language, title_contains=title_contains)
    with opened_catalogue(data_dir) as (catalogue, _):
        page = gather(
            lambda size, token: catalogue.list_tracks(size, token, where), page_size, page_token, all_pages=all_pages
        )
    print_page(page, "tracks", COLUMNS, as_json=as_json)


@command.command(name="remove")
@click.argument("track_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_dir_option
@json_option
def remove_track(track_id: str, yes: bool, data_dir: Path | None, as_json: bool) -> None:
    """Erase a track, from the catalogue and the index; a singer goes with the last track."""
    with opened_catalogue(data_dir) as (catalogue, settings):
        track: Track = catalogue.get_track(track_id).track
        if not yes:
            click.confirm(f"Erase {track.info.title!r} of {track.info.singer}?", abort=True, err=True)
        catalogue.remove_track(track_id)
        finish_removal(track_id, "", catalogue, settings, as_json=as_json)
