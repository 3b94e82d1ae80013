"""Options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., object])


def data_dir_option(command: Command) -> Command:
    """Add `--data-dir`, passed on as `data_dir` (None: from the environment or the default)."""
    return click.option(
        "--data-dir",
        type=click.Path(file_okay=False, path_type=Path),
        default=None,
        help="Folder of the catalogue; default SINGALIKE_DATA_DIR, else ~/.local/share/singalike.",
    )(command)


def json_option(command: Command) -> Command:
    """Add `--json`, passed on as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")(command)


def recording_options(command: Command) -> Command:
    """Add `--channel`, `--mixture` and `--device`: how one recording is listened to."""
    options = (
        click.option("--device", default=None, help="Torch device: auto, cpu, cuda."),
        click.option("--mixture", is_flag=True, help="The recording holds accompaniment: separate the vocals first."),
        click.option("--channel", type=click.Choice(["mix", "left", "right"]), default="mix", show_default=True),
    )
    for option in options:
        command = option(command)
    return command
