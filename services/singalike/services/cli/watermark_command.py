"""`singalike watermark`: find and read the mark in a recording."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from singalike.errors import InvalidInputError
from singalike.services.cli.options import data_dir_option, json_option
from singalike.services.settings import Settings, read_settings

if TYPE_CHECKING:
    from singalike.conversion.watermark import Detection

EXIT_NOT_FOUND = 3
"""Apart from failures and bad input, so that scripts need not read what is printed."""


@click.group()
def command() -> None:
    """Find out whether a recording was made by this Singalike."""


@command.command(name="detect")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@data_dir_option
@json_option
def detect_mark(file: Path, data_dir: Path | None, as_json: bool) -> int:
    """Look for the watermark of SINGALIKE_WATERMARK_KEY, else of the data folder's own key, in FILE.

    The payload is the beginning of the id of the conversion that made it. Exit status 0: the mark is there; 3: it is
    not, or not with this key.
    """
    from singalike.audio.decoding import DecodeLimits, GuardedDecoder
    from singalike.audio.decoding.limits import MEBIBYTE
    from singalike.conversion.watermark import detect

    settings = read_settings(data_dir=data_dir)
    key = _key(settings)
    with GuardedDecoder(processes=1, limits=DecodeLimits(max_bytes=settings.max_upload_mb * MEBIBYTE)) as decoder:
        found = detect(decoder.decode(file.read_bytes()), key)
    click.echo(json.dumps(_fields(file, found), ensure_ascii=False) if as_json else _lines(file, found))
    return 0 if found.found else EXIT_NOT_FOUND


def _key(settings: Settings) -> bytes:
    from singalike.services.conversion.watermark_key import find_watermark_key

    key = find_watermark_key(settings)
    if key is None:
        message = (
            "set SINGALIKE_WATERMARK_KEY to the secret that the songs were marked with, or --data-dir to the folder "
            "that they were made with"
        )
        raise InvalidInputError("WATERMARK_KEY_MISSING", message)
    return key


def _fields(file: Path, found: "Detection") -> dict[str, object]:
    return {
        "file": str(file),
        "found": found.found,
        "confidence": found.confidence,
        "deviations": round(found.deviations, 2),
        "payload": None if found.payload is None else f"{found.payload:016x}",
        "spans": [{"start_s": round(span.start_s, 2), "end_s": round(span.end_s, 2)} for span in found.spans],
    }


def _lines(file: Path, found: "Detection") -> str:
    if not found.found:
        return f"{file}: no mark of this key ({found.deviations:.1f} standard deviations)"
    payload = "not read whole" if found.payload is None else f"{found.payload:016x}"
    where = ", ".join(f"{span.start_s:.0f} to {span.end_s:.0f} s" for span in found.spans)
    return f"{file}: marked, payload {payload}, {where} ({found.deviations:.1f} standard deviations)"
