"""The micro-batcher, with a model that only notes what it is given."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from singalike.errors import CapacityError, InvalidInputError, UnavailableError
from singalike.services.embedding.batcher import MicroBatcher
from tests.support.patience import PATIENCE_S


class Model:
    """Doubles numbers; waits at the gate while that is shut."""

    def __init__(self, memory: int = 1000) -> None:
        self.batches: list[list[int]] = []
        self.threads: set[str] = set()
        self.gate = threading.Event()
        self.gate.set()
        self.started = threading.Event()
        self.memory = memory

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.started.set()
        assert self.gate.wait(PATIENCE_S)
        self.threads.add(threading.current_thread().name)
        self.batches.append(list(items))
        if len(items) > self.memory:
            raise MemoryError
        if any(item < 0 for item in items):
            raise InvalidInputError("NEGATIVE", "send a number above zero")
        return [2 * item for item in items]


def make_batcher(model: Model, **changes: object) -> MicroBatcher[int, int]:
    given = {"max_batch": 4, "max_delay_s": 0.02, "queue_size": 16, **changes}
    return MicroBatcher(model, **given)  # type: ignore[arg-type]


async def test_items_that_come_together_run_together_on_one_thread() -> None:
    model = Model()
    batcher = make_batcher(model)

    outcomes = await asyncio.gather(*(batcher.submit(item) for item in range(8)))

    assert outcomes == [0, 2, 4, 6, 8, 10, 12, 14]
    assert model.batches == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert len(model.threads) == 1
    await batcher.close()


async def test_a_lone_item_leaves_after_the_longest_wait() -> None:
    model = Model()
    batcher = make_batcher(model, max_batch=100)

    outcome = await asyncio.wait_for(batcher.submit(21), timeout=PATIENCE_S)

    assert outcome == 42
    await batcher.close()


async def test_items_gather_while_the_model_works() -> None:
    model = Model()
    model.gate.clear()
    batcher = make_batcher(model, max_delay_s=0.0)
    first = asyncio.create_task(batcher.submit(1))
    await asyncio.to_thread(model.started.wait, PATIENCE_S)

    others = [asyncio.create_task(batcher.submit(item)) for item in (2, 3, 4)]
    await asyncio.sleep(0)
    model.gate.set()
    await asyncio.gather(first, *others)

    assert model.batches == [[1], [2, 3, 4]]
    await batcher.close()


async def test_only_items_of_one_bucket_run_together() -> None:
    model = Model()
    batcher = make_batcher(model, bucket=lambda item: item % 2)

    await asyncio.gather(*(batcher.submit(item) for item in (1, 2, 3, 4)))

    assert model.batches == [[1, 3], [2, 4]]
    await batcher.close()


async def test_a_full_queue_refuses_and_says_when_to_come_back() -> None:
    model = Model()
    model.gate.clear()
    batcher = make_batcher(model, queue_size=2, max_delay_s=0.0, max_batch=1)
    waiting = [asyncio.create_task(batcher.submit(0))]
    await asyncio.to_thread(model.started.wait, PATIENCE_S)
    waiting += [asyncio.create_task(batcher.submit(item)) for item in (1, 2)]
    await asyncio.sleep(0)

    with pytest.raises(CapacityError, match="try again") as refused:
        await batcher.submit(3)

    assert refused.value.reason == "QUEUE_FULL"
    assert refused.value.retry_after_s is not None
    assert refused.value.retry_after_s > 0
    model.gate.set()
    await asyncio.gather(*waiting)
    await batcher.close()


async def test_items_whose_caller_has_gone_never_reach_the_model() -> None:
    model = Model()
    model.gate.clear()
    batcher = make_batcher(model, queue_size=2, max_delay_s=0.0, max_batch=1)
    first = asyncio.create_task(batcher.submit(0))
    await asyncio.to_thread(model.started.wait, PATIENCE_S)
    late = [asyncio.create_task(asyncio.wait_for(batcher.submit(item), timeout=0.01)) for item in (1, 2)]
    expired = await asyncio.gather(*late, return_exceptions=True)

    model.gate.set()
    outcomes = await asyncio.gather(first, batcher.submit(3))

    assert [type(outcome) for outcome in expired] == [TimeoutError, TimeoutError]
    assert outcomes == [0, 6]
    assert model.batches == [[0], [3]]
    await batcher.close()


async def test_one_refused_item_does_not_harm_its_company() -> None:
    batcher = make_batcher(Model())

    outcomes = await asyncio.gather(*(batcher.submit(item) for item in (1, -2, 3)), return_exceptions=True)

    assert [outcomes[0], outcomes[2]] == [2, 6]
    assert isinstance(outcomes[1], InvalidInputError)
    await batcher.close()


async def test_out_of_memory_halves_the_batch_once() -> None:
    model = Model(memory=2)
    batcher = make_batcher(model)

    outcomes = await asyncio.gather(*(batcher.submit(item) for item in (1, 2, 3, 4)))

    assert outcomes == [2, 4, 6, 8]
    assert model.batches == [[1, 2, 3, 4], [1, 2], [3, 4]]
    await batcher.close()


async def test_what_does_not_fit_alone_either_is_refused() -> None:
    batcher = make_batcher(Model(memory=0))

    outcomes = await asyncio.gather(*(batcher.submit(item) for item in (1, 2)), return_exceptions=True)

    assert [getattr(outcome, "reason", "") for outcome in outcomes] == ["OUT_OF_MEMORY", "OUT_OF_MEMORY"]
    await batcher.close()


async def test_a_failure_of_the_model_reaches_the_callers_and_the_next_batch_runs() -> None:
    def run(items: Sequence[int]) -> list[int]:
        return [1 // item for item in items]

    batcher: MicroBatcher[int, int] = MicroBatcher(run, max_batch=2, max_delay_s=0.0, queue_size=4)

    with pytest.raises(ZeroDivisionError):
        await batcher.submit(0)
    outcome = await batcher.submit(1)

    assert outcome == 1
    await batcher.close()


async def test_closing_refuses_what_waits_and_what_comes() -> None:
    model = Model()
    model.gate.clear()
    batcher = make_batcher(model, max_batch=1, max_delay_s=0.0)
    waiting = [asyncio.create_task(batcher.submit(item)) for item in (1, 2)]
    await asyncio.to_thread(model.started.wait, PATIENCE_S)

    closing = asyncio.create_task(batcher.close())
    await asyncio.sleep(0)
    model.gate.set()
    await closing
    outcomes = await asyncio.gather(*waiting, batcher.submit(3), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [UnavailableError] * 3
