"""Use case: tell what happens to conversions, as it happens. One look at the database serves all who watch."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator

import structlog

from singalike.errors import SingalikeError, UnavailableError, for_operators
from singalike.services.conversion_ports import ConversionStore
from singalike.services.conversion_records import ConversionNews

LOG = structlog.get_logger()

LOOK_INTERVAL_S = 0.25


def follow(
    conversions: ConversionStore, conversion_id: str, pause: Callable[[], object], after_sequence: int = 0
) -> Iterator[ConversionNews]:
    """Yield every news behind a sequence until a conversion has ended, blocking.

    Args:
        conversions: Where news are written, by any process.
        conversion_id: Which.
        pause: Waits from one look to the next.
        after_sequence: Number of the last news that was seen.

    Raises:
        NotFoundError: CONVERSION_NOT_FOUND, also when it is erased while it is watched.
    """
    last = after_sequence
    while True:
        # Looked at before its news are: what is final by then has no further ones.
        conversion = conversions.get_conversion(conversion_id)
        for news in conversions.news(conversion_id, last):
            yield news
            last = news.sequence
        if conversion.state.is_final:
            return
        pause()


class NewsFeed:
    """Tells news to any number of watchers; belongs to one event loop.

    Args:
        conversions: Where news are written, by any process.
        interval_s: From one look to the next, while somebody watches.
    """

    def __init__(self, conversions: ConversionStore, interval_s: float = LOOK_INTERVAL_S) -> None:
        self._conversions = conversions
        self._interval_s = interval_s
        self._waiting: dict[asyncio.Event, tuple[str, int]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._stopped = False

    async def watch(
        self, tenant: str, conversion_id: str, after_sequence: int = 0
    ) -> AsyncGenerator[ConversionNews, None]:
        """Yield every news behind a sequence until the conversion has ended.

        Raises:
            NotFoundError: CONVERSION_NOT_FOUND, also when it is erased while it is watched.
            UnavailableError: SERVER_STOPPING; or as the store.
        """
        last = after_sequence
        while True:
            # Looked at before its news are: what is final by then has no further ones.
            conversion = await asyncio.to_thread(self._conversions.get_conversion, conversion_id, tenant)
            for news in await asyncio.to_thread(self._conversions.news, conversion_id, last):
                yield news
                last = news.sequence
            if conversion.state.is_final:
                return
            # Who says to have seen more than there is waits for what comes next all the same.
            await self._change(conversion_id, min(last, conversion.sequence))

    def stop(self) -> None:
        """Send all watchers away: they go on elsewhere, or here when the server is back."""
        self._stopped = True
        self._wake(self._waiting)

    async def _change(self, conversion_id: str, last: int) -> None:
        """Wait until a conversion has news behind `last`, or is gone."""
        change = asyncio.Event()
        self._waiting[change] = conversion_id, last
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_while_watched())
        try:
            if not self._stopped:
                await change.wait()
        finally:
            del self._waiting[change]
        if self._stopped:
            raise UnavailableError("SERVER_STOPPING", "the server stops: watch again behind the last sequence")

    async def _look_while_watched(self) -> None:
        try:
            while self._waiting and not self._stopped:
                await asyncio.sleep(self._interval_s)
                asked = {conversion_id for conversion_id, _ in self._waiting.values()}
                sequences = await asyncio.to_thread(self._conversions.sequences, sorted(asked))
                # Whoever has come to another conversion meanwhile is answered by the next look.
                self._wake(
                    change
                    for change, (conversion_id, last) in self._waiting.items()
                    if conversion_id in asked and sequences.get(conversion_id, last + 1) > last
                )
        except SingalikeError as error:
            LOG.warning("news_not_read", reason=error.reason, message=for_operators(error))
        finally:
            # Whatever went wrong: each watcher looks for itself, and is told.
            self._wake(self._waiting)

    @staticmethod
    def _wake(changes: Iterable[asyncio.Event]) -> None:
        for change in changes:
            change.set()
