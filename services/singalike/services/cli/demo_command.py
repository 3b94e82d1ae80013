"""`singalike demo`: the whole path in one go, on singers who never lived."""

import re
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import click

_WIDTH = 144
"""Columns where no terminal says."""


@click.command()
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Keep recordings and catalogue here; default: a temporary folder.",
)
@click.option("--keep", is_flag=True, help="Leave the services up until Ctrl-C.")
@click.option(
    "--record", type=click.Path(dir_okay=False, path_type=Path), default=None, help="Save what is printed as SVG."
)
@click.option(
    "--song",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path(".demo") / "your-song.ogg",
    show_default=True,
    help="Where the converted song goes.",
)
@click.option("--singers", type=click.IntRange(2, 100), default=24, show_default=True)
@click.option("--songs", type=click.IntRange(1, 50), default=4, show_default=True, help="Songs of each singer.")
@click.option("--seconds", type=click.FloatRange(6.0, 120.0), default=25.0, show_default=True, help="Of each song.")
@click.option("--voices", type=click.IntRange(1, 100), default=12, show_default=True, help="Hidden voices that ask.")
@click.option("--seed", type=int, default=7, show_default=True)
def command(
    data_dir: Path | None,
    keep: bool,
    record: Path | None,
    song: Path,
    singers: int,
    songs: int,
    seconds: float,
    voices: int,
    seed: int,
) -> int:
    """Synthesise a catalogue, ingest it, start the services, sing to them, print who it sounds like, convert a song.

    Exit status 1 when the suggestions are not clearly better than drawing lots.
    """
    from rich.console import Console

    from singalike.services.demo.run import DemoSize, run_demo

    # In a pipe or a log there is no terminal whose width to keep to, and the tables need room.
    console = Console(record=record is not None, width=None if Console().is_terminal and not record else _WIDTH)
    size = DemoSize(singers, songs, seconds, voices, seed)
    with TemporaryDirectory(prefix="singalike-demo-") if data_dir is None else nullcontext(str(data_dir)) as folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        result = run_demo(Path(folder), console, song, size=size, keep_services=keep)
    if record:
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text(without_remote_fonts(console.export_svg(title="singalike demo")), "utf-8")
    return 0 if result.passed else 1


def without_remote_fonts(svg: str) -> str:
    """Drop the fonts that rich would have every viewer fetch from a third party; a local monospace takes over."""
    return re.sub(r"@font-face\s*\{[^}]*\}", "", svg)
