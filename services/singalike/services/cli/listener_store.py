"""What the commands about listeners share."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from singalike.errors import FieldViolation, InvalidInputError
from singalike.services.cli.catalogue_pages import plain
from singalike.services.listeners.listener_records import Exclusion, Feedback
from singalike.services.plain_text import is_plain
from singalike.services.settings import Settings, read_settings

if TYPE_CHECKING:
    from singalike.services.adapters.sql_feedback import SqlFeedback

LONGEST_ID = 200


@contextmanager
def opened_feedback(data_dir: Path | None) -> Iterator[tuple["SqlFeedback", Settings]]:
    """Open what is kept of listeners, and close it in the end."""
    from singalike.services import bootstrap

    settings = read_settings(data_dir=data_dir)
    store = bootstrap.open_feedback(settings)
    try:
        yield store, settings
    finally:
        store.close()


def check_id(field: str, value: str) -> str:
    """Hold ids to the bounds that they have on the wire.

    Raises:
        InvalidInputError: BAD_ID.
    """
    if not 1 <= len(value) <= LONGEST_ID or not is_plain(value):
        description = f"must hold 1 to {LONGEST_ID} characters, none of them a control character"
        raise InvalidInputError("BAD_ID", f"{field} {description}", (FieldViolation(field, description),))
    return value


def read_time(option: str, text: str) -> datetime | None:
    """Read an ISO 8601 time, without a zone of this machine; empty: None.

    Raises:
        InvalidInputError: BAD_TIME.
    """
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidInputError(
            "BAD_TIME", f"{option} is {text!r}: use ISO 8601, as in 2026-05-04T20:15:00+02:00"
        ) from error


def print_record(record: Feedback | Exclusion, line: str, *, as_json: bool) -> None:
    """Print one record as JSON, or a line about it."""
    click.echo(json.dumps(plain(asdict(record)), ensure_ascii=False) if as_json else line)


def print_removal(removed_id: str, *, as_json: bool) -> None:
    """Say what is gone."""
    click.echo(json.dumps({"removed": removed_id}, ensure_ascii=False) if as_json else f"removed {removed_id}")
