"""Showing voices that songs may be sung with."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

import click

from singalike.services.cli.catalogue_pages import plain
from singalike.services.conversion_records import DEFAULT_TENANT

if TYPE_CHECKING:
    from singalike.services.conversion_records import ConsentRecord, StoredTarget

Command = TypeVar("Command", bound=Callable[..., object])


def tenant_option(command: Command) -> Command:
    """Add `--tenant`: whose voice or conversion it is, where a server tells applications apart."""
    return click.option("--tenant", default=DEFAULT_TENANT, show_default=True, help="Application that it belongs to.")(
        command
    )


def print_target(target: "StoredTarget", *, as_json: bool) -> None:
    """Print a voice with the record of its consent."""
    if as_json:
        click.echo(json.dumps(target_to_json(target), ensure_ascii=False, allow_nan=False))
        return
    learnt = ", ".join(f"{name} {version}" for name, version in target.engines.items())
    click.echo(f"{target.voice_id}  enrolled {target.create_time:%Y-%m-%d}" + (f" for {learnt}" if learnt else ""))
    for line in _consent_lines(target.consent):
        click.echo(f"  {line}")


def target_to_json(target: "StoredTarget") -> dict[str, object]:
    """Turn a voice into what JSON knows."""
    said: dict[str, object] = plain(asdict(target))
    return said


def _consent_lines(consent: "ConsentRecord") -> list[str]:
    ends = f", until {consent.expire_time:%Y-%m-%d}" if consent.expire_time else ", until it is revoked"
    lines = [f"consent of {consent.subject} for {consent.scope}, {consent.time:%Y-%m-%d %H:%M} UTC{ends}"]
    if consent.phrase:
        words = "not checked" if consent.word_error_rate is None else f"{consent.word_error_rate:.0%} wrong"
        lines.append(f'read back: "{consent.phrase}" (likeness {consent.read_back_likeness:.2f}, words {words})')
    else:
        lines.append("declared, nothing was read back")
    lines.append(f'"{consent.statement}" (SHA-256 {consent.statement_sha256})')
    if consent.revoke_time:
        lines.append(f"revoked {consent.revoke_time:%Y-%m-%d %H:%M} UTC: nothing else is kept")
    return lines
