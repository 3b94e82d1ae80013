"""RecommendSongs for stored voices under load: python -m benchmarks.recommend_load [--segments 100000] [--rate 100].

Fills a catalogue with random singers, starts `singalike serve all` on it as one process and calls it from this one:

- requests at a fixed rate, whatever comes back (an open loop: a slow answer does not spare the next one), timed from
  the moment when each was due; a refused one counts as never answered. "the same again": few different requests, as
  from people who come back. "each one new": no two are alike, so that no reply can be one that was kept;
- as many requests as the server takes from 8 callers, against GetModel, which does nothing, through the same stages.

Replies are not parsed here, so that the caller, who has the other core, does not set the pace.
"""

import argparse
import asyncio
import itertools
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import numpy as np
from grpc import StatusCode, aio
from rich.progress import track

from benchmarks.recommend_core import profile
from singalike.embeddings.encoder import VoiceEncoder
from singalike.services.adapters.sql_catalogue import SqlCatalogue
from singalike.services.records import TrackInfo
from singalike.v1 import embedding_service_pb2, suggestions_pb2
from singalike.v1 import recommender_service_pb2 as pb
from tests.support.catalogue_entries import CONSENT, sha
from tests.support.processes import started_server

RECOMMEND = "/singalike.v1.RecommenderService/RecommendSongs"
GET_MODEL = "/singalike.v1.EmbeddingService/GetModel"
GRAPH_S = 600.0
SEGMENTS_PER_TRACK, TRACKS_PER_SINGER, VOICES, CALLERS = 40, 5, 50, 8
GENRES, LANGUAGES = ("folk", "pop", "rock", "jazz"), ("en", "ko")

Call: TypeAlias = "aio.UnaryUnaryMultiCallable[bytes, bytes]"


def fill(data_dir: Path, segments: int) -> list[str]:
    """Write a catalogue with so many segments and `VOICES` enrolled voices; returns their ids."""
    ear = VoiceEncoder.load(device="cpu")
    dims = (ear.timbre_dim, ear.style_dim, ear.melody_dim)
    random = np.random.default_rng(0)
    catalogue = SqlCatalogue(f"sqlite:///{data_dir / 'catalogue.db'}")
    singers = max(1, segments // (SEGMENTS_PER_TRACK * TRACKS_PER_SINGER))
    for singer in track(range(singers), "singers", transient=True):
        centre = random.standard_normal(dims[0]) / np.sqrt(dims[0])
        for take in range(TRACKS_PER_SINGER):
            info = TrackInfo(f"Singer {singer}", f"Song {singer} {take}", GENRES[singer % 4], LANGUAGES[take % 2])
            made = profile(random, centre, SEGMENTS_PER_TRACK, ear.model_version, dims)
            catalogue.add_track(info, sha(singer * TRACKS_PER_SINGER + take), 120.0, "identity", made)
    voices = []
    for _ in range(VOICES):
        centre = random.standard_normal(dims[0]) / np.sqrt(dims[0])
        voices.append(catalogue.add_voice(profile(random, centre, 10, ear.model_version, dims), CONSENT).voice_id)
    catalogue.close()
    return voices


def requests(voices: list[str], *, new: bool) -> Iterator[bytes]:
    """Write requests: each voice again and again, or with another seed for ties each time."""
    for number in itertools.count():
        options = suggestions_pb2.SuggestionOptions(k=10, random_seed=number if new else 0)
        yield pb.RecommendSongsRequest(voice_id=voices[number % len(voices)], options=options).SerializeToString()


def await_graph(log: Path) -> None:
    """Wait until the server has built the search graph, which it does beside the calls and keeps."""
    give_up = time.monotonic() + GRAPH_S
    while "index_optimized" not in log.read_text("utf-8"):
        assert time.monotonic() < give_up, "no search graph was built"
        time.sleep(0.2)


async def timed_at_rate(call: Call, bodies: Iterator[bytes], rate: float, count: int) -> np.ndarray:
    """Send requests at a fixed rate; ms from when each was due to its answer, shape (count,)."""
    started = time.perf_counter()
    took_ms = np.zeros(count)

    async def one(number: int, body: bytes) -> None:
        try:
            await call(body)
            took_ms[number] = (time.perf_counter() - started - number / rate) * 1000
        except aio.AioRpcError as error:
            if error.code() != StatusCode.RESOURCE_EXHAUSTED:
                raise
            took_ms[number] = np.inf

    pending = []
    for number in range(count):
        await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
        pending.append(asyncio.create_task(one(number, next(bodies))))
    await asyncio.gather(*pending)
    return took_ms


async def per_second(call: Call, bodies: Iterator[bytes], count: int) -> float:
    """Keep `CALLERS` callers busy; answers a second."""
    left = itertools.islice(bodies, count)

    async def caller() -> None:
        for body in left:
            await call(body)

    started = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    return count / (time.perf_counter() - started)


async def measure(embedding: str, recommender: str, voices: list[str], rate: float, seconds: float) -> None:
    """Measure and print."""
    async with aio.insecure_channel(embedding) as ears, aio.insecure_channel(recommender) as ranks:
        songs, empty = ranks.unary_unary(RECOMMEND), ears.unary_unary(GET_MODEL)
        reply = await songs(next(requests(voices, new=False)))
        print(f"a reply holds {len(pb.RecommendSongsResponse.FromString(reply).songs)} songs in {len(reply)} bytes")
        for name, new in (("the same again", False), ("each one new", True)):
            bodies = requests(voices, new=new)
            await per_second(songs, bodies, 2 * VOICES)
            p50, p99 = np.percentile(
                await timed_at_rate(songs, bodies, rate, round(rate * seconds)), [50, 99], method="higher"
            )
            print(f"RecommendSongs at {rate:g}/s, {name:15} p50 {p50:6.2f} ms, p99 {p99:6.2f} ms")
        nothing = itertools.repeat(embedding_service_pb2.GetModelRequest().SerializeToString())
        await per_second(empty, nothing, 500)
        most = await per_second(empty, nothing, 4000)
        print(f"GetModel, {CALLERS} callers: {most:.0f}/s")
        for name, new in (("the same again", False), ("each one new", True)):
            reached = await per_second(songs, requests(voices, new=new), 2000)
            print(f"RecommendSongs, {CALLERS} callers, {name:15} {reached:.0f}/s, {reached / most:.0%} of GetModel")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, default=100_000)
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--folder", type=Path, help="keep the catalogue here, and take it from here the next time")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = arguments.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ids = folder / "voices.txt"
        if not ids.exists():
            (folder / "data").mkdir(parents=True)
            ids.write_text("\n".join(fill(folder / "data", arguments.segments)), "utf-8")
        (folder / "ports.json").unlink(missing_ok=True)
        # One thread of arithmetic: threads of one call would take the other core from the caller.
        server = stack.enter_context(started_server(folder, {**os.environ, "OMP_NUM_THREADS": "1"}))
        await_graph(server.log)
        asyncio.run(
            measure(
                server.embedding, server.recommender, ids.read_text("utf-8").split(), arguments.rate, arguments.seconds
            )
        )


if __name__ == "__main__":
    main()
