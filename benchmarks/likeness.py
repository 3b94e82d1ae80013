"""How honest likeness is, when naming nobody is right, and what corrections of hubs do.

usage: python benchmarks/likeness.py --data FOLDER [--cache FOLDER]

FOLDER holds manifest.csv. First, on speech with use=train alone, what the constants rest on: how far halves and
segments of a recording differ, how often the first name holds as the clear voice gets shorter, and which contrast
recordings have that are clean or drowned in noise. Then, for each measured set, singer by singer left out of the
catalogue: the share of strangers who are told to be closer than 50, 90 and 98 % of pairs (right: 50, 10 and 2 %), how
often the 90 % interval of one recording holds what the singer's other recordings say, the share of recordings without
names for lack of contrast, and by how many deviations recordings of one singer differ. At last hubs, where each singer
has several songs: one half of the songs is asked among the singers of the other half; printed are the skewness of
k-occurrence (0: nobody is near to too many), the most frequent singer over the mean, and hits and mean average
precision, by correction.
"""

import argparse
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.stats import skew

from singalike.audio.sound import Waveform
from singalike.embeddings.evaluation.bench import Bench, Hearing, Method
from singalike.embeddings.evaluation.conditions import SAMPLE_RATE, Condition
from singalike.embeddings.evaluation.recordings import Recording, read_measured
from singalike.embeddings.evaluation.vector_cache import VectorCache
from singalike.embeddings.profile import Vectors
from singalike.recsys.abstention import LEAST_CONTRAST, LEAST_VOICED_S, contrast
from singalike.recsys.medoids import trimmed_centroid, unit_rows
from singalike.recsys.ranking_metrics import average_precisions, first_ranks, hits_at, rank
from singalike.recsys.vector_space import CENTROID_SHARE, VectorSpace, build_space
from singalike.recsys.voice_likeness import closer_than, voice_likeness
from singalike.services import bootstrap
from singalike.services.settings import read_settings

CUTS_S = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
VOICED_STEPS_S = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 9.0)
CONTRAST_STEPS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 2.0)
NOISES_DB = (10.0, 0.0, -10.0)
NAMES = 10
ENOUGH_VOICED_S = 7.0
HUB_NEIGHBOURS = 5
COHORT_NEIGHBOURS = 10
ASKED_OF_SINGER = 12

Table = NDArray[np.float64]


def describe(heard: Hearing) -> Vectors:
    """Stack the timbre of a recording and of its segments, with its seconds of clear voice in one more column."""
    profile = heard.profile
    rows = np.vstack([profile.timbre, profile.segments.timbre])
    return np.hstack([rows, np.full((len(rows), 1), profile.quality.voiced_s, dtype=np.float32)])


def half(place: int, seconds: float, waveform: Waveform, _rng: Generator) -> Waveform:
    """Keep the first or second half of a recording, or the first seconds of it."""
    part = np.array_split(waveform, 2)[place]
    return part[: round(seconds * SAMPLE_RATE)] if seconds else part


def noisy(colour: str, level_db: float, waveform: Waveform, rng: Generator) -> Waveform:
    """Put the second half of a recording so many dB above white noise, pink noise or chords."""
    voice = half(1, 0.0, waveform, rng)
    noise = rng.standard_normal(len(voice))
    if colour == "pink":
        spectrum = np.fft.rfft(noise)
        noise = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 1.0), len(voice))
    if colour == "chord":
        time_s = np.arange(len(voice)) / SAMPLE_RATE
        notes = 110.0 * 2.0 ** (rng.integers(0, 24, 3) / 12)
        noise = sum(np.sin(2 * np.pi * note * time_s * place) / place for note in notes for place in range(1, 12))
    gain = np.sqrt(np.mean(voice**2) / np.mean(noise**2)) * 10.0 ** (-level_db / 20.0)
    mixed = voice + gain * noise
    return np.asarray(0.7 * mixed / np.abs(mixed).max(), dtype=np.float32)


def embed(bench: Bench, recordings: Sequence[Recording], condition: Condition | None = None) -> dict[str, Vectors]:
    """Describe recordings, by name; those that are refused are left out."""
    methods = {"likeness": Method(describe, bench.encoder.model_version)}
    given = {} if condition is None else {"condition": condition}
    found = bench.embed(recordings, methods, **given)
    return dict(zip([one.name for one in found.recordings], found.arrays["likeness"], strict=True))


def timbre(described: Vectors) -> Vectors:
    """Return the timbre of the whole recording."""
    return described[0, :-1]


def space_of(described: Sequence[Vectors], singers: NDArray[np.intp]) -> VectorSpace:
    """Gather recordings, grouped by singer, into a space."""
    first = np.flatnonzero(np.r_[True, singers[1:] != singers[:-1]])
    return build_space(np.stack([timbre(one) for one in described]), np.ones(len(described)), first)


def measure_training_voices(bench: Bench) -> None:
    """Print what the constants rest on."""
    speech = [one for one in bench.folder.recordings if one.use == "train" and one.kind == "speech"]
    whole = embed(bench, speech)
    first, second = (embed(bench, speech, Condition(f"half-{place}", partial(half, place, 0.0))) for place in (0, 1))
    print_deviations(whole, first, second)
    speech = [one for one in speech if one.name in whole and whole[one.name][0, -1] >= ENOUGH_VOICED_S]
    names = [one.name for one in speech]
    space = space_of([whole[name] for name in names], np.arange(len(names)))
    here = space.similarities(np.stack([timbre(first[name]) for name in names]))
    print(f"\nsecond halves of the {len(names)} with {ENOUGH_VOICED_S:g} s of clear voice, beside the first halves")
    conditions = {f"cut {cut:g} s": Condition(f"half-1-{cut:g}s", partial(half, 1, cut)) for cut in CUTS_S}
    cuts = [agreement(space, embed(bench, speech, each), names, here) for each in conditions.values()]
    print_steps(
        "seconds of clear voice", VOICED_STEPS_S, np.concatenate([*cuts, agreement(space, second, names, here)]), 0
    )
    noises = {(colour, level): Condition(f"{colour}-{level:g}-dB", partial(noisy, colour, level))
              for colour in ("white", "pink", "chord") for level in NOISES_DB}  # fmt: skip
    drowned = [agreement(space, embed(bench, speech, each), names, here) for each in noises.values()]
    print_steps("contrast, clean", CONTRAST_STEPS, agreement(space, second, names, here), 1)
    print_steps("contrast, with noise", CONTRAST_STEPS, np.concatenate(drowned), 1)


def print_deviations(whole: Mapping[str, Vectors], first: Mapping[str, Vectors], second: Mapping[str, Vectors]) -> None:
    """Print how far halves and segments of one recording differ in their similarity to other voices."""
    names = [name for name in whole if name in first and name in second]
    space = space_of([whole[name] for name in names], np.arange(len(names)))
    deviation, others = space.calibration.deviation, ~np.eye(len(names), dtype=bool)
    here, there = (space.similarities(np.stack([timbre(part[name]) for name in names])) for part in (first, second))
    print(f"{len(names)} training voices")
    apart = np.std((here - there)[others]) / np.sqrt(2)
    print(f"halves lie {apart / deviation:.3f} deviations from what they have in common")
    variances = [
        space.similarities(whole[name][1:, :-1]).var(axis=0, ddof=1)[others[row]]
        for row, name in enumerate(names)
        if len(whole[name]) > 2
    ]
    print(f"segments lie {np.sqrt(np.mean(np.concatenate(variances))) / deviation:.3f} deviations from their mean")


def agreement(space: VectorSpace, described: Mapping[str, Vectors], names: Sequence[str], reference: Table) -> Table:
    """Compare names with those of another recording, the singers themselves left out.

    Returns:
        A row for each recording with clear voice: its seconds, its contrast, whether the first name is among the ten of
        the reference, the share of ten names in common.
    """
    rows = []
    for row, name in enumerate(names):
        if name not in described or described[name][0, -1] <= 0:
            continue
        vector = timbre(described[name])
        others = np.arange(len(names)) != row
        named, wanted = (
            np.argsort(-each[others])[:NAMES] for each in (space.similarities(vector[None])[0], reference[row])
        )
        common = len(set(named) & set(wanted)) / NAMES
        rows.append((described[name][0, -1], contrast(space, vector), named[0] in wanted, common))
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def print_steps(title: str, steps: Sequence[float], rows: Table, column: int) -> None:
    """Print the agreement of recordings by a figure of theirs; only those long enough count where it is contrast."""
    kept = rows if column == 0 else rows[rows[:, 0] >= LEAST_VOICED_S]
    print(f"\n| {title} | recordings | first name holds | names in common |\n|---|---|---|---|")
    for low, high in pairwise(steps):
        inside = kept[(kept[:, column] >= low) & (kept[:, column] < high)]
        if len(inside):
            print(f"| {low:g} to {high:g} | {len(inside)} | {inside[:, 2].mean():.3f} | {inside[:, 3].mean():.2f} |")


def measure_set(bench: Bench, name: str, recordings: Sequence[Recording]) -> None:
    """Print one row of honesty and a table of hubs."""
    described = embed(bench, recordings)
    kept = sorted((one for one in recordings if one.name in described), key=lambda one: (one.singer, one.name))
    rows = [described[one.name] for one in kept]
    _, singers = np.unique([one.singer for one in kept], return_inverse=True)
    works = np.array([one.work for one in kept])
    shares: list[Table] = []
    held: list[bool] = []
    silent: list[bool] = []
    repeats: list[float] = []
    for singer in range(singers.max() + 1):
        mine, others = np.flatnonzero(singers == singer), np.flatnonzero(singers != singer)
        space = space_of([rows[row] for row in others], singers[others])
        similarity = space.similarities(np.stack([timbre(rows[row]) for row in mine]))
        shares.append(closer_than(space, similarity).ravel())
        repeats.append(space.repeat_deviation / space.calibration.deviation)
        silent += [contrast(space, timbre(rows[row])) < LEAST_CONTRAST for row in mine]
        held += held_by_intervals(space, [rows[row] for row in mine], works[mine], similarity)
    told = np.concatenate(shares)
    coverage = f"{np.mean(held):.3f} of {len(held)}" if held else "-"
    strangers = " / ".join(f"{np.mean(told > share):.3f}" for share in (0.5, 0.9, 0.98))
    figures = f"{strangers} | {coverage} | {np.mean(silent):.3f} | {np.mean(repeats):.3f}"
    print(f"| {name} | {singers.max() + 1} | {len(rows)} | {figures} |")


def held_by_intervals(
    space: VectorSpace, mine: Sequence[Vectors], works: NDArray[np.str_], similarity: Table
) -> list[bool]:
    """Say whether the interval of one recording holds what at least three others of other songs say on average."""
    held: list[bool] = []
    for row, described in enumerate(mine[:ASKED_OF_SINGER]):
        others = works != works[row]
        if others.sum() < 3:
            continue
        truth = closer_than(space, similarity[others].mean(axis=0))
        likenesses = voice_likeness(space, timbre(described), described[1:, :-1], np.arange(len(truth)))
        held += [each.low <= share <= each.high for each, share in zip(likenesses, truth, strict=True)]
    return held


def measure_hubs(bench: Bench, name: str, recordings: Sequence[Recording]) -> None:
    """Ask for the singers of half of the songs among those of the other half, both ways, by correction."""
    described = embed(bench, recordings)
    kept = sorted((one for one in recordings if one.name in described), key=lambda one: (one.singer, one.name))
    vectors = np.stack([timbre(described[one.name]) for one in kept])
    singer, place = np.unique([one.singer for one in kept], return_inverse=True)
    half_of = {
        (who, work): number % 2
        for who in singer
        for number, work in enumerate(sorted({one.work for one in kept if one.singer == who}))
    }
    halves = np.array([half_of[one.singer, one.work] for one in kept])
    if min(len(np.unique(place[halves == number])) for number in (0, 1)) < len(singer):
        return  # somebody sings one song only
    for correction, (centre, correct) in CORRECTIONS.items():
        figures = [ask(vectors, place, halves == number, centre, correct) for number in (0, 1)]
        skewness, most, first, precision = np.mean(figures, axis=0)
        print(f"| {name} | {correction} | {skewness:.2f} | {most:.1f} | {first:.3f} | {precision:.3f} |")


def ask(
    vectors: Vectors, singers: NDArray[np.intp], asked: NDArray[np.bool_], centre: bool, correct: "Correction"
) -> tuple[float, float, float, float]:
    """Return the skewness of k-occurrence, that of the most frequent singer over the mean, hits at 1 and MAP."""
    tracks, queries, owner = vectors[~asked], vectors[asked], singers[~asked]
    first = np.flatnonzero(np.r_[True, np.diff(owner) > 0])
    if centre:
        mean = np.stack([group.mean(axis=0) for group in np.split(tracks, first[1:])]).mean(axis=0)
        tracks, queries = unit_rows(tracks - mean), unit_rows(queries - mean)
    others = to_singers(tracks, tracks, first)
    others[np.arange(len(tracks)), owner] = -np.inf
    scores = correct(to_singers(queries, tracks, first), np.sort(others, axis=0)[-COHORT_NEIGHBOURS:])
    occurrence = np.bincount(np.argsort(-scores, axis=1)[:, :HUB_NEIGHBOURS].ravel(), minlength=len(first))
    ranking = rank(scores, singers[asked][:, None] == np.arange(len(first)))
    hits, precisions = hits_at(first_ranks(ranking), 1), average_precisions(ranking)
    return float(skew(occurrence)), float(occurrence.max() / occurrence.mean()), float(hits.mean()), precisions.mean()


def to_singers(queries: Vectors, tracks: Vectors, first: NDArray[np.intp]) -> Table:
    """Compare recordings with singers as `VectorSpace` does, but with the nearest of all their recordings."""
    centroids = np.stack([trimmed_centroid(group, np.ones(len(group))) for group in np.split(tracks, first[1:])])
    nearest = np.maximum.reduceat(queries @ tracks.T, first, axis=1)
    return np.asarray(CENTROID_SHARE * (queries @ centroids.T) + (1.0 - CENTROID_SHARE) * nearest, dtype=np.float64)


def as_it_is(scores: Table, _near: Table) -> Table:
    """Leave scores (recordings, singers) alone."""
    return scores


def csls(scores: Table, near: Table) -> Table:
    """Cross-domain similarity local scaling (Conneau et al. 2018, eq. 3); near: each singer's nearest strangers."""
    return np.asarray(2.0 * scores - near.mean(axis=0))


def as_norm(scores: Table, near: Table) -> Table:
    """Adaptive symmetric normalisation (Matejka et al. 2017, eq. 4)."""
    own = np.sort(scores, axis=1)[:, -COHORT_NEIGHBOURS:]
    by_query = (scores - own.mean(axis=1, keepdims=True)) / own.std(axis=1, keepdims=True)
    return np.asarray((by_query + (scores - near.mean(axis=0)) / near.std(axis=0)) / 2.0)


Correction = Callable[[Table, Table], Table]

CORRECTIONS: Mapping[str, tuple[bool, Correction]] = {
    "none": (False, as_it_is),
    "centred (ours)": (True, as_it_is),
    "CSLS": (False, csls),
    "AS-norm": (False, as_norm),
    "centred, then CSLS": (True, csls),
    "centred, then AS-norm": (True, as_norm),
}


@contextmanager
def quiet(_title: str, _steps: int) -> Iterator[Callable[[], None]]:
    """Show no progress."""
    yield lambda: None


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=None, help="keep vectors here between runs")
    options = parser.parse_args()
    settings = read_settings(device="cpu")
    with bootstrap.build_decoder(settings) as decoder:
        bench = Bench(
            folder=read_measured(options.data),
            encoder=bootstrap.load_encoder(settings),
            decode=decoder.decode,
            cache=VectorCache(options.cache),
            progress=quiet,
            say=print,
        )
        measure_training_voices(bench)
        print(
            "\n| set | singers | recordings | strangers above 50, 90, 98 % | in the interval | no contrast | repeats |"
        )
        print("|---|---|---|---|---|---|---|")
        for name, recordings in bench.sets().items():
            measure_set(bench, name, recordings)
        print("\n| set | correction | skewness | most frequent | first right | MAP |\n|---|---|---|---|---|---|")
        for name, recordings in bench.sets().items():
            measure_hubs(bench, name, recordings)


if __name__ == "__main__":
    main()
