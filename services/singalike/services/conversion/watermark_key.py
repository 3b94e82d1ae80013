"""The secret of the watermark, which no converted song goes without, and what the mark says."""

import os
import secrets
from pathlib import Path

from singalike.conversion.watermark.layout import draw_layout
from singalike.errors import WrongStateError
from singalike.services.settings import Settings
from singalike.whole_files import part_of

KEY_FILE = "watermark.key"
KEY_BYTES = 32
PAYLOAD_DIGITS = 16
_READ_BY_OWNER = 0o600


def find_watermark_key(settings: Settings) -> bytes | None:
    """Return SINGALIKE_WATERMARK_KEY, else the key that was made in the data folder; None where there is neither."""
    given = settings.watermark_key.get_secret_value().encode()
    return given or _read(settings.data_dir / KEY_FILE)


def watermark_key(settings: Settings) -> bytes:
    """Return the key to mark songs with; where there is none, make one in the data folder that its owner alone reads.

    Raises:
        InvalidInputError: WATERMARK_KEY_TOO_SHORT.
        WrongStateError: WATERMARK_KEY_DAMAGED.
    """
    found = find_watermark_key(settings)
    if found is not None:
        draw_layout(found)  # a bad key is refused before a song is worked on
        return found
    path = settings.data_dir / KEY_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(path)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _READ_BY_OWNER)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_hex(KEY_BYTES).encode())
            file.flush()
            os.fsync(file.fileno())
        # A link, for unlike a rename it leaves the key that another process made in the same moment.
        os.link(part, path)
    except FileExistsError:
        pass
    finally:
        part.unlink(missing_ok=True)
    made = _read(path)
    assert made is not None
    return made


def payload_of(conversion_id: str) -> int:
    """Return what the watermark of a conversion says: the first 16 of the 32 hexadecimal digits of its id.

    So who finds the payload P in a song looks for the conversion whose id begins with "c-P".
    """
    return int(conversion_id.removeprefix("c-")[:PAYLOAD_DIGITS], 16)


def _read(path: Path) -> bytes | None:
    try:
        key = path.read_bytes().strip()
    except FileNotFoundError:
        return None
    if len(key) < KEY_BYTES:
        message = f"{path} holds no whole key: restore it from a backup, or remove it and lose older marks"
        raise WrongStateError("WATERMARK_KEY_DAMAGED", message)
    return key
