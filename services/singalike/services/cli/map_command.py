"""`singalike map`: the singers of the catalogue as a picture, a page or a table."""

import json
from pathlib import Path

import click

from singalike.services.cli.options import data_dir_option, json_option
from singalike.services.settings import read_settings


@click.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="File to write: .html, .png, .parquet.",
)
@click.option("--colour", type=click.Choice(["gender", "genre", "range"]), default="gender", show_default=True)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Of the layout.")
@data_dir_option
@json_option
def command(out: Path, colour: str, seed: int, data_dir: Path | None, as_json: bool) -> None:
    """Draw the singers of the catalogue on a map: near means alike in timbre.

    Printed are the trustworthiness (share of true neighbours kept, 1 is best) and the silhouette of the colours (1 well
    parted, 0 mixed).
    """
    from singalike.services import bootstrap
    from singalike.services.recommender.map_files import check_map_path, write_map
    from singalike.services.recommender.singer_map import check_colour, lay_out, map_singers
    from singalike.services.view_keeper import ViewKeeper

    check_map_path(out)
    settings = read_settings(data_dir=data_dir)
    catalogue = bootstrap.open_catalogue(settings)
    try:
        view = ViewKeeper(catalogue, bootstrap.ear_version(settings)).refresh()
    finally:
        catalogue.close()
    check_colour(colour)
    singer_map = map_singers(view, colour, lay_out(view, seed))
    write_map(singer_map, out)
    facts = {
        "out": str(out),
        "singers": len(singer_map.points),
        "colour": colour,
        "trustworthiness": singer_map.trustworthiness,
        "silhouette": singer_map.silhouette,
    }
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False, allow_nan=False))
        return
    parted = "not defined" if singer_map.silhouette is None else f"{singer_map.silhouette:.3f}"
    click.echo(f"{len(singer_map.points)} singers: {out}")
    click.echo(f"trustworthiness {singer_map.trustworthiness:.3f}, silhouette by {colour} {parted}")
