"""`singalike presets`: the weights that rankings go by."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from singalike.services.cli.options import json_option
from singalike.services.settings import read_settings

if TYPE_CHECKING:
    from singalike.recsys.presets import Presets


@click.group()
def command() -> None:
    """List the presets of weights, those that ship and those in SINGALIKE_PRESETS."""


@command.command("list")
@json_option
def list_presets(as_json: bool) -> None:
    """List all presets; * marks what is used when a request names none."""
    presets = _load()
    if as_json:
        click.echo(json.dumps([asdict(preset) for preset in presets.all()], ensure_ascii=False))
        return
    for preset in presets.all():
        mark = "*" if presets.is_default(preset) else " "
        click.echo(f"{mark} {preset.label}  ranks {preset.ranks}  {preset.description}")


@command.command("show")
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show the weights of NAME or NAME@VERSION, and what was measured with them."""
    preset = _load().find(name)
    if as_json:
        click.echo(json.dumps(asdict(preset), ensure_ascii=False))
        return
    click.echo(f"{preset.label}  ranks {preset.ranks}")
    click.echo(preset.description)
    for signal, share in sorted(preset.shares().items(), key=lambda one: -one[1]):
        click.echo(f"  {signal:16} {share:.3f}")
    click.echo(f"taste has half of its weight after {preset.taste_half_weight_events:g} events")
    for figure, value in preset.figures.items():
        click.echo(f"  {figure}: {value:g}")


def _load() -> "Presets":
    from singalike.recsys.presets import load_presets

    return load_presets(read_settings().presets)
