"""`singalike exclusions`: what a listener never wants to see."""

from datetime import UTC, datetime
from pathlib import Path

import click

from singalike.services.cli.catalogue_pages import gather, page_options, print_page
from singalike.services.cli.listener_store import check_id, opened_feedback, print_record, print_removal
from singalike.services.cli.options import data_dir_option, json_option
from singalike.services.listeners.listener_records import Exclusion

COLUMNS = {
    "exclusion_id": lambda exclusion: exclusion.exclusion_id,
    "kind": lambda exclusion: exclusion.kind,
    "value": lambda exclusion: exclusion.value,
    "since": lambda exclusion: exclusion.create_time.isoformat(timespec="seconds"),
}


@click.group()
def command() -> None:
    """Keep, list and take back what a listener never wants to see; heeded from the next request on."""


@command.command(name="add")
@click.argument("listener_id", metavar="LISTENER")
@click.option("--singer", metavar="ID", help="A singer.")
@click.option("--track", metavar="ID", help="A track.")
@click.option("--genre", help="A genre, as the catalogue's owner wrote it.")
@click.option("--language", help="A language.")
@click.option("--unlike-singer", metavar="ID", help="A singer and every voice like it.")
@data_dir_option
@json_option
def add_exclusion(listener_id: str, data_dir: Path | None, as_json: bool, **given: str | None) -> None:
    """Never suggest something to LISTENER again."""
    chosen = {kind: value for kind, value in given.items() if value is not None}
    if len(chosen) != 1:
        raise click.UsageError("give one of --singer, --track, --genre, --language and --unlike-singer")
    ((kind, value),) = chosen.items()
    check_id("LISTENER", listener_id)
    exclusion = Exclusion("", kind, check_id(f"--{kind.replace('_', '-')}", value), datetime.now(UTC))
    with opened_feedback(data_dir) as (store, _):
        stored = store.add_exclusion(listener_id, exclusion)
    line = f"excluded for {listener_id}: {kind.replace('_', ' ')} {value} ({stored.exclusion_id})"
    print_record(stored, line, as_json=as_json)


@command.command(name="list")
@click.argument("listener_id", metavar="LISTENER")
@page_options
@data_dir_option
@json_option
def list_exclusions(
    listener_id: str, page_size: int, page_token: str, all_pages: bool, data_dir: Path | None, as_json: bool
) -> None:
    """List what LISTENER never wants to see."""
    with opened_feedback(data_dir) as (store, _):
        page = gather(
            lambda size, token: store.list_exclusions(listener_id, size, token),
            page_size,
            page_token,
            all_pages=all_pages,
        )
    print_page(page, "exclusions", COLUMNS, as_json=as_json)


@command.command(name="remove")
@click.argument("listener_id", metavar="LISTENER")
@click.argument("exclusion_id")
@data_dir_option
@json_option
def remove_exclusion(listener_id: str, exclusion_id: str, data_dir: Path | None, as_json: bool) -> None:
    """Take an exclusion of LISTENER back."""
    with opened_feedback(data_dir) as (store, _):
        store.remove_exclusion(listener_id, exclusion_id)
    print_removal(exclusion_id, as_json=as_json)
