"""Servers that the tests of a module share, and stores that several modules test."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from singalike.services.settings import Settings
from tests.support.conversion_stores import ConversionStores, fresh_stores
from tests.support.feedback_stores import ENGINES, FeedbackBench, Store, feedback_bench
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


@pytest.fixture(params=ENGINES)
def bench(request: pytest.FixtureRequest) -> Iterator[FeedbackBench]:
    """What is kept of listeners, in memory and in databases, with its clock and catalogue."""
    with feedback_bench(request.param) as bench:
        yield bench


@pytest.fixture
def store(bench: FeedbackBench) -> Store:
    """The store of `bench` alone: feedback, exclusions and exposures."""
    return bench.store
