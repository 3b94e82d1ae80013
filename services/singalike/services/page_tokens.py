"""Page tokens: opaque to callers, refused when altered or used with another filter."""

import base64
import binascii
import hashlib
import json
import re

from singalike.errors import FieldViolation, InvalidInputError

MAX_PAGE_SIZE = 1000
DIGEST_SIZE = 8


def make_token(kind: str, scope: tuple[str, ...], last_id: str) -> str:
    """Say where the next page begins.

    Args:
        kind: What is listed ("singers", "tracks").
        scope: The filter in force; the token is good for this one only.
        last_id: Last id of the page.
    """
    body = json.dumps([kind, _scope_digest(scope), last_id], ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(_digest(body) + body).decode().rstrip("=")


def read_token(token: str, kind: str, scope: tuple[str, ...]) -> str:
    """Return the last id of the page before; empty for the first page.

    Raises:
        InvalidInputError: BAD_PAGE_TOKEN.
    """
    if not token:
        return ""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        digest, body = raw[:DIGEST_SIZE], raw[DIGEST_SIZE:]
        token_kind, token_scope, last_id = _texts(json.loads(body)) if digest == _digest(body) else ("", "", "")
    except (binascii.Error, ValueError) as error:
        raise bad_token("it is not one that this list gave out") from error
    if token_kind != kind:
        raise bad_token("it is not one that this list gave out")
    if token_scope != _scope_digest(scope):
        raise bad_token("it belongs to another question or filter")
    return last_id


def make_place(time_us: int, number: int) -> str:
    """Write the place of an item in a list that goes by time, for `make_token`."""
    return f"{time_us}.{number}"


def read_place(place: str) -> tuple[int, int] | None:
    """Invert `make_place`; None for the first page.

    Raises:
        InvalidInputError: BAD_PAGE_TOKEN.
    """
    if not place:
        return None
    found = re.fullmatch(r"(-?[0-9]{1,18})\.([0-9]{1,18})", place, re.ASCII)
    if found is None:
        raise bad_token("it is not one that this list gave out")
    return int(found[1]), int(found[2])


def _texts(said: object) -> list[str]:
    """Read the body as texts: the digest has no secret, so that whoever knows it may write any JSON there."""
    if not isinstance(said, list) or not all(isinstance(text, str) for text in said):
        raise ValueError("a token holds texts")
    "".join(said).encode()  # half a character, which JSON can spell and no database takes, is a ValueError here
    return said


def check_page_size(page_size: int) -> None:
    """Refuse page sizes outside 1 to 1000.

    Raises:
        InvalidInputError: BAD_PAGE_SIZE.
    """
    if not 1 <= page_size <= MAX_PAGE_SIZE:
        description = f"is {page_size}: use 1 to {MAX_PAGE_SIZE}"
        raise InvalidInputError(
            "BAD_PAGE_SIZE", f"page_size {description}", (FieldViolation("page_size", description),)
        )


def bad_token(why: str) -> InvalidInputError:
    """Refuse a page token, saying why."""
    description = f"{why}: start again without a token"
    return InvalidInputError(
        "BAD_PAGE_TOKEN", f"page_token: {description}", (FieldViolation("page_token", description),)
    )


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=DIGEST_SIZE, person=b"page-token").digest()


def _scope_digest(scope: tuple[str, ...]) -> str:
    return hashlib.blake2b(json.dumps(scope).encode(), digest_size=DIGEST_SIZE).hexdigest()
