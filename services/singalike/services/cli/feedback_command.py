"""`singalike feedback`: record, list, delete and import what listeners did."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from singalike.services.cli.catalogue_pages import gather, page_options, print_page
from singalike.services.cli.listener_store import check_id, opened_feedback, print_record, print_removal, read_time
from singalike.services.cli.options import data_dir_option, json_option
from singalike.services.cli.stopping import EXIT_INTERRUPTED, stop_signals
from singalike.services.listeners.listener_records import FEEDBACK_KINDS, PLAY

if TYPE_CHECKING:
    from singalike.services.listeners.feedback_import import ImportReport

EXIT_NOTHING_TAKEN = 1

COLUMNS = {
    "feedback_id": lambda event: event.feedback_id,
    "kind": lambda event: event.kind,
    "track": lambda event: event.track_id,
    "singer": lambda event: event.singer_id,
    "time": lambda event: event.time.isoformat(timespec="seconds"),
    "kept until": lambda event: event.expire_time and event.expire_time.date(),
}


@click.group()
def command() -> None:
    """Record, list, delete and import what listeners did; running servers heed it from the next request on."""


@command.command(name="record")
@click.argument("listener_id", metavar="LISTENER")
@click.argument("kind", metavar="KIND", type=click.Choice(FEEDBACK_KINDS))
@click.option("--track", "track_id", default="", metavar="ID", help="To this track.")
@click.option("--singer", "singer_id", default="", metavar="ID", help="To this singer: like, dislike and hide only.")
@click.option("--time", "time_text", default="", metavar="TIME", help="When, ISO 8601; default now.")
@click.option(
    "--keep-until",
    default="",
    metavar="TIME",
    help="When it is forgotten, ISO 8601; default after SINGALIKE_FEEDBACK_DAYS, hide never.",
)
@click.option("--exposure", "exposure_id", default="", metavar="ID", help="The list on which it was seen.")
@data_dir_option
@json_option
def record_feedback(
    listener_id: str,
    kind: str,
    track_id: str,
    singer_id: str,
    time_text: str,
    keep_until: str,
    exposure_id: str,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Store that LISTENER did KIND to a track or singer.

    KIND is play, finish, skip, like, dislike, sing, convert or hide.
    """
    from singalike.services.listeners.listener_feedback import feedback_from

    if bool(track_id) == bool(singer_id):
        raise click.UsageError("give one of --track and --singer")
    check_id("LISTENER", listener_id)
    times = read_time("--time", time_text), read_time("--keep-until", keep_until)
    with opened_feedback(data_dir) as (store, settings):
        event = feedback_from(kind, track_id, singer_id, *times, exposure_id, datetime.now(UTC), settings.feedback_days)
        (stored,) = store.record(listener_id, [event])
    line = f"recorded {stored.feedback_id}: {listener_id} {kind} {track_id or singer_id}"
    print_record(stored, line, as_json=as_json)


@command.command(name="list")
@click.argument("listener_id", metavar="LISTENER")
@page_options
@data_dir_option
@json_option
def list_feedback(
    listener_id: str, page_size: int, page_token: str, all_pages: bool, data_dir: Path | None, as_json: bool
) -> None:
    """List what LISTENER did, newest first."""
    with opened_feedback(data_dir) as (store, _):
        page = gather(
            lambda size, token: store.list_feedback(listener_id, size, token),
            page_size,
            page_token,
            all_pages=all_pages,
        )
    print_page(page, "feedback", COLUMNS, as_json=as_json)


@command.command(name="delete")
@click.argument("listener_id", metavar="LISTENER")
@click.argument("feedback_id")
@data_dir_option
@json_option
def delete_feedback(listener_id: str, feedback_id: str, data_dir: Path | None, as_json: bool) -> None:
    """Take one event of LISTENER back."""
    with opened_feedback(data_dir) as (store, _):
        store.delete_feedback(listener_id, feedback_id)
    print_removal(feedback_id, as_json=as_json)


@command.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--kind", type=click.Choice(FEEDBACK_KINDS), default=PLAY, show_default=True, help="Where a row does not say."
)
@data_dir_option
@json_option
def import_file(file: Path, kind: str, data_dir: Path | None, as_json: bool) -> int:
    """Take over a history.

    FILE is CSV, TSV, JSON Lines or Parquet with the columns user, item, time and, if known, kind. An item is a track's
    id or ISRC; a time is ISO 8601 or a number since 1970. What is there already is left alone, so an import that was
    stopped is resumed by starting it again. Events are kept for SINGALIKE_FEEDBACK_DAYS from today on.
    """
    report = _import(file, kind, data_dir)
    if as_json:
        click.echo(json.dumps(asdict(report), ensure_ascii=False))
    else:
        _print_report(report)
    if report.interrupted:
        return EXIT_INTERRUPTED
    return 0 if report.added or report.known else EXIT_NOTHING_TAKEN


def _import(file: Path, kind: str, data_dir: Path | None) -> "ImportReport":
    from singalike.services import bootstrap
    from singalike.services.cli.progress import progress_bar
    from singalike.services.listeners.feedback_import import ImportTools, import_feedback
    from singalike.services.listeners.interaction_file import count_rows, read_interactions

    with opened_feedback(data_dir) as (store, settings), stop_signals() as stop:
        catalogue = bootstrap.open_catalogue(settings)
        try:
            tools = ImportTools(catalogue, store, datetime.now(UTC), settings.feedback_days, kind)
            with progress_bar("importing", count_rows(file)) as advance:
                return import_feedback(read_interactions(file), tools, advance, stop)
        finally:
            catalogue.close()


def _print_report(report: "ImportReport") -> None:
    for example in report.examples:
        click.echo(f"left out: {example}", err=True)
    more = report.unknown_items + report.bad_rows - len(report.examples)
    if more > 0:
        click.echo(f"... and {more} more", err=True)
    click.echo(
        f"{report.added} added, {report.known} there already, {report.unknown_items} about nothing in the catalogue, "
        f"{report.bad_rows} bad rows" + (", stopped: start again to go on" if report.interrupted else "")
    )
