"""`singalike singers`: list and remove singers."""

from pathlib import Path

import click

from singalike.services.cli.catalogue_pages import finish_removal, gather, opened_catalogue, page_options, print_page
from singalike.services.cli.options import data_dir_option, json_option
from singalike.services.records import Singer

COLUMNS = {
    "singer_id": lambda singer: singer.singer_id,
    "name": lambda singer: singer.name,
    "gender": lambda singer: singer.voice_gender,
    "tracks": lambda singer: singer.track_count,
}


@click.group()
def command() -> None:
    """List and remove singers."""


@command.command(name="list")
@click.option("--name", "name_contains", default="", help="Only singers whose name contains this.")
@page_options
@data_dir_option
@json_option
def list_singers(
    name_contains: str, page_size: int, page_token: str, all_pages: bool, data_dir: Path | None, as_json: bool
) -> None:
    """List the singers of the catalogue by id."""
    with opened_catalogue(data_dir) as (catalogue, _):
        page = gather(
            lambda size, token: catalogue.list_singers(size, token, name_contains),
            page_size,
            page_token,
            all_pages=all_pages,
        )
    print_page(page, "singers", COLUMNS, as_json=as_json)


@command.command(name="remove")
@click.argument("singer_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_dir_option
@json_option
def remove_singer(singer_id: str, yes: bool, data_dir: Path | None, as_json: bool) -> None:
    """Erase a singer with all tracks, from the catalogue and the index."""
    with opened_catalogue(data_dir) as (catalogue, settings):
        singer: Singer = catalogue.get_singer(singer_id)
        if not yes:
            click.confirm(f"Erase {singer.name} with {singer.track_count} tracks?", abort=True, err=True)
        count = catalogue.remove_singer(singer_id)
        finish_removal(singer_id, f" with {count} tracks", catalogue, settings, as_json=as_json)
