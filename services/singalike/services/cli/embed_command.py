"""`singalike embed`: recordings in, one archive of vectors out."""

import json
from pathlib import Path

import click

from singalike.services.cli.options import json_option
from singalike.services.settings import read_settings


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--manifest",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV with a column `path` or `audio` (relative to the CSV's folder) and, if wanted, `channel`.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Archive to write (.npz).")
@click.option("--channel", type=click.Choice(["mix", "left", "right"]), default="mix", show_default=True)
@click.option("--mixture", is_flag=True, help="The recordings hold accompaniment: separate the vocals first.")
@click.option("--batch-size", type=click.IntRange(1, 512), default=8, show_default=True, help="Recordings at once.")
@click.option("--device", default=None, help="Torch device: auto, cpu, cuda.")
@json_option
def command(
    paths: tuple[Path, ...],
    manifest: Path | None,
    out: Path,
    channel: str,
    mixture: bool,
    batch_size: int,
    device: str | None,
    as_json: bool,
) -> int:
    """Turn recordings (files, folders or a manifest) into vectors.

    The archive holds `path`, `timbre`, `style`, `melody` (n, dim), `female_probability` (n,), `voice_gender` (n,):
    female, male or undecided, `tessitura_midi` (n, 2): the 10th and 90th percentile of the voiced pitch, and `voiced_s`
    (n,): under 5 seconds of voiced singing the tessitura is NaN. Recordings that are refused are left out and reported.
    """
    from singalike.services.cli.progress import progress_bar
    from singalike.services.embed import embed_recordings, list_recordings, read_recordings, write_archive

    recordings = list_recordings(paths, channel) + (read_recordings(manifest, channel) if manifest else [])
    if not recordings:
        found = "no recordings there" if paths or manifest else "nothing named"
        raise click.UsageError(f"{found}: name recordings, folders that hold some, or a --manifest with rows")
    settings = read_settings(device=device)
    with progress_bar("embedding", len(recordings)) as advance:
        outcome = embed_recordings(recordings, settings, batch_size=batch_size, mixture=mixture, advance=advance)
    if outcome.profiles:
        write_archive(out, outcome)
    _report(out, outcome.embedded, outcome.refused, as_json=as_json)
    return 0 if outcome.profiles else 1


def _report(out: Path, embedded: int, refused: tuple[tuple[str, str, str], ...], *, as_json: bool) -> None:
    if as_json:
        rows = [{"path": path, "reason": reason, "message": message} for path, reason, message in refused]
        click.echo(json.dumps({"out": str(out), "embedded": embedded, "refused": rows}, ensure_ascii=False))
        return
    for path, reason, message in refused:
        click.echo(f"refused {path}: {message} [{reason}]", err=True)
    click.echo(f"{embedded} embedded, {len(refused)} refused" + (f": {out}" if embedded else ""), err=True)
