"""Search 100 000 segment vectors with the embedded index and with numpy, in one process, on one thread.

    OMP_NUM_THREADS=1 .venv/bin/python benchmarks/search.py

The vectors are drawn around singers, as segments are: 1 000 singers, each segment a singer's centre plus noise. Queries
are unseen segments of the same singers. "numpy" is the bare matrix product and selection; "exact" is our exact index.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from singalike.services.adapters.edge_index import EdgeIndex
from singalike.services.adapters.exact_index import ExactIndex
from singalike.services.ports import NO_FILTER, IndexFilter, IndexPoint, VoiceIndex

K = 10
SINGERS = 1_000
STYLE_DIM = 32
TURN = 20
Vectors = NDArray[np.float32]


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=115)
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--noise", type=float, default=1.0, help="of a segment, against the distance of singers")
    options = parser.parse_args()
    rng = np.random.default_rng(3)
    centres = rng.standard_normal((SINGERS, options.dim))
    timbre, queries = (draw(centres, count, options.noise, rng) for count in (options.points, options.queries))
    style = draw(np.zeros((SINGERS, STYLE_DIM)), options.points, 1.0, rng)
    points = make_points(timbre, style)
    exact = ExactIndex(options.dim, STYLE_DIM)
    exact.upsert(points)
    with tempfile.TemporaryDirectory() as folder:
        edge = EdgeIndex(Path(folder) / "index", options.dim, STYLE_DIM)
        ingest_s = timed(lambda: edge.upsert(points))
        mark_s, build_s = timed(lambda: edge.mark(1, "bench")), timed(edge.optimize)
        state_s = timed(edge.state)
        print(f"{options.points} x {options.dim}, k={K}, one thread, load {os.getloadavg()[0]:.1f}")
        print(f"edge: write {options.points / ingest_s:.0f} points/s, mark {mark_s:.2f} s, graph {build_s:.1f} s,")
        print(f"      count and checksum of all points {state_s:.1f} s")
        compare(edge, exact, timbre, queries)
        edge.close()


def compare(edge: VoiceIndex, exact: VoiceIndex, timbre: Vectors, queries: Vectors) -> None:
    """Print recall and times, without a filter and with filters of several widths."""
    print(f"{'':24}{'numpy ms':>10}{'exact ms':>10}{'edge ms':>10}{'recall@10':>11}{'numpy/edge':>12}")
    for name, where in (
        ("no filter", NO_FILTER),
        ("50 % (excluded singers)", IndexFilter(excluded_singer_ids=frozenset(f"s{i}" for i in range(0, SINGERS, 2)))),
        ("10 % (genre)", IndexFilter(genres=frozenset({"g1"}))),
        ("1 % (language)", IndexFilter(languages=frozenset({"l1"}))),
    ):
        found = [edge.search(query[None], "timbre", K, where)[0] for query in queries]
        right = [exact.search(query[None], "timbre", K, where)[0] for query in queries]
        hits = [
            len({hit.point_id for hit in a} & {hit.point_id for hit in b}) / max(1, len(b))
            for a, b in zip(found, right, strict=True)
        ]
        numpy_ms, exact_ms, edge_ms = medians_ms(
            queries,
            lambda query: search_numpy(timbre, query),
            lambda query, w=where: exact.search(query[None], "timbre", K, w),
            lambda query, w=where: edge.search(query[None], "timbre", K, w),
        )
        bare = f"{numpy_ms:10.2f}" if where is NO_FILTER else " " * 10
        ratio = f"{numpy_ms / edge_ms:11.1f}x" if where is NO_FILTER else ""
        print(f"{name:24}{bare}{exact_ms:10.2f}{edge_ms:10.3f}{np.mean(hits):11.4f}{ratio:>12}")


def search_numpy(timbre: Vectors, query: Vectors) -> NDArray[np.intp]:
    """Compare with every vector and take the ten best, best first."""
    similarity = timbre @ query
    best = np.argpartition(similarity, -K)[-K:]
    return best[np.argsort(-similarity[best])]


def draw(centres: NDArray[np.float64], count: int, noise: float, rng: np.random.Generator) -> Vectors:
    """Draw unit vectors around the centres."""
    vectors = centres[rng.integers(0, len(centres), count)] + noise * rng.standard_normal((count, centres.shape[1]))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def make_points(timbre: Vectors, style: Vectors) -> list[IndexPoint]:
    """Give every vector a singer, a track, and fields to filter by."""
    return [
        IndexPoint(
            point_id=number + 1,
            singer_id=f"s{number % SINGERS}",
            track_id=f"t{number % (10 * SINGERS)}",
            start_s=float(number % 100),
            end_s=float(number % 100) + 3.0,
            timbre=timbre[number],
            style=style[number],
            genre=f"g{number % 10}",
            language=f"l{number % 100}",
        )
        for number in range(len(timbre))
    ]


def timed(work: Callable[[], object]) -> float:
    """Return seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def medians_ms(queries: Vectors, *searches: Callable[[Vectors], object]) -> list[float]:
    """Return the median time of each search in ms; they take turns, so that a busy moment slows all of them."""
    times: list[list[float]] = [[] for _ in searches]
    for first in range(0, len(queries), TURN):
        for search, measured in zip(searches, times, strict=True):
            search(queries[first])  # to warm the caches that the one before has taken
            measured += [timed(lambda q=query, s=search: s(q)) for query in queries[first : first + TURN]]
    return [float(np.median(measured) * 1e3) for measured in times]


if __name__ == "__main__":
    main()
