"""How long tests wait for what is about to happen: a bound on hanging on a slow machine, no part of a test."""

import asyncio
import time
from collections.abc import Callable

PATIENCE_S = 60.0
LOOK_S = 0.005


def await_that(condition: Callable[[], bool]) -> None:
    """Look again and again until it is so."""
    give_up = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up, "what this test waits for does not happen"
        time.sleep(LOOK_S)


async def until(condition: Callable[[], bool], give_up_s: float = PATIENCE_S) -> None:
    """Look again and again until it is so, while others go on.

    Raises:
        TimeoutError: It has not become so.
    """
    async with asyncio.timeout(give_up_s):
        while not condition():
            await asyncio.sleep(LOOK_S)
