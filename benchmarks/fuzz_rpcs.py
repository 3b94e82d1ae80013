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
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import grpc
from google.protobuf.message import Message
from grpc import aio

from singalike.client import AsyncClient, TrackDescription
from tests.support.fuzz import fuzzed_request
from tests.support.processes import ServerProcess, started_server
from tests.support.recordings import encode, tone
from tests.support.rpc_requests import CLIENT_STREAMS, SERVER_STREAMS, sound_requests
from tests.support.sung_takes import as_flac, take

FORBIDDEN = {grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL}
SLOW_METHODS = {"Embed", "EmbedBatch", "UploadEmbed", "IndexTrack", "CreateVoiceProfile"}
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
    # Of a call of many messages most must be sound for it to get anywhere.
    share = 0.8 if len(seeds) < 4 else 0.25

    async def one() -> None:
        nonlocal longest_s
        parts = [fuzzed_request(seed, draw) if draw.random() < share else seed.SerializeToString() for seed in seeds]
        if draw.random() < 0.1:
            draw.shuffle(parts)
        async with at_once:
            started = time.perf_counter()
            counts[await call_once(channel, path, parts)] += 1
            longest_s = max(longest_s, time.perf_counter() - started)

    await asyncio.gather(*(one() for _ in range(calls)))
    return counts, longest_s


async def make_requests(client: AsyncClient) -> dict[tuple[str, str], Sequence[Message]]:
    """Fill an empty server with a song, two voices and an ended conversion; answers sound requests about them."""
    audio = encode(tone(0.6), 16_000, "mp3", "libmp3lame")
    track = await client.index_track(
        encode(tone(6.0), 44_100, "mp3", "libmp3lame"), TrackDescription("Someone", "A song", "folk")
    )
    profile = await client.embed(audio)
    voice = await client.create_voice(profile, subject="somebody", statement="You may.")
    takes, reading = ([as_flac(take(8, number, 9.0)) for number in range(2)], as_flac(take(8, 2, 6.0)))
    phrase = await client.create_consent_phrase()
    target = await client.create_voice_profile(
        takes, reading, phrase_id=phrase.phrase_id, subject="somebody", statement="You may sing."
    )
    conversion = await client.create_conversion(track.track_id, target.voice_id)
    await client.cancel_conversion(conversion.conversion_id)
    return sound_requests(
        audio,
        profile,
        voice.voice_id,
        track.singer_id,
        target_id=target.voice_id,
        track_id=track.track_id,
        conversion_id=conversion.conversion_id,
        phrase_id=(await client.create_consent_phrase()).phrase_id,
    )


async def fuzz(server: ServerProcess, calls: int, seed: int, chosen: list[str]) -> bool:
    """Fuzz methods, all when none is chosen; answers whether all went well."""
    draw = random.Random(seed)  # noqa: S311  repeatable on purpose
    well = True
    addresses = {"Embedding": server.embedding, "Recommender": server.recommender, "Conversion": server.conversion}
    async with AsyncExitStack() as closing:
        client = await closing.enter_async_context(AsyncClient(*addresses.values(), deadline_s=120.0))
        channels = {
            name: await closing.enter_async_context(aio.insecure_channel(target)) for name, target in addresses.items()
        }
        for (service, method), seeds in (await make_requests(client)).items():
            if chosen and method not in chosen:
                continue
            path = f"/singalike.v1.{service}Service/{method}"
            count = max(calls // 20, 1) if method in SLOW_METHODS else calls
            channel = channels[service]
            started = time.perf_counter()
            counts, longest_s = await fuzz_method(channel, path, list(seeds), count, draw)
            well &= not FORBIDDEN & counts.keys() and longest_s < 5.0
            said = ", ".join(f"{code.name} {number}" for code, number in counts.most_common())
            rate = count / (time.perf_counter() - started)
            print(f"{method:19} {count:6} calls, {rate:6.0f}/s, longest {longest_s:5.2f} s: {said}", flush=True)
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
    keep = {"SINGALIKE_KEEP_SONGS": "true"}
    with tempfile.TemporaryDirectory() as folder, started_server(Path(folder), keep) as server:
        well = asyncio.run(fuzz(server, arguments.calls, arguments.seed, arguments.methods))
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()
