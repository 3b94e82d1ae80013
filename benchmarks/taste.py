"""Time what is learnt from listeners, and count what it finds that the most popular tracks do not.

usage: python benchmarks/taste.py [--listeners 10000] [--singers 2000] [--tracks 10] [--events 30]

The listeners, singers and tracks are drawn: likings follow hidden tastes and a popularity of their own. A fifth of the
listeners is new: half of their tracks is folded in, the other half is to be found.
"""

import argparse
import os
import resource
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from threading import Thread

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender
from numpy.typing import NDArray

from singalike.recsys.catalogue_view import CatalogueView, TrackView, build_view
from singalike.recsys.collaborative import fit_taste_model, fold_in
from singalike.recsys.dislikes import aversion_of
from singalike.recsys.interactions import gather, one_row
from singalike.recsys.listener_events import read_attitude
from singalike.recsys.popularity import count_listeners, popularity_in
from singalike.services.listeners.listener_records import Exclusion, Feedback
from singalike.services.recommender.taste_keeper import TasteKeeper

warnings.filterwarnings("ignore", "Method expects CSR input")

TASTES, TIMBRE_DIM = 8, 64
KINDS = ("play", "finish", "like")
NOW = datetime(2025, 1, 1, tzinfo=UTC)


class DrawnHistory:
    """Events that were drawn, kept in memory."""

    def __init__(self, events: dict[str, list[Feedback]]) -> None:
        self.events = events
        self.changes = sum(map(len, events.values()))

    def events_of(self, listener_id: str, _now: datetime) -> tuple[Feedback, ...]:
        """Return a listener's events."""
        return tuple(self.events.get(listener_id, ()))

    def exclusions_of(self, _listener_id: str) -> tuple[Exclusion, ...]:
        """Nobody excludes anything."""
        return ()

    def walk_events(self, _now: datetime) -> Iterable[tuple[str, Feedback]]:
        """Walk over everybody's events."""
        return ((listener, event) for listener, events in self.events.items() for event in events)

    def listener_revision(self, _listener_id: str) -> int:
        """Return the only revision."""
        return 1

    def revision(self) -> int:
        """Return the number of changes."""
        return self.changes


def draw_view(options: argparse.Namespace, random: np.random.Generator) -> CatalogueView:
    """Draw a catalogue."""
    silent = np.zeros(8, dtype=np.float32)
    tracks = []
    for singer in range(options.singers):
        centre = random.standard_normal(TIMBRE_DIM)
        for take in range(options.tracks):
            timbre = centre + 0.8 * random.standard_normal(TIMBRE_DIM)
            timbre = np.asarray(timbre / np.linalg.norm(timbre), dtype=np.float32)
            name = f"{singer:05}"
            tracks.append(
                TrackView(
                    f"{name}-{take:03}", name, name, f"Song {singer} {take}", None, None, None, timbre, timbre, silent,
                    0.5, 30.0, np.zeros(128, dtype=np.float32),
                )
            )  # fmt: skip
    return build_view(tracks)


def draw_listening(
    view: CatalogueView, options: argparse.Namespace, random: np.random.Generator
) -> list[NDArray[np.intp]]:
    """Draw the tracks of every listener: the best of utility + Gumbel noise, a multinomial logit without return."""
    singers = random.standard_normal((len(view.singers), TASTES))
    tracks = 0.8 * singers[view.track_singer] + 0.6 * random.standard_normal((len(view.tracks), TASTES))
    appeal = (
        random.standard_normal(len(view.tracks)) + 0.7 * random.standard_normal(len(view.singers))[view.track_singer]
    )
    chosen = []
    for _ in range(options.listeners):
        utility = 1.5 / np.sqrt(TASTES) * (tracks @ random.standard_normal(TASTES)) + appeal
        count = int(np.clip(random.geometric(1 / options.events), 4, len(view.tracks) // 2))
        noisy = utility + random.gumbel(size=len(utility))
        chosen.append(random.permutation(np.argpartition(-noisy, count)[:count]))
    return chosen


def events_of(view: CatalogueView, rows: Sequence[int], random: np.random.Generator) -> list[Feedback]:
    """Do something with each of some tracks."""
    kinds = np.minimum(random.geometric(0.6, len(rows)) - 1, 2)
    return [
        Feedback("", KINDS[kind], view.tracks[row].track_id, "", NOW) for kind, row in zip(kinds, rows, strict=True)
    ]


def ndcg_at_10(scores: NDArray[np.float64], heard: NDArray[np.intp], wanted: NDArray[np.intp]) -> float:
    """Score the ten best tracks that were not heard yet."""
    scores = np.where(np.isnan(scores), -1.0, scores)
    scores[heard] = -2.0
    gains = 1.0 / np.log2(np.arange(2, 12))
    found = np.isin(np.argsort(-scores, kind="stable")[:10], wanted)
    return float((found * gains).sum() / gains[: len(wanted)].sum())


def timed(work: Callable[[], object]) -> tuple[float, object]:
    """Return seconds and what came of it."""
    start = time.perf_counter()
    made = work()
    return time.perf_counter() - start, made


def percentiles_ms(work: Callable[[int], object], repeats: int) -> str:
    """Describe p50 and p99 of a call."""
    times = [timed(lambda call=call: work(call))[0] for call in range(repeats)]  # type: ignore[misc]
    return f"p50 {1000 * np.percentile(times, 50):.2f} ms, p99 {1000 * np.percentile(times, 99):.2f} ms"


def report_quality(
    view: CatalogueView,
    old: dict[str, list[Feedback]],
    new: list[NDArray[np.intp]],
    random: np.random.Generator,
) -> None:
    """Print how well new listeners are served, beside what is popular and what is heard by the same listeners."""
    interactions = gather(map(read_attitude, old.values()), view)
    model = fit_taste_model(interactions)
    assert model is not None
    popular = popularity_in(view, count_listeners(interactions)).tracks
    of_tracks = interactions.table[:, : len(view.tracks)]
    neighbours = {"item-item cosine": CosineRecommender(K=100, num_threads=1),
                  "item-item BM25": BM25Recommender(K=100, num_threads=1)}  # fmt: skip
    for each in neighbours.values():
        each.fit(of_tracks, show_progress=False)
    figures: dict[str, list[float]] = {name: [] for name in ("collaborative", "most popular", *neighbours)}
    for rows in new:
        heard, wanted = rows[len(rows) // 2 :], rows[: len(rows) // 2]
        attitude = read_attitude(events_of(view, heard.tolist(), random))
        liked = one_row(attitude.liked, view)[:, : len(view.tracks)]
        scores = {"collaborative": fold_in(model, attitude).tracks, "most popular": popular}
        scores |= {name: np.asarray((liked @ each.similarity).todense()).ravel() for name, each in neighbours.items()}
        for name, score in scores.items():
            figures[name].append(ndcg_at_10(score, heard, wanted))
    listed = ", ".join(f"{name} {np.mean(values):.3f}" for name, values in figures.items())
    print(f"NDCG@10 of {len(new)} new listeners: {listed}")


def report_times(view: CatalogueView, events: dict[str, list[Feedback]]) -> None:
    """Print what learning costs."""
    gather_s, interactions = timed(lambda: gather(map(read_attitude, events.values()), view))
    fit_s, model = timed(lambda: fit_taste_model(interactions))  # type: ignore[arg-type]
    print(f"refit: {gather_s:.2f} s to gather {interactions.event_count} events, {fit_s:.2f} s to fit")  # type: ignore[attr-defined]
    attitudes = [read_attitude(each) for each in list(events.values())[:200]]
    averse = [read_attitude([Feedback("", "dislike", event.track_id, "", NOW) for event in each[:10]])
              for each in list(events.values())[:200]]  # fmt: skip
    print(f"fold in: {percentiles_ms(lambda call: fold_in(model, attitudes[call % 200]), 600)}")  # type: ignore[arg-type]
    print(f"ten dislikes: {percentiles_ms(lambda call: aversion_of(averse[call % 200], view, model), 200)}")  # type: ignore[arg-type]


def report_beside(view: CatalogueView, events: dict[str, list[Feedback]]) -> None:
    """Print how long listeners wait for their taste, with and without a refit beside them."""
    history, listeners = DrawnHistory(events), list(events)
    refits: list[Thread] = []

    def beside(refit: Callable[[], object]) -> None:
        refits.append(Thread(target=refit, daemon=True))
        refits[-1].start()

    rested_s = 0.0
    keeper = TasteKeeper(history, lambda: NOW, beside, lambda: time.monotonic() + rested_s)

    def ask(call: int) -> object:
        return keeper.taste(listeners[call % len(listeners)], view)

    keeper.follow(view)
    refits[-1].join()
    print(f"a listener's taste, one after the other: {percentiles_ms(ask, 600)}")
    history.changes *= 2
    rested_s = 3600.0
    waits: list[float] = []
    call = 600
    while len(refits) == 1 or refits[-1].is_alive():
        wait_s = timed(partial(ask, call))[0]
        waits += [1000 * wait_s] if len(refits) > 1 else []
        call += 1
    p50, p99 = np.percentile(waits, [50, 99])
    print(f"the same beside a refit: p50 {p50:.2f} ms, p99 {p99:.2f} ms, worst {max(waits):.1f} ms of {len(waits)}")


def main() -> None:
    """Draw everything, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listeners", type=int, default=10_000)
    parser.add_argument("--singers", type=int, default=2000)
    parser.add_argument("--tracks", type=int, default=10)
    parser.add_argument("--events", type=int, default=30)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    view = draw_view(options, random)
    listening = draw_listening(view, options, random)
    old = {
        f"listener-{number:06}": events_of(view, rows.tolist(), random)
        for number, rows in enumerate(listening)
        if number % 5
    }
    print(f"{len(old)} listeners, {len(view.tracks)} tracks of {len(view.singers)} singers")
    report_times(view, old)
    report_beside(view, old)
    report_quality(view, old, listening[::5], random)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10:.0f} MB")


if __name__ == "__main__":
    main()
