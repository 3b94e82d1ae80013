"""What happens at four times the capacity: python -m benchmarks.rpc_overload [--seconds 15].

Measures how many recordings a second `singalike serve embedding` hears when 8 callers take turns, then sends four times
as many whatever comes back, and prints which share of the capacity was served meanwhile and how quickly the rest was
refused.
"""

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.rpc_latency import per_second
from singalike.client import AsyncClient
from singalike.errors import CapacityError, SingalikeError
from tests.support.processes import started_server
from tests.support.recordings import encode, tone

OVERLOAD = 4.0
DEADLINE_S = 120.0


async def measure(embedding: str, recommender: str, seconds: float) -> None:
    """Measure the capacity, exceed it, and print."""
    audio = encode(tone(3.0), 44_100, "mp3", "libmp3lame")
    served_at: list[float] = []
    refused_s: list[float] = []
    other: Counter[str] = Counter()
    async with AsyncClient(embedding, recommender, deadline_s=DEADLINE_S) as client:

        async def one() -> None:
            started = time.perf_counter()
            try:
                await client.embed(audio)
                served_at.append(time.perf_counter())
            except CapacityError:
                refused_s.append(time.perf_counter() - started)
            except SingalikeError as error:
                other[error.reason] += 1

        await per_second(one, 8, 16)
        capacity = await per_second(one, 8, 80)
        served_at.clear()
        started = time.perf_counter()
        calls = []
        for number in range(round(OVERLOAD * capacity * seconds)):
            await asyncio.sleep(max(0.0, started + number / (OVERLOAD * capacity) - time.perf_counter()))
            calls.append(asyncio.ensure_future(one()))
        sent = time.perf_counter()
        await asyncio.gather(*calls)
    served = sum(moment <= sent for moment in served_at) / (sent - started)
    print(f"capacity {capacity:.1f}/s; offered {len(calls) / (sent - started):.1f}/s for {sent - started:.0f} s")
    print(f"served meanwhile {served:.1f}/s = {served / capacity:.0%} of capacity; {len(served_at)} in all")
    if refused_s:
        p50, p99 = np.percentile(refused_s, [50, 99]) * 1000
        print(
            f"refused with RetryInfo: {len(refused_s)}, after p50 {p50:.1f} ms, p99 {p99:.1f} ms; other: {dict(other)}"
        )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, started_server(Path(folder)) as server:
        asyncio.run(measure(server.embedding, server.recommender, arguments.seconds))
        faults = server.log.read_text("utf-8").count("rpc_failed")
    print(f"faults of ours in the log: {faults}")


if __name__ == "__main__":
    main()
