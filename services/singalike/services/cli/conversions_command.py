"""`singalike conversions`: look at songs that are sung in somebody's voice, stop them, erase them, save them."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from singalike.services.cli.catalogue_pages import gather, page_options, plain, print_page
from singalike.services.cli.listener_store import print_removal
from singalike.services.cli.options import data_dir_option, json_option
from singalike.services.conversion_records import (
    ConversionFilter,
    ConversionNews,
    ConversionState,
    StoredConversion,
)
from singalike.services.settings import Settings, read_settings

if TYPE_CHECKING:
    from singalike.services.adapters.sql_conversions import SqlConversions
    from singalike.services.conversion.conversions import Conversions

Command = TypeVar("Command", bound=Callable[..., object])

LOOK_INTERVAL_S = 0.5

COLUMNS: dict[str, Callable[[StoredConversion], object]] = {
    "conversion_id": lambda one: one.conversion_id,
    "state": lambda one: one.state.value,
    "done": lambda one: f"{one.progress.share:.0%}",
    "voice_id": lambda one: one.order.voice_id,
    "track_id": lambda one: one.order.track_id,
    "engine": lambda one: one.order.engine,
    "created": lambda one: f"{one.create_time:%Y-%m-%d %H:%M}",
    "kept until": lambda one: one.expire_time and f"{one.expire_time:%Y-%m-%d %H:%M}",
    "why not": lambda one: one.fault and one.fault.reason,
}


def _conversion_argument(command: Command) -> Command:
    return click.argument("conversion_id", metavar="CONVERSION")(command)


@click.group()
def command() -> None:
    """List, watch, stop, erase and save songs that are sung in somebody's voice.

    `singalike convert` and the conversion service begin them.
    """


@command.command(name="list")
@click.option("--voice", "voice_id", default="", metavar="ID", help="Only with this voice.")
@click.option("--state", type=click.Choice([state.value for state in ConversionState]), help="Only in this state.")
@click.option("--tenant", default="", help="Only of this application; default: of all.")
@page_options
@data_dir_option
@json_option
def list_conversions(
    voice_id: str,
    state: str | None,
    tenant: str,
    page_size: int,
    page_token: str,
    all_pages: bool,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """List conversions, newest first."""
    where = ConversionFilter(voice_id, ConversionState(state) if state else None, tenant)
    with _opened_store(data_dir) as (store, _):
        page = gather(
            lambda size, token: store.list_conversions(size, token, where), page_size, page_token, all_pages=all_pages
        )
    print_page(page, "conversions", COLUMNS, as_json=as_json)


@command.command()
@_conversion_argument
@data_dir_option
@json_option
def show(conversion_id: str, data_dir: Path | None, as_json: bool) -> None:
    """Say where CONVERSION stands."""
    with _opened_store(data_dir) as (store, _):
        conversion = store.get_conversion(conversion_id)
    _print(conversion, as_json=as_json)


@command.command()
@_conversion_argument
@click.option("--after", type=click.IntRange(0), default=0, help="Number of the last news that was seen.")
@data_dir_option
@json_option
def watch(conversion_id: str, after: int, data_dir: Path | None, as_json: bool) -> None:
    """Tell what happens to CONVERSION until its end; exit status 1 when it ends without a song."""
    from singalike.services.conversion.news import follow

    with _opened_store(data_dir) as (store, _):
        for news in follow(store, conversion_id, lambda: time.sleep(LOOK_INTERVAL_S), after):
            click.echo(json.dumps(plain(asdict(news)), ensure_ascii=False) if as_json else _news_line(news))
        state = store.get_conversion(conversion_id).state
    sys.exit(0 if state is ConversionState.SUCCEEDED else 1)


@command.command()
@_conversion_argument
@data_dir_option
@json_option
def cancel(conversion_id: str, data_dir: Path | None, as_json: bool) -> None:
    """Stop CONVERSION; whoever works on it lets go within seconds."""
    with _opened_conversions(data_dir) as conversions:
        conversion = conversions.cancel("", conversion_id)
    _print(conversion, as_json=as_json)


@command.command()
@_conversion_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_dir_option
@json_option
def delete(conversion_id: str, yes: bool, data_dir: Path | None, as_json: bool) -> None:
    """Erase CONVERSION and its song, whatever its state."""
    with _opened_conversions(data_dir) as conversions:
        conversion = conversions.get("", conversion_id)
        if not yes:
            click.confirm(f"Erase {conversion_id} ({conversion.state.value}) and its song?", abort=True, err=True)
        conversions.delete("", conversion_id)
    print_removal(conversion_id, as_json=as_json)


@command.command()
@_conversion_argument
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Where the song goes.")
@data_dir_option
@json_option
def save(conversion_id: str, out: Path, data_dir: Path | None, as_json: bool) -> None:
    """Copy the finished song of CONVERSION."""
    from singalike.client.downloads import SongFile
    from singalike.services import bootstrap
    from singalike.services.conversion.download import Downloads

    with _opened_store(data_dir) as (store, settings):
        downloads = Downloads(store, bootstrap.open_conversion_folder(settings))
        with downloads.open("", conversion_id) as opened, SongFile(out) as file:
            while chunk := opened.read():
                file.write(chunk)
            file.finish(opened.song.sha256)
    said = {"saved": str(out), **asdict(opened.song)}
    line = f"saved {out}: {opened.song.duration_s:.0f} s, sung by {opened.song.engine}"
    click.echo(json.dumps(said, ensure_ascii=False) if as_json else line)


@contextmanager
def _opened_store(data_dir: Path | None) -> Iterator[tuple["SqlConversions", Settings]]:
    from singalike.services import bootstrap

    settings = read_settings(data_dir=data_dir)
    store = bootstrap.open_conversions(settings)
    try:
        yield store, settings
    finally:
        store.close()


@contextmanager
def _opened_conversions(data_dir: Path | None) -> Iterator["Conversions"]:
    """Open the use cases, with jobs and files: what is stopped or erased here is so everywhere."""
    from singalike.services import bootstrap
    from singalike.services.conversion.conversions import Conversions, Leftovers

    with ExitStack() as closing:
        parts = bootstrap.open_conversion_parts(read_settings(data_dir=data_dir), closing)
        yield Conversions(parts.conversions, Leftovers(parts.jobs, parts.folder))


def _print(conversion: StoredConversion, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(plain(asdict(conversion)), ensure_ascii=False))
        return
    order, progress = conversion.order, conversion.progress
    how_far = "" if conversion.state.is_final else f", {progress.stage}, {progress.share:.0%} done"
    click.echo(f"{conversion.conversion_id}  {conversion.state.value}{how_far}")
    click.echo(f"  song {order.track_id or order.content_sha256[:20]} in voice {order.voice_id}, engine {order.engine}")
    click.echo(f"  asked for {conversion.create_time:%Y-%m-%d %H:%M:%S} UTC, by {conversion.tenant}")
    if conversion.fault is not None:
        click.echo(f"  no song: {conversion.fault.message} [{conversion.fault.reason}]")
    if conversion.song is not None:
        song = conversion.song
        click.echo(f"  {song.duration_s:.0f} s, {song.size_bytes / 2**20:.1f} MiB, SHA-256 {song.sha256}")
        click.echo(f"  singalike conversions save {conversion.conversion_id} --out song.{order.sound_format.value}")
    if conversion.expire_time is not None:
        click.echo(f"  erased {conversion.expire_time:%Y-%m-%d %H:%M} UTC")


def _news_line(news: ConversionNews) -> str:
    left_s = None if news.state.is_final else news.progress.time_left_s
    left = "" if left_s is None else f", about {left_s:.0f} s left"
    why = "" if news.fault is None else f": {news.fault.message} [{news.fault.reason}]"
    return f"{news.sequence:4}  {news.state.value:9}  {news.progress.stage:10} {news.progress.share:4.0%}{left}{why}"
