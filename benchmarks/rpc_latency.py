"""RPC latency and batching throughput: python -m benchmarks.rpc_latency [--calls 2000] [--catalogue-singers 24].

Starts `singalike serve all` as a process with a synthetic catalogue and calls it from this one:

- RecommendSingers with a stored voice against GetModel, which does nothing, through the same stages: p50, p99, ratio;
- Embed with 1 caller and with 8 at once: recordings a second, and the ratio, which is what batching gives.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np

from singalike.client import AsyncClient, Recording, TrackDescription, VoiceId
from tests.support.processes import started_server
from tests.support.recordings import encode, tone

WARM_UP = 50


async def latencies_ms(call: Callable[[], Awaitable[object]], calls: int) -> np.ndarray:
    """Call one after the other; times in ms, shape (calls,)."""
    for _ in range(WARM_UP):
        await call()
    times = []
    for _ in range(calls):
        started = time.perf_counter()
        await call()
        times.append((time.perf_counter() - started) * 1000)
    return np.array(times)


async def per_second(call: Callable[[], Awaitable[object]], callers: int, calls: int) -> float:
    """Keep so many callers busy; answers calls a second."""
    left = iter(range(calls))

    async def caller() -> None:
        for _ in left:
            await call()

    started = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return calls / (time.perf_counter() - started)


async def measure(embedding: str, recommender: str, calls: int, singers: int) -> None:
    """Fill the catalogue, then measure and print."""
    async with AsyncClient(embedding, recommender, deadline_s=120.0) as client:
        for number in range(singers):
            recording = Recording(_mp3(110.0 * 1.03**number, 8.0), a_cappella=True)
            await client.index_track(recording, TrackDescription(f"Singer {number}", "Song"))
        voice = await client.create_voice(_mp3(220.0, 8.0), subject="benchmark", statement="yes")
        stored = VoiceId(voice.voice_id)
        empty = await latencies_ms(client.get_model, calls)
        recommend = await latencies_ms(lambda: client.recommend_singers(stored), calls)
        for name, times in (("GetModel", empty), ("RecommendSingers, stored voice", recommend)):
            p50, p99 = np.percentile(times, [50, 99])
            print(f"{name:32} p50 {p50:6.2f} ms, p99 {p99:6.2f} ms")
        ratio = np.median(recommend) / np.median(empty)
        print(
            f"ratio of p50: {ratio:.1f}; p50 without the empty call: {np.median(recommend) - np.median(empty):.2f} ms"
        )
        recording = _mp3(220.0, 6.0)
        rates = [await per_second(lambda: client.embed(recording), callers, 48) for callers in (1, 8)]
        print(f"Embed, 6 s each: {rates[0]:.1f}/s with 1 caller, {rates[1]:.1f}/s with 8: {rates[1] / rates[0]:.2f}x")


def _mp3(f0_hz: float, duration_s: float) -> bytes:
    return encode(tone(duration_s, f0_hz=f0_hz), 44_100, "mp3", "libmp3lame")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--catalogue-singers", type=int, default=24)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, started_server(Path(folder)) as server:
        asyncio.run(measure(server.embedding, server.recommender, arguments.calls, arguments.catalogue_singers))


if __name__ == "__main__":
    main()
