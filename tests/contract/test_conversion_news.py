"""Whoever watches a conversion hears of everything once, and until its end."""

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from singalike.errors import NotFoundError, UnavailableError
from singalike.services.conversion.news import NewsFeed
from singalike.services.conversion_ports import ConversionStore
from singalike.services.conversion_records import ConversionNews, ConversionProgress, ConversionState
from tests.support.conversion_stores import SONG, TENANT, ConversionStores, add_target, fresh_stores, order
from tests.support.patience import PATIENCE_S, until

QUICK_S = 0.005
WORKER = "worker-1"


@pytest.fixture
def stores() -> Iterator[ConversionStores]:
    with fresh_stores() as stores:
        yield stores


@pytest.fixture
def conversion_id(stores: ConversionStores) -> str:
    voice_id = add_target(stores).voice_id
    return stores.conversions.add_conversion(TENANT, order(voice_id)).conversion_id


class Watcher:
    """Watches until the end, in the background."""

    def __init__(self, feed: NewsFeed, conversion_id: str, after_sequence: int = 0, tenant: str = TENANT.name) -> None:
        self.heard: list[ConversionNews] = []
        self._told = feed.watch(tenant, conversion_id, after_sequence)
        self._something = asyncio.Event()
        self._task = asyncio.ensure_future(self._watch())

    async def _watch(self) -> None:
        async for news in self._told:
            self.heard.append(news)
            self._something.set()

    async def has_heard(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.heard) < count:
                self._something.clear()
                await self._something.wait()

    async def end(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self._task


def sing(store: ConversionStore, conversion_id: str, steps: int = 3) -> None:
    """Do what a worker does."""
    store.start(conversion_id, WORKER)
    for step in range(1, steps + 1):
        store.report(conversion_id, WORKER, ConversionProgress("converting", step / (steps + 1)))
    store.succeed(conversion_id, WORKER, SONG)


async def test_a_watcher_hears_of_everything_once_and_until_the_end(
    stores: ConversionStores, conversion_id: str
) -> None:
    watcher = Watcher(NewsFeed(stores.conversions, QUICK_S), conversion_id)
    await watcher.has_heard(1)
    await asyncio.to_thread(sing, stores.conversions, conversion_id)
    await watcher.end()

    assert [news.sequence for news in watcher.heard] == list(range(1, len(watcher.heard) + 1))
    assert watcher.heard[0].state is ConversionState.QUEUED
    assert [news.progress.share for news in watcher.heard if news.progress.stage == "converting"] == [0.25, 0.5, 0.75]
    assert watcher.heard[-1].state is ConversionState.SUCCEEDED


async def test_a_watcher_goes_on_behind_what_it_has_heard(stores: ConversionStores, conversion_id: str) -> None:
    sing(stores.conversions, conversion_id)
    whole = Watcher(NewsFeed(stores.conversions, QUICK_S), conversion_id)
    await whole.end()
    later = Watcher(NewsFeed(stores.conversions, QUICK_S), conversion_id, after_sequence=3)
    await later.end()

    assert later.heard == whole.heard[3:]


async def test_who_has_heard_all_of_a_finished_conversion_hears_nothing_more(
    stores: ConversionStores, conversion_id: str
) -> None:
    sing(stores.conversions, conversion_id)
    for beyond in (0, 1000):
        after = stores.conversions.get_conversion(conversion_id).sequence + beyond
        watcher = Watcher(NewsFeed(stores.conversions, QUICK_S), conversion_id, after)
        await watcher.end()

        assert watcher.heard == []


async def test_who_claims_to_have_heard_more_than_there_is_is_let_go_at_the_end(
    stores: ConversionStores, conversion_id: str
) -> None:
    feed = NewsFeed(stores.conversions, QUICK_S)
    ahead = Watcher(feed, conversion_id, after_sequence=2**63 - 1)
    other = Watcher(feed, conversion_id)
    await other.has_heard(1)
    await asyncio.to_thread(sing, stores.conversions, conversion_id)
    await ahead.end()

    assert ahead.heard == []


async def test_a_watcher_is_told_when_the_conversion_is_erased(stores: ConversionStores, conversion_id: str) -> None:
    watcher = Watcher(NewsFeed(stores.conversions, QUICK_S), conversion_id)
    await watcher.has_heard(1)
    stores.conversions.remove_conversion(conversion_id)

    with pytest.raises(NotFoundError) as refused:
        await watcher.end()
    assert refused.value.reason == "CONVERSION_NOT_FOUND"


async def test_the_conversions_of_others_do_not_exist(stores: ConversionStores, conversion_id: str) -> None:
    with pytest.raises(NotFoundError, match="there is no conversion"):
        await Watcher(NewsFeed(stores.conversions, QUICK_S), conversion_id, tenant="other").end()


async def test_a_stopping_server_sends_watchers_away(stores: ConversionStores, conversion_id: str) -> None:
    feed = NewsFeed(stores.conversions, QUICK_S)
    watcher = Watcher(feed, conversion_id)
    await watcher.has_heard(1)
    feed.stop()

    for late in (watcher, Watcher(feed, conversion_id)):
        with pytest.raises(UnavailableError) as refused:
            await late.end()
        assert refused.value.reason == "SERVER_STOPPING"


class Counting:
    """Counts looks at a store and reads of single conversions, and holds looks up or fails all on demand."""

    def __init__(self, store: ConversionStore) -> None:
        self._store = store
        self.asked: list[int] = []
        self.read: list[str] = []
        self.go_on = threading.Event()
        self.go_on.set()
        self.broken = False

    def __getattr__(self, name: str) -> Any:
        if self.broken:
            raise UnavailableError("CATALOGUE_UNAVAILABLE", "the database is away")
        self.read.append(name)
        return getattr(self._store, name)

    def sequences(self, conversion_ids: Sequence[str]) -> Mapping[str, int]:
        if self.broken:
            raise UnavailableError("CATALOGUE_UNAVAILABLE", "the database is away")
        self.asked.append(len(conversion_ids))
        assert self.go_on.wait(PATIENCE_S)
        return self._store.sequences(conversion_ids)


async def test_one_look_serves_all_who_watch(stores: ConversionStores) -> None:
    voice_id = add_target(stores).voice_id
    ids = [stores.conversions.add_conversion(TENANT, order(voice_id, song)).conversion_id for song in range(3)]
    counting: Any = Counting(stores.conversions)
    feed = NewsFeed(counting, QUICK_S)
    watchers = [Watcher(feed, ids[number % 3]) for number in range(30)]
    for watcher in watchers:
        await watcher.has_heard(1)
    counting.asked.clear()
    await until(lambda: len(counting.asked) >= 3)
    for conversion_id in ids:
        stores.conversions.cancel_conversion(conversion_id)
    await asyncio.gather(*(watcher.end() for watcher in watchers))

    # The first of these looks may have begun before the last had heard something.
    assert set(counting.asked[1:3]) == {3}
    assert all(watcher.heard[-1].state is ConversionState.CANCELLED for watcher in watchers)


async def test_who_comes_while_another_conversion_is_looked_at_reads_nothing_twice(stores: ConversionStores) -> None:
    voice_id = add_target(stores).voice_id
    ids = [stores.conversions.add_conversion(TENANT, order(voice_id, song)).conversion_id for song in range(2)]
    counting: Any = Counting(stores.conversions)
    counting.go_on.clear()
    feed = NewsFeed(counting, QUICK_S)
    first = Watcher(feed, ids[0])
    await until(lambda: counting.asked == [1])
    second = Watcher(feed, ids[1])
    await second.has_heard(1)

    counting.go_on.set()
    await until(lambda: len(counting.asked) > 2)
    read = list(counting.read)
    for conversion_id in ids:
        stores.conversions.cancel_conversion(conversion_id)
    await asyncio.gather(first.end(), second.end())

    assert (counting.asked[:3], read) == ([1, 2, 2], 2 * ["get_conversion", "news"])


async def test_a_database_that_goes_away_is_told_to_all_who_watch(stores: ConversionStores, conversion_id: str) -> None:
    breaking: Any = Counting(stores.conversions)
    feed = NewsFeed(breaking, QUICK_S)
    watchers = [Watcher(feed, conversion_id) for _ in range(3)]
    for watcher in watchers:
        await watcher.has_heard(1)
    breaking.broken = True

    for watcher in watchers:
        with pytest.raises(UnavailableError, match="the database is away"):
            await watcher.end()
    breaking.broken = False
    again = Watcher(feed, conversion_id)
    await again.has_heard(1)
    stores.conversions.cancel_conversion(conversion_id)
    await again.end()
