"""What the rules of consent refuse and let pass, on real voices: python -m benchmarks.consent --data FOLDER.

Prints Markdown. Thresholds were chosen on the sets marked "train" alone; nothing here changes them.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from scipy.stats import genpareto

from benchmarks.consent_voices import PeopleSet, Person, read_people
from singalike.conversion.consent.phrases import LANGUAGES, draw_phrase
from singalike.conversion.consent.voice_rules import (
    LEAST_READ_BACK_LIKENESS,
    LEAST_TAKES_LIKENESS,
    catalogue_margin,
    takes_likeness,
)
from singalike.conversion.consent.words import MOST_WORD_ERRORS, word_error_rate

SETS = ("librispeech", "vctk", "ravdess", "nus48e_demo", "mir1k")
CATALOGUES = (1, 5, 20, 50)
ELSEWHERE = (10, 100)
TAIL = 0.05
DRAWS = 40


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="Folder with manifest.csv.")
    parser.add_argument("--sets", nargs="+", default=SETS, choices=SETS)
    parser.add_argument("--most", type=int, default=60, help="People of LibriSpeech.")
    given = parser.parse_args()
    _print_phrases()
    people = list(read_people(given.data, given.sets, given.most))
    _print_read_back(people)
    _print_takes(people)
    _print_catalogue(people)
    _print_extrapolated(people)


def _print_phrases(drawn: int = 20_000) -> None:
    print(f"| phrases | bits | .1 % of word errors between two | as few as {MOST_WORD_ERRORS} |\n|---|---|---|---|")
    for language, made in LANGUAGES.items():
        rng = Random(1)  # noqa: S311  the same phrases with every run
        pairs = ((draw_phrase(language, rng), draw_phrase(language, rng)) for _ in range(drawn))
        rates = np.array([word_error_rate(*pair, language) for pair in pairs])
        few, passing = np.quantile(rates, 0.001), int((rates <= MOST_WORD_ERRORS).sum())
        print(f"| {language} | {made.bits:.1f} | {few:.2f} | {passing} of {drawn} |")


def _print_read_back(sets: Sequence[PeopleSet]) -> None:
    print(f"\n| read-back at {LEAST_READ_BACK_LIKENESS} | use | people | own median | own refused | same gender passes "
          "| other gender passes | equal error, same gender |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    for each in sets:
        likeness = np.array([[reader.reading @ singer.whole for singer in each.people] for reader in each.people])
        own, others, strangers = likeness[_own(each)], likeness[_others(each)], likeness[_strangers(each)]
        print(
            f"| {_row(each)} | {len(own)} | {np.median(own):.2f} | {_share(own < LEAST_READ_BACK_LIKENESS)} "
            f"| {_share(others >= LEAST_READ_BACK_LIKENESS)} | {_share(strangers >= LEAST_READ_BACK_LIKENESS)} "
            f"| {_equal_error(own, others)} |"
        )


def _print_takes(sets: Sequence[PeopleSet]) -> None:
    print(f"\n| takes at {LEAST_TAKES_LIKENESS} | use | own refused | one of another, same gender, refused "
          "| half of another, same gender, refused |\n|---|---|---|---|---|")  # fmt: skip
    for each in sets:
        own = np.array([takes_likeness(person.takes) for person in each.people])
        pairs = [(each.people[a], each.people[b]) for a, b in np.argwhere(_others(each))]
        one = np.array([takes_likeness(np.concatenate([a.takes[1:], b.takes[:1]])) for a, b in pairs])
        half = np.array([takes_likeness(np.concatenate([_half(a), _half(b)])) for a, b in pairs])
        refused = [_share(found < LEAST_TAKES_LIKENESS) for found in (own, one, half)]
        print(f"| {_row(each)} | {' | '.join(refused)} |")


def _half(person: Person) -> NDArray[np.float32]:
    return person.takes[: max(len(person.takes) // 2, 1)]


def _print_catalogue(sets: Sequence[PeopleSet]) -> None:
    """Of those whose reading passes: honest people beside other singers, and others' readings with a singer's takes."""
    print("\n| catalogue | use | tracks | margin | own refused without it | own refused | singers' takes refused |"
          "\n|---|---|---|---|---|---|---|")  # fmt: skip
    for each in sets:
        _print_elsewhere(each, sets)
        if any(person.track is None for person in each.people):
            continue
        near = np.array([[singer.whole @ other.track for other in each.people] for singer in each.people])
        read = np.array([[reader.reading @ singer.whole for singer in each.people] for reader in each.people])
        for size in (size for size in CATALOGUES if size < len(each.people)):
            margin = catalogue_margin(size)
            honest, stolen = _excesses(near, read, _others(each), size)
            refused = " | ".join(map(_share, (honest > 0, honest > margin, stolen > margin)))
            print(f"| the same set: {_row(each)} | {size} | {margin:.2f} | {refused} |")


def _print_elsewhere(each: PeopleSet, sets: Sequence[PeopleSet]) -> None:
    """Compare honest people with catalogues drawn from everybody who was recorded elsewhere."""
    corpus = each.name.split(",")[0]
    elsewhere = [person for other in sets if other.name.split(",")[0] != corpus for person in other.people]
    tracks = [track for person in elsewhere for track in (person.whole, person.track) if track is not None]
    honest = [person for person in each.people if person.reading @ person.whole >= LEAST_READ_BACK_LIKENESS]
    rng = np.random.default_rng(0)
    for size in [size for size in (*ELSEWHERE, len(tracks)) if 0 < size <= len(tracks)]:
        excess = np.array([
            np.max(np.stack([tracks[row] for row in rng.choice(len(tracks), size, replace=False)]) @ person.whole)
            - person.reading @ person.whole
            for person in honest
            for _ in range(1 if size == len(tracks) else DRAWS)
        ])  # fmt: skip
        margin = catalogue_margin(size)
        refused = " | ".join(map(_share, (excess > 0, excess > margin)))
        print(f"| elsewhere: {_row(each)} | {size} | {margin:.2f} | {refused} | |")


def _print_extrapolated(sets: Sequence[PeopleSet]) -> None:
    """Follow the tail of cosines with other singers beyond what there are: a generalised Pareto distribution."""
    print("\n| extrapolated: own refused at | 100 | 1 000 | 10 000 | 100 000 tracks |\n|---|---|---|---|---|")
    for each in sets:
        if not each.may_train or len(each.people) < max(CATALOGUES):
            continue
        others = ~_own(each)
        tracks = [person.whole if person.track is None else person.track for person in each.people]
        near = np.array([[person.whole @ track for track in tracks] for person in each.people])[others]
        bound = np.quantile(near, 1 - TAIL)
        shape, _, scale = genpareto.fit(near[near > bound] - bound, floc=0.0)
        read = np.array([person.reading @ person.whole for person in each.people])
        honest = read[read >= LEAST_READ_BACK_LIKENESS]
        rates = []
        for size in (100, 1_000, 10_000, 100_000):
            beyond = TAIL * genpareto.sf(honest + catalogue_margin(size) - bound, shape, 0.0, scale)
            rates.append(f"{np.mean(1.0 - (1.0 - beyond) ** size):.1%}")
        print(f"| {_row(each)} | {' | '.join(rates)} |".replace(" | train", ""))


def _excesses(
    near: NDArray[np.float64], read: NDArray[np.float64], others: NDArray[np.bool_], size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return by how much the nearest of drawn catalogues is nearer than the reading, for the honest and for thieves."""
    rng = np.random.default_rng(size)
    honest, stolen = [], []
    for singer in range(len(near)):
        rest = np.delete(np.arange(len(near)), singer)
        nearest = np.array([near[singer, rng.choice(rest, size, replace=False)].max() for _ in range(DRAWS)])
        if read[singer, singer] >= LEAST_READ_BACK_LIKENESS:
            honest.extend(nearest - read[singer, singer])
        passing = np.flatnonzero(others[:, singer] & (read[:, singer] >= LEAST_READ_BACK_LIKENESS))
        stolen.extend(np.maximum(nearest.mean(), near[singer, singer]) - read[passing, singer])
    return np.array(honest), np.array(stolen)


def _row(each: PeopleSet) -> str:
    return f"{each.name} | {'train' if each.may_train else 'measure'}"


def _pairs(each: PeopleSet, wanted: Callable[[Person, Person], bool]) -> NDArray[np.bool_]:
    return np.array([[wanted(a, b) for b in each.people] for a in each.people])


def _own(each: PeopleSet) -> NDArray[np.bool_]:
    return _pairs(each, lambda a, b: a.name == b.name)


def _others(each: PeopleSet) -> NDArray[np.bool_]:
    return _pairs(each, lambda a, b: a.name != b.name and a.voice_gender == b.voice_gender)


def _strangers(each: PeopleSet) -> NDArray[np.bool_]:
    return _pairs(each, lambda a, b: a.voice_gender != b.voice_gender)


def _share(found: NDArray[np.bool_]) -> str:
    return f"{found.mean():.1%} of {len(found)}" if len(found) else "none"


def _equal_error(own: NDArray[np.float64], others: NDArray[np.float64]) -> str:
    limits = np.sort(np.concatenate([own, others]))
    refused = np.searchsorted(np.sort(own), limits) / len(own)
    passed = 1.0 - np.searchsorted(np.sort(others), limits) / len(others)
    place = int(np.argmin(np.abs(refused - passed)))
    return f"{(refused[place] + passed[place]) / 2:.1%} at {limits[place]:.2f}"


if __name__ == "__main__":
    main()
