"""A conversion service for two tenants, and what it refuses them."""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from singalike.errors import SingalikeError
from tests.support.conversion_servers import Bench, bench
from tests.support.servers import small_settings

DOCUMENTED = "".join(
    (Path(__file__).parents[2] / "docs" / page).read_text("utf-8") for page in ("conversion.md", "refusals.md")
)
MINE, OTHERS = "token of mine", "token of others"


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@asynccontextmanager
async def two_tenants(folder: Path) -> AsyncIterator[Bench]:
    """Serve "mine", who may have three conversions waiting, and "others"; the clients of the bench are of mine."""
    entries = {"mine": {"token_sha256": digest(MINE), "most_waiting": 3}, "others": {"token_sha256": digest(OTHERS)}}
    tenants = folder / "tenants.json"
    tenants.write_text(json.dumps(entries), "utf-8")
    async with bench(small_settings(folder, tenants=tenants, max_upload_mb=4), MINE) as served:
        yield served


async def refusal(call: Awaitable[object]) -> SingalikeError:
    """Return the error that a call ends in; its reason must be documented."""
    with pytest.raises(SingalikeError) as refused:
        await call
    assert f"| `{refused.value.reason}` |" in DOCUMENTED
    assert refused.value.message
    return refused.value
