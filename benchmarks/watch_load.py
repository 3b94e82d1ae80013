"""What it costs a server that many watch conversions where nothing happens: python -m benchmarks.watch_load.

Serves in this process, on SQLite, with an ear and engines that take no time; callers watch over gRPC from this process
too, so that the processor time is that of both sides.
"""

import argparse
import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from singalike.client import AsyncClient
from tests.support.conversion_servers import Bench, bench, enrol
from tests.support.servers import small_settings

CONVERSIONS, CONNECTIONS = 10, 4


async def measure(watchers: int, seconds: float) -> float:
    """Return the share of one processor that is used while all watch."""
    with tempfile.TemporaryDirectory() as folder:
        async with bench(small_settings(Path(folder))) as served, AsyncExitStack() as closing:
            ids = await create(served)
            clients = [
                await closing.enter_async_context(AsyncClient(conversion=served.servers.conversion))
                for _ in range(CONNECTIONS)
            ]
            told = [
                clients[number % CONNECTIONS].watch_conversion(ids[number % CONVERSIONS]) for number in range(watchers)
            ]
            await asyncio.gather(*(anext(each) for each in told))
            waiting = [asyncio.ensure_future(anext(each)) for each in told]
            started, used = time.perf_counter(), time.process_time()
            await asyncio.sleep(seconds)
            share = (time.process_time() - used) / (time.perf_counter() - started)
            for each in waiting:
                each.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            return share


async def create(served: Bench) -> list[str]:
    """Have conversions that nobody gets on with."""
    track_id, _ = served.add_song()
    voice = await enrol(served.client)
    created = [await served.client.create_conversion(track_id, voice.voice_id) for _ in range(CONVERSIONS)]
    return [conversion.conversion_id for conversion in created]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watchers", type=int, nargs="+", default=[0, 100, 800])
    parser.add_argument("--seconds", type=float, default=10.0)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    for watchers in arguments.watchers:
        share = asyncio.run(measure(watchers, arguments.seconds))
        print(f"{watchers:5} watchers: {share:.1%} of one processor", flush=True)


if __name__ == "__main__":
    main()
