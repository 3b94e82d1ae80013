"""Servers that the tests of a module share, and stores that several modules test."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from singalike.services.settings import Settings
from tests.support.conversion_stores import ConversionStores, fresh_stores
from tests.support.servers import Running, running, use_fake_ear


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers(patch: pytest.MonkeyPatch, settings: Settings) -> AsyncIterator[Running]:
    """Serve with the small ear and the module's own `settings`."""
    use_fake_ear(patch)
    async with running(settings) as servers:
        yield servers


@pytest.fixture(params=["sqlite", "postgresql"])
def stores(request: pytest.FixtureRequest) -> Iterator[ConversionStores]:
    with fresh_stores(request.param) as opened:
        yield opened
