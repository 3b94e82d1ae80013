"""`singalike ingest`: recordings into the catalogue."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from singalike.errors import InvalidInputError
from singalike.services.cli.options import data_dir_option, json_option
from singalike.services.cli.stopping import EXIT_INTERRUPTED, stop_signals
from singalike.services.settings import Settings, read_settings

if TYPE_CHECKING:
    from singalike.services.manifest import Manifest
    from singalike.services.ports import IngestReport

EXIT_NOTHING_TAKEN = 1
SHOWN_REFUSALS = 20


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--separator",
    type=click.Choice(["auto", "identity", "repet-sim", "unet", "htdemucs"]),
    default=None,
    help="How vocals are taken out; default SINGALIKE_SEPARATOR, else auto.",
)
@click.option("--a-cappella", is_flag=True, help="The recordings are voices alone: the same as --separator identity.")
@click.option("--again", is_flag=True, help="Take in also what is there already, with another separator or channel.")
@click.option("--device", default=None, help="Torch device: auto, cpu, cuda.")
@data_dir_option
@json_option
def command(
    source: Path,
    separator: str | None,
    a_cappella: bool,
    again: bool,
    device: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> int:
    """Take recordings into the catalogue.

    SOURCE is a folder laid out as FOLDER/SINGER/title.ext (tags of the files win), or a manifest: CSV, JSON Lines or
    Parquet with the columns audio, singer, title and, if known, genre, language, gender, isrc, channel. What is there
    already is skipped, so an ingest that was stopped is resumed by starting it again.
    """
    from singalike.services.adapters.tag_reader import read_tags
    from singalike.services.manifest import read_manifest

    settings = read_settings(data_dir=data_dir, device=device, separator="identity" if a_cappella else separator)
    manifest = read_manifest(source, read_tags)
    if not manifest.items and not manifest.refused:
        raise InvalidInputError(
            "NO_RECORDINGS", f"{source} holds no recordings: name a folder with a folder a singer, or a manifest"
        )
    report = _ingest(manifest, settings, again=again)
    report = replace(report, refused=manifest.refused + report.refused)
    _print_report(report, as_json=as_json)
    if report.interrupted:
        return EXIT_INTERRUPTED
    return 0 if report.added or report.updated or report.unchanged else EXIT_NOTHING_TAKEN


def _ingest(manifest: "Manifest", settings: Settings, *, again: bool) -> "IngestReport":
    from singalike.services import bootstrap
    from singalike.services.cli.progress import progress_bar
    from singalike.services.ingest import IngestTools, ingest
    from singalike.services.ports import IngestReport

    if not manifest.items:
        return IngestReport()
    catalogue, song_files = bootstrap.open_catalogue(settings), bootstrap.open_song_files(settings)
    try:
        with bootstrap.build_decoder(settings) as decoder, stop_signals() as stop:
            tools = IngestTools(
                catalogue=catalogue,
                decoder=decoder,
                separator=bootstrap.build_separator(settings),
                encoder=bootstrap.load_encoder(settings),
                workers=max(1, settings.decoder_processes // 2),
                max_bytes=settings.max_upload_mb * 2**20,
                again=again,
                song_files=song_files,
            )
            with progress_bar("ingesting", len(manifest.items)) as advance:
                return ingest(manifest.items, tools, lambda _path, _share: advance(), len(manifest.items), stop)
    finally:
        song_files.close()
        catalogue.close()


def _print_report(report: "IngestReport", *, as_json: bool) -> None:
    if as_json:
        rows = [{"path": path, "reason": reason, "message": message} for path, reason, message in report.refused]
        click.echo(json.dumps({**asdict(report), "refused": rows}, ensure_ascii=False))
        return
    for path, reason, message in report.refused[:SHOWN_REFUSALS]:
        click.echo(f"refused {path}: {message} [{reason}]", err=True)
    if len(report.refused) > SHOWN_REFUSALS:
        click.echo(f"... and {len(report.refused) - SHOWN_REFUSALS} more; --json lists all", err=True)
    click.echo(
        f"{len(report.added)} added, {len(report.updated)} updated, {len(report.unchanged)} unchanged, "
        f"{len(report.refused)} refused" + (", stopped: start again to go on" if report.interrupted else "")
    )
