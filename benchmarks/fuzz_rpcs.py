"""Send every method requests changed at random: python -m benchmarks.fuzz_rpcs [--calls 10000] [--seed 0].

Starts `singalike serve all` as a process on an empty data folder, so that the real ear, decoder, catalogue and index
answer. Prints the statuses of each method; exits with 1 when one was UNKNOWN or INTERNAL, took over 5 s or the server
died.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import grpc
from google.protobuf.message import Message
from grpc import aio

from singalike.client import AsyncClient, TrackDescription
from tests.support.fuzz import fuzzed_request
from tests.support.processes import started_server
from tests.support.recordings import encode, tone
from tests.support.rpc_requests import CLIENT_STREAMS, SERVER_STREAMS, sound_requests

FORBIDDEN = {grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL}
SLOW_METHODS = {"Embed", "EmbedBatch", "UploadEmbed", "IndexTrack"}
"""Most of their requests reach the ear, which takes a while each."""
DEADLINE_S = 30.0


async def call_once(channel: aio.Channel, path: str, parts: list[bytes]) -> grpc.StatusCode:
    """Send raw bytes as one call; answers how it ended."""
    method = path.rpartition("/")[2]
    try:
        if method in SERVER_STREAMS and method in CLIENT_STREAMS:
            async for _ in channel.stream_stream(path)(iter(parts), timeout=DEADLINE_S):
                pass
        elif method in SERVER_STREAMS:
            async for _ in channel.unary_stream(path)(parts[0], timeout=DEADLINE_S):
                pass
        elif method in CLIENT_STREAMS:
            await channel.stream_unary(path)(iter(parts), timeout=DEADLINE_S)
        else:
            await channel.unary_unary(path)(parts[0], timeout=DEADLINE_S)
    except aio.AioRpcError as error:
        return error.code()
    return grpc.StatusCode.OK


async def fuzz_method(
    channel: aio.Channel, path: str, seeds: list[Message], calls: int, draw: random.Random
) -> tuple[Counter[grpc.StatusCode], float]:
    """Call one method many times, a few at once; answers the statuses and the longest time in seconds."""
    counts: Counter[grpc.StatusCode] = Counter()
    longest_s, at_once = 0.0, asyncio.Semaphore(4)

    async def one() -> None:
        nonlocal longest_s
        parts = [fuzzed_request(seed, draw) if draw.random() < 0.8 else seed.SerializeToString() for seed in seeds]
        if draw.random() < 0.1:
            draw.shuffle(parts)
        async with at_once:
            started = time.perf_counter()
            counts[await call_once(channel, path, parts)] += 1
            longest_s = max(longest_s, time.perf_counter() - started)

    await asyncio.gather(*(one() for _ in range(calls)))
    return counts, longest_s


async def fuzz(embedding: str, recommender: str, calls: int, seed: int, chosen: list[str]) -> bool:
    """Fuzz methods, all when none is chosen; answers whether all went well."""
    draw = random.Random(seed)  # noqa: S311  repeatable on purpose
    audio = encode(tone(0.6), 16_000, "mp3", "libmp3lame")
    well = True
    async with (
        AsyncClient(embedding, recommender) as client,
        aio.insecure_channel(embedding) as ears,
        aio.insecure_channel(recommender) as ranks,
    ):
        track = await client.index_track(
            encode(tone(6.0), 44_100, "mp3", "libmp3lame"), TrackDescription("Someone", "A song", "folk")
        )
        profile = await client.embed(audio)
        voice = await client.create_voice(profile, subject="somebody", statement="You may.")
        requests = sound_requests(audio, profile, voice.voice_id, track.singer_id)
        for (service, method), seeds in requests.items():
            if chosen and method not in chosen:
                continue
            path = f"/singalike.v1.{service}Service/{method}"
            count = max(calls // 20, 1) if method in SLOW_METHODS else calls
            channel = ears if service == "Embedding" else ranks
            started = time.perf_counter()
            counts, longest_s = await fuzz_method(channel, path, list(seeds), count, draw)
            well &= not FORBIDDEN & counts.keys() and longest_s < 5.0
            said = ", ".join(f"{code.name} {number}" for code, number in counts.most_common())
            rate = count / (time.perf_counter() - started)
            print(f"{method:17} {count:6} calls, {rate:6.0f}/s, longest {longest_s:5.2f} s: {said}", flush=True)
        alive = (await client.get_model()).model_version
    print(f"server alive ({alive}); UNKNOWN or INTERNAL or over 5 s: {'none' if well else 'SOME'}")
    return well


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000, help="calls of each quick method; a 20th of slow ones")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--methods", nargs="*", default=[], help="only these, by name")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, started_server(Path(folder)) as server:
        well = asyncio.run(
            fuzz(server.embedding, server.recommender, arguments.calls, arguments.seed, arguments.methods)
        )
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
