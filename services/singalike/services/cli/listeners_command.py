"""`singalike listeners`: erase what is kept of them."""

from pathlib import Path

import click

from singalike.services.cli.listener_store import opened_feedback, print_removal
from singalike.services.cli.options import data_dir_option, json_option


@click.group()
def command() -> None:
    """Erase everything that is kept of a listener."""


@command.command(name="erase")
@click.argument("listener_id", metavar="LISTENER")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_dir_option
@json_option
def erase_listener(listener_id: str, yes: bool, data_dir: Path | None, as_json: bool) -> None:
    """Erase events, exclusions and exposures of LISTENER, from every file; an unknown one is erased already."""
    with opened_feedback(data_dir) as (store, _):
        if not yes:
            count = store.list_feedback(listener_id, page_size=1).total_size
            click.confirm(f"Erase {listener_id} with {count} events?", abort=True, err=True)
        store.erase_listener(listener_id)
    print_removal(listener_id, as_json=as_json)
