"""Recordings that wait a moment for company, so that the model works on several at once."""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from singalike.errors import CapacityError, SingalikeError, UnavailableError

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

FIRST_GUESS_S = 0.5
"""How long a batch is thought to take before one was measured; only for telling refused callers when to come back."""


@dataclass(eq=False)
class _Waiting(Generic[Item, Outcome]):
    item: Item
    bucket: Hashable
    future: asyncio.Future[Outcome]


class MicroBatcher(Generic[Item, Outcome]):
    """Gathers items from concurrent calls and runs them in batches on one thread of its own.

    A batch leaves when `max_batch` items of one bucket wait, or `max_delay_s` after its first item came. While the
    model works, new items gather by themselves. Items whose caller has gone, or ran out of time, never reach the model.

    Args:
        run: Called on the batcher's thread with at most `max_batch` items; answers one outcome each, in order.
        max_batch: Most items at once.
        max_delay_s: Longest wait for company, in seconds.
        queue_size: Items that may wait; more are refused with CapacityError.
        bucket: Items batch only with others of their bucket (of like length, say).
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Sequence[Outcome]],
        *,
        max_batch: int,
        max_delay_s: float,
        queue_size: int,
        bucket: Callable[[Item], Hashable] = lambda _: None,
    ) -> None:
        self._run = run
        self._max_batch = max_batch
        self._max_delay_s = max_delay_s
        self._queue_size = queue_size
        self._bucket = bucket
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ear")
        self._waiting: deque[_Waiting[Item, Outcome]] = deque()
        self._arrived = asyncio.Event()
        self._running: list[_Waiting[Item, Outcome]] = []
        self._worker: asyncio.Task[None] | None = None
        self._batch_s = FIRST_GUESS_S
        self._closed = False

    async def submit(self, item: Item) -> Outcome:
        """Run one item in the next batch that it fits into.

        Raises:
            CapacityError: QUEUE_FULL with the time after which to try again, or OUT_OF_MEMORY.
            UnavailableError: STOPPING, the batcher is closed.
        """
        if self._closed:
            raise _stopping()
        if len(self._waiting) >= self._queue_size:
            self._forget_the_gone()
        if len(self._waiting) >= self._queue_size:
            batches = -(-len(self._waiting) // self._max_batch)
            raise CapacityError(
                "QUEUE_FULL", f"{self._queue_size} recordings wait already: try again", batches * self._batch_s
            )
        self._worker = self._worker or asyncio.create_task(self._work(), name="batcher")
        waiting: _Waiting[Item, Outcome] = _Waiting(
            item, self._bucket(item), asyncio.get_running_loop().create_future()
        )
        self._waiting.append(waiting)
        self._arrived.set()
        return await waiting.future

    async def close(self) -> None:
        """Refuse what waits and what runs, and stop the thread once its batch has ended."""
        self._closed = True
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        for waiting in (*self._running, *self._waiting):
            _fail(waiting, _stopping())
        self._waiting.clear()
        await asyncio.to_thread(self._thread.shutdown)

    async def _work(self) -> None:
        while True:
            await self._wait_for_company()
            self._running = self._take()
            if self._running:
                await self._run_batch(self._running)

    async def _wait_for_company(self) -> None:
        """Return when a batch is full, or its first item has waited long enough."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()
        loop = asyncio.get_running_loop()
        leave_at = loop.time() + self._max_delay_s
        while len(self._waiting) < self._max_batch:
            self._arrived.clear()
            try:
                async with asyncio.timeout_at(leave_at):
                    await self._arrived.wait()
            except TimeoutError:
                return

    def _take(self) -> list[_Waiting[Item, Outcome]]:
        """Take the oldest item and the next ones of its bucket."""
        self._forget_the_gone()
        batch: list[_Waiting[Item, Outcome]] = []
        left: deque[_Waiting[Item, Outcome]] = deque()
        for waiting in self._waiting:
            fits = len(batch) < self._max_batch and (not batch or waiting.bucket == batch[0].bucket)
            (batch if fits else left).append(waiting)
        self._waiting = left
        return batch

    def _forget_the_gone(self) -> None:
        self._waiting = deque(waiting for waiting in self._waiting if not waiting.future.done())

    async def _run_batch(self, batch: list[_Waiting[Item, Outcome]]) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        items = [waiting.item for waiting in batch]
        outcomes = await loop.run_in_executor(self._thread, self._run_guarded, items)
        self._batch_s = loop.time() - started
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                _fail(waiting, outcome)
            elif not waiting.future.done():
                waiting.future.set_result(outcome)

    def _run_guarded(self, items: Sequence[Item]) -> list[Outcome | Exception]:
        """Run a batch; out of memory halves it once, and a refused item is found by running each alone."""
        try:
            return list(self._run(items))
        except MemoryError:
            half = max(len(items) // 2, 1)
            return [outcome for part in (items[:half], items[half:]) if part for outcome in self._run_half(part)]
        except SingalikeError as error:
            return [error] if len(items) == 1 else [self._run_alone(item) for item in items]
        except Exception as error:  # noqa: BLE001  it belongs to the callers, not to the loop that serves all
            return [error] * len(items)

    def _run_half(self, items: Sequence[Item]) -> list[Outcome | Exception]:
        try:
            return list(self._run(items))
        except MemoryError:
            refused = CapacityError("OUT_OF_MEMORY", "too large for the ear's memory: send a shorter recording")
            return [refused] * len(items)
        except Exception as error:  # noqa: BLE001  as above
            return [error] * len(items)

    def _run_alone(self, item: Item) -> Outcome | Exception:
        return self._run_guarded([item])[0]


def _fail(waiting: _Waiting[Item, Outcome], error: BaseException) -> None:
    if not waiting.future.done():
        waiting.future.set_exception(error)


def _stopping() -> UnavailableError:
    return UnavailableError("STOPPING", "this server is stopping: try again, another one will answer")
