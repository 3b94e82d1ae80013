"""Time a recommendation for a stored voice in this process: ranking alone, and with the index.

usage: python benchmarks/recommend_core.py [--singers 2000] [--tracks 5] [--segments 10] [--index edge|exact|none]

The vectors are random around random singers. "none" answers searches with prepared hits, so that only ranking is timed.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from singalike.audio.quality import QualityReport
from singalike.embeddings.profile import MIDI_PITCHES, Segments, Vectors, VocalRange, VoiceProfile
from singalike.services.ports import NO_FILTER, IndexFilter, IndexHit, IndexPoint
from singalike.services.recommender.recommend import Recommender, RecommendOptions
from singalike.services.records import Page, Track, TrackInfo, TrackWithProfile

Dims = tuple[int, int, int]
DIMS: Dims = (256, 128, 512)
TIMBRE_DIM, STYLE_DIM, _ = DIMS
MODEL = "benchmark"


def unit(rows: np.ndarray) -> Vectors:
    """Scale rows to length one."""
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), dtype=np.float32)


def profile(
    random: np.random.Generator, centre: np.ndarray, segments: int, ear: str = MODEL, dims: Dims = DIMS
) -> VoiceProfile:
    """Draw a recording of the singer whose timbre is `centre`, (timbre_dim,), as an ear of these dims tells it."""
    timbre = unit(centre + 0.8 * random.standard_normal((segments, dims[0])) / np.sqrt(dims[0]))
    style, melody = (unit(random.standard_normal((segments, dim))) for dim in dims[1:])
    starts = np.arange(segments) * 3.0
    low = float(random.integers(45, 62))
    histogram = np.zeros(MIDI_PITCHES, dtype=np.float32)
    histogram[int(low) : int(low) + 9] = random.uniform(1, 5, 9)
    return VoiceProfile(
        *(unit(part.mean(axis=0)) for part in (timbre, style, melody)),
        Segments(starts, starts + 3.0, timbre, style, melody),
        float(random.uniform()),
        VocalRange(low, low + 8, (low + 1, low + 7), float(histogram.sum()), histogram),
        QualityReport(3.0 * segments, 2.0 * segments, 30.0, 0.0, more_than_one_voice=False, advice=()),
        ear,
    )


class ListedCatalogue:
    """A catalogue that never changes."""

    def __init__(self, tracks: Sequence[TrackWithProfile]) -> None:
        self.tracks = tracks

    def revision(self) -> int:
        """Return the only revision."""
        return 1

    def iterate_tracks(self, _model_version: str) -> Sequence[TrackWithProfile]:
        """Return all tracks."""
        return self.tracks

    def list_tracks(self, *_: object) -> Page[Track]:
        """Return their number."""
        return Page((), "", len(self.tracks))


class PreparedIndex:
    """Answers every search with the same hits."""

    def __init__(self, points: Sequence[IndexPoint]) -> None:
        self._points = points[:: max(1, len(points) // 400)]

    def search(
        self, vectors: Vectors, _space: str, limit: int, _where: IndexFilter = NO_FILTER
    ) -> list[list[IndexHit]]:
        """Return prepared hits."""
        return [
            [
                IndexHit(
                    point.point_id, point.singer_id, point.track_id, point.start_s, point.end_s, 0.9 - place / limit
                )
                for place, point in enumerate(self._points[query * limit : (query + 1) * limit])
            ]
            for query in range(len(vectors))
        ]


def make_tracks(options: argparse.Namespace, random: np.random.Generator) -> list[TrackWithProfile]:
    """Draw all tracks."""
    tracks = []
    for singer in range(options.singers):
        centre = random.standard_normal(TIMBRE_DIM) / np.sqrt(TIMBRE_DIM)
        for take in range(options.tracks):
            made = profile(random, centre, options.segments)
            info = TrackInfo(f"Singer {singer}", f"Song {singer} {take}")
            track_id = f"{singer:06}{take:04}"
            tracks.append(
                TrackWithProfile(
                    Track(track_id, f"singer-{singer}", info, track_id, 30.0, "identity", MODEL, 1, datetime.now(UTC)),
                    made,
                )
            )
    return tracks


def make_points(tracks: Sequence[TrackWithProfile]) -> list[IndexPoint]:
    """List all segments."""
    points: list[IndexPoint] = []
    for item in tracks:
        parts = item.profile.segments
        for row in range(len(parts)):
            points.append(
                IndexPoint(
                    len(points) + 1,
                    item.track.singer_id,
                    item.track.track_id,
                    float(parts.start_s[row]),
                    float(parts.end_s[row]),
                    parts.timbre[row],
                    parts.style[row],
                )
            )
    return points


def build_index(kind: str, points: Sequence[IndexPoint], folder: Path) -> Any:
    """Fill the index that was asked for."""
    if kind == "none":
        return PreparedIndex(points)
    if kind == "exact":
        from singalike.services.adapters.exact_index import ExactIndex

        index: Any = ExactIndex(TIMBRE_DIM, STYLE_DIM)
    else:
        from singalike.services.adapters.edge_index import EdgeIndex

        index = EdgeIndex(folder, TIMBRE_DIM, STYLE_DIM)
    for start in range(0, len(points), 5000):
        index.upsert(points[start : start + 5000])
    index.mark(1, MODEL)
    index.optimize()
    return index


def percentiles_ms(work: Callable[[int], object], repeats: int) -> tuple[float, float]:
    """Return p50 and p99 in ms after 20 warm-up calls."""
    for call in range(20):
        work(call)
    times = []
    for call in range(repeats):
        start = time.perf_counter()
        work(call)
        times.append(1000 * (time.perf_counter() - start))
    return float(np.percentile(times, 50)), float(np.percentile(times, 99))


def main() -> None:
    """Print what a view costs to build and a recommendation to make."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--singers", type=int, default=2000)
    parser.add_argument("--tracks", type=int, default=5)
    parser.add_argument("--segments", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=300)
    parser.add_argument("--index", choices=["edge", "exact", "none"], default="none")
    options = parser.parse_args()
    random = np.random.default_rng(0)
    tracks = make_tracks(options, random)
    points = make_points(tracks)
    with tempfile.TemporaryDirectory() as folder:
        index = build_index(options.index, points, Path(folder))
        recommender = Recommender(ListedCatalogue(tracks), index, MODEL)  # type: ignore[arg-type]
        start = time.perf_counter()
        recommender.refresh()
        print(f"{options.singers} singers, {len(tracks)} tracks, {len(points)} segments; view built in "
              f"{time.perf_counter() - start:.2f} s")  # fmt: skip
        voices = [profile(random, random.standard_normal(TIMBRE_DIM) / 16, 10) for _ in range(20)]
        for name, work in (
            ("recommend", recommender.recommend),
            ("recommend_singers", recommender.recommend_singers),
            ("recommend_songs", recommender.recommend_songs),
        ):
            p50, p99 = percentiles_ms(
                lambda call, work=work: work(voices[call % 20], RecommendOptions()), options.repeats
            )  # type: ignore[misc]
            print(f"{name:18} index={options.index:5} p50 {p50:6.2f} ms  p99 {p99:6.2f} ms")
        index.close() if hasattr(index, "close") else None


if __name__ == "__main__":
    main()
