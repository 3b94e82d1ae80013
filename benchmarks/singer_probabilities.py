"""How good are the probabilities of singers, beside what else could have been chosen.

usage: python benchmarks/singer_probabilities.py --data FOLDER [--cache FOLDER]

FOLDER holds manifest.csv and recordings that nothing was trained on. Printed for each set: cross entropy in nats with
its 95 % interval over singers, top 1, top 5 and calibration error, with all tracks and with one track of each singer;
and whether singers who are not in the catalogue are noticed. Then what the prior temperature rests on: the cross
entropy of the second halves of speech with use=train among the first halves. At last, how long a fit to 99 000 tracks
of 3 000 singers takes.
"""

import argparse
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from singalike.audio.sound import Sound
from singalike.embeddings.evaluation.bench import Bench, Hearing, Method
from singalike.embeddings.evaluation.conditions import SAMPLE_RATE
from singalike.embeddings.evaluation.recordings import read_measured
from singalike.embeddings.evaluation.section import Figure, Section
from singalike.embeddings.evaluation.vector_cache import VectorCache
from singalike.embeddings.profile import Vectors
from singalike.recsys.medoids import unit_rows
from singalike.recsys.probability_figures import Rows
from singalike.recsys.singer_classifier import fit_singer_classifier
from singalike.recsys.singer_evaluation import CONTENDERS, evaluate_singers
from singalike.services import bootstrap
from singalike.services.settings import read_settings

DEFAULT_TEMPERATURE = 0.1
TEMPERATURES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
HALVES = {0: "timbre-first-half", 1: "timbre-second-half"}
SINGERS, TRACKS, DIM = 3000, 33, 115


def fitted_cosines(tracks: Vectors, first_track: Rows, queries: Vectors) -> NDArray[np.float64]:
    """Softmax of centred cosines, its temperature fitted by leaving tracks out; .1 where no singer has two."""
    sizes = np.diff([*first_track, len(tracks)])
    singer = np.repeat(np.arange(len(sizes)), sizes)
    mean = (np.add.reduceat(tracks, first_track) / sizes[:, None]).mean(axis=0)
    centred = unit_rows(tracks - mean).astype(np.float64)
    sums = np.add.reduceat(centred, first_track)
    rows = np.flatnonzero(sizes[singer] > 1)
    left_out = centred[rows] @ unit_rows(sums).T.astype(np.float64)
    own = unit_rows(sums[singer[rows]] - centred[rows])
    left_out[np.arange(len(rows)), singer[rows]] = np.einsum("nd,nd->n", centred[rows], own)

    def loss(log_temperature: float) -> float:
        found = log_softmax(left_out / np.exp(log_temperature), axis=1)
        return float(-found[np.arange(len(rows)), singer[rows]].mean())

    bounds = (np.log(0.005), np.log(2.0))
    temperature = np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x) if len(rows) else DEFAULT_TEMPERATURE
    cosines = unit_rows(queries - mean) @ unit_rows(sums).T
    return np.asarray(log_softmax(cosines.astype(np.float64) / temperature, axis=1))


def logistic_regression(tracks: Vectors, first_track: Rows, queries: Vectors) -> NDArray[np.float64]:
    """Multinomial logistic regression with balanced classes, C = 100 (the best of 1, 10 and 100 on these sets)."""
    sizes = np.diff([*first_track, len(tracks)])
    singer = np.repeat(np.arange(len(sizes)), sizes)
    with warnings.catch_warnings():  # that singers of one track look like a regression
        warnings.simplefilter("ignore", UserWarning)
        model = LogisticRegression(C=100.0, class_weight="balanced", max_iter=300).fit(tracks, singer)
    return np.asarray(model.predict_log_proba(queries))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=None, help="keep vectors here between runs")
    options = parser.parse_args()
    settings = read_settings(device="cpu")
    contenders = {
        **CONTENDERS,
        "cosines, temperature fitted": fitted_cosines,
        "logistic regression": logistic_regression,
    }
    with bootstrap.build_decoder(settings) as decoder:
        bench = Bench(
            folder=read_measured(options.data),
            encoder=bootstrap.load_encoder(settings),
            decode=decoder.decode,
            cache=VectorCache(options.cache),
            progress=silent,
            say=print,
        )
        print_sections(evaluate_singers(bench, contenders))
        print_prior(bench)
    print(f"fit to {SINGERS * TRACKS} tracks of {SINGERS} singers: {time_fit():.1f} s of one thread")


def print_prior(bench: Bench) -> None:
    """Ask for the second half of each training recording among the first halves, at several temperatures."""
    recordings = [one for one in bench.folder.recordings if one.use == "train" and one.kind == "speech"]
    methods = {name: Method(partial(embed_half, place), bench.encoder.model_version) for place, name in HALVES.items()}
    halves = bench.embed(recordings, methods)
    first, second = (halves.matrix(name) for name in HALVES.values())
    classifier = fit_singer_classifier(first, np.arange(len(first)))
    points = classifier.spread.whiten(second)
    densities = classifier.spread.log_densities(points, classifier.centroids, classifier.counts)
    print(f"\nprior: {len(first)} recordings cut in two; temperature: cross entropy")
    for temperature in TEMPERATURES:
        surprise = -np.diagonal(log_softmax(densities / temperature, axis=1))
        print(f"{temperature:g}: {surprise.mean():.3f}")


def embed_half(place: int, heard: Hearing) -> Vectors:
    """Embed one half of a recording."""
    half = np.array_split(heard.waveform, 2)[place]
    return heard.encoder.timbre.embed(heard.encoder.voice_frames(Sound(half[None], SAMPLE_RATE)))


@contextmanager
def silent(_title: str, _steps: int) -> Iterator[Callable[[], None]]:
    """Show no progress."""
    yield lambda: None


def print_sections(sections: Sequence[Section]) -> None:
    """Print each section as a Markdown table."""
    for section in sections:
        names = list(dict.fromkeys(name for row in section.rows for name in row.figures))
        print(f"\n{section.title}\n\n| recordings | method | n | {' | '.join(names)} |")
        print(f"|---|---|---{'|---' * len(names)}|")
        for row in section.rows:
            shown = [format_figure(row.figures[name]) if name in row.figures else "" for name in names]
            print(f"| {row.recordings} | {row.method} | {row.count} | {' | '.join(shown)} |")
        for note in section.notes:
            print(note)


def format_figure(figure: Figure) -> str:
    """Write a figure with its interval."""
    interval = "" if figure.low is None or figure.high is None else f" ({figure.low:.3f}-{figure.high:.3f})"
    return f"{figure.value:.3f}{interval}"


def time_fit() -> float:
    """Time a fit to random singers, in seconds of processor time."""
    random = np.random.default_rng(0)
    centres = np.repeat(random.standard_normal((SINGERS, DIM)), TRACKS, axis=0)
    tracks = unit_rows(centres + random.standard_normal(centres.shape))
    started = time.process_time()
    fit_singer_classifier(tracks, np.arange(SINGERS) * TRACKS)
    return time.process_time() - started


if __name__ == "__main__":
    main()
