"""What the commands that list things share: pages, tables and removal."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from singalike.services.conversion_records import StoredConversion
from singalike.services.listeners.listener_records import Exclusion, Feedback
from singalike.services.records import Page, Singer, Track
from singalike.services.settings import Settings, read_settings

if TYPE_CHECKING:
    from singalike.services.adapters.sql_catalogue import SqlCatalogue

Item = TypeVar("Item", Singer, Track, Feedback, Exclusion, StoredConversion)
Command = TypeVar("Command", bound=Callable[..., object])
LARGEST_PAGE = 1000


def page_options(command: Command) -> Command:
    """Add `--page-size`, `--page-token` and `--all`."""
    options = (
        click.option("--page-size", type=click.IntRange(1, LARGEST_PAGE), default=50, show_default=True),
        click.option("--page-token", default="", help="Token that the page before ended with."),
        click.option("--all", "all_pages", is_flag=True, help="List all pages."),
    )
    for option in options:
        command = option(command)
    return command


@contextmanager
def opened_catalogue(data_dir: Path | None) -> Iterator[tuple["SqlCatalogue", Settings]]:
    """Open the catalogue of the settings, and close it in the end."""
    from singalike.services import bootstrap

    settings = read_settings(data_dir=data_dir)
    catalogue = bootstrap.open_catalogue(settings)
    try:
        yield catalogue, settings
    finally:
        catalogue.close()


def gather(fetch: Callable[[int, str], Page[Item]], page_size: int, page_token: str, *, all_pages: bool) -> Page[Item]:
    """Fetch one page, or all from there on as one."""
    page = fetch(LARGEST_PAGE if all_pages else page_size, page_token)
    items = list(page.items)
    while all_pages and page.next_page_token:
        page = fetch(LARGEST_PAGE, page.next_page_token)
        items += page.items
    return Page(tuple(items), page.next_page_token, page.total_size)


def print_page(page: Page[Item], kind: str, columns: Mapping[str, Callable[[Item], object]], *, as_json: bool) -> None:
    """Print a page as JSON or as a table."""
    if as_json:
        rows = [plain(asdict(item)) for item in page.items]
        fields = {kind: rows, "next_page_token": page.next_page_token, "total_size": page.total_size}
        click.echo(json.dumps(fields, ensure_ascii=False))
        return
    _print_table(columns, [[str(read(item) or "") for read in columns.values()] for item in page.items])
    click.echo(f"{len(page.items)} of {page.total_size} {kind}", err=True)
    if page.next_page_token:
        click.echo(f"more: --page-token {page.next_page_token}, or --all", err=True)


def finish_removal(
    removed_id: str, extent: str, catalogue: "SqlCatalogue", settings: Settings, *, as_json: bool
) -> None:
    """Erase from the index and the kept songs as well, and say what is gone."""
    from singalike.services import bootstrap
    from singalike.services.erasure import erase_from_index

    with closing(bootstrap.open_song_files(settings)) as song_files:
        bootstrap.build_kept_songs(settings, song_files).sweep()
    erased = erase_from_index(settings, catalogue)
    if as_json:
        click.echo(json.dumps({"removed": removed_id, "index_erased": erased}, ensure_ascii=False))
        return
    click.echo(
        f"removed {removed_id}{extent}" + ("" if erased else "; the owner of the index erases it there within a minute")
    )


def _print_table(columns: Mapping[str, object], rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    # Piped output is read by programs: never cut there to the width of a terminal that does not exist.
    width = None if console.is_terminal or "COLUMNS" in os.environ else 10_000
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(width=width, markup=False, highlight=False).print(table)


def plain(value: Any) -> Any:
    """Turn what JSON does not know, inside a record's fields, into text."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return value.isoformat() if isinstance(value, datetime) else value
