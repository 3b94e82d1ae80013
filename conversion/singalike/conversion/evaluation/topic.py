"""The topic `conversion` of `singalike evaluate`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from singalike.audio.pitch import hz_to_midi
from singalike.conversion.engine import FARTHEST_SHIFT
from singalike.conversion.evaluation.contenders import Contender, Meter
from singalike.conversion.evaluation.figures import Judged
from singalike.conversion.evaluation.jury import Jury, Naturalness, Track
from singalike.conversion.evaluation.own_pairs import read_own_pairs
from singalike.conversion.evaluation.pairs import MOST_PAIRS, Pair, Reader, find_matches
from singalike.conversion.evaluation.pictures import views_of
from singalike.conversion.evaluation.tables import gain_rows, table_row
from singalike.embeddings.evaluation.bench import Bench
from singalike.embeddings.evaluation.section import Row, Section, SoundView
from singalike.errors import InvalidInputError

NOTES = (
    "position: share of the way from source to a held-out take of the target, sum of moves / sum of ways; 1 is as near",
    "as the takes that were enrolled. By our timbre vector, and by those of peers. 95 % intervals over drawn pairs.",
    "content: correlation of speaker-normalised c1 to c12 with the source. MCD: how far c1 to c24 were moved.",
    "Pitch (corr, cents, gross: off by a fifth, voicing): where the source sounds and our head and another agree;",
    "left out: where they do not. RTF, MiB: of the conversion alone.",
)
GAIN_NOTES = (
    "How much further engines go than the specification's algorithm as it is written, in shares of the whole way,",
    "and how much more content they keep; 95 % intervals over drawn pairs.",
)


@dataclass(frozen=True, eq=False)
class ConversionSubject:
    """What the topic "conversion" judges.

    Attributes:
        contenders: Lines of the table.
        track: What judges the pitch.
        meter: Measures time and memory.
        own_pairs: A person's own pairs, see `read_own_pairs`; None: none.
        key_shift: Semitones that every source is moved by; None: to where the target sings, see `shift_to_range`.
        naturalness: None: nobody predicts it.
        pictures: Whether pictures are wanted.
    """

    contenders: Sequence[Contender]
    track: Track
    meter: Meter
    own_pairs: Path | None = None
    key_shift: float | None = 0.0
    naturalness: Naturalness | None = None
    pictures: bool = False


def evaluate_conversion(subject: ConversionSubject, bench: Bench) -> Sequence[Section]:
    """Judge engines on pairs of a folder and on a person's own.

    Args:
        subject: Engines and baselines, and what judges them.
        bench: Recordings and ear.

    Raises:
        InvalidInputError: NOTHING_TO_MEASURE, BAD_PAIRS.
    """
    jury = Jury(bench, subject.track, subject.meter, subject.naturalness)
    rows: list[Row] = []
    gains: list[Row] = []
    notes = list(NOTES)
    views: dict[str, Sequence[SoundView]] = {}
    for name, count, pairs in _sets(subject, bench):
        first: list[Pair] = []
        judged = jury.judge(name, _remembered(pairs, first), count, subject.contenders)
        rows += [table_row(name, one, predicted=subject.naturalness is not None) for one in judged if one.figures]
        gains += gain_rows(name, judged)
        notes += _refusals(name, judged)
        if subject.pictures and first:
            views[f"{name}, {first[0].name}"] = views_of(first[0], subject.contenders, subject.track, bench.seed)
    if not rows:
        message = (
            f"{bench.folder.root} holds no two people who say or sing the same: name songs alike, or pass --pairs FILE"
        )
        raise InvalidInputError("NOTHING_TO_MEASURE", message)
    shift = f", {subject.key_shift:+g} semitones" if subject.key_shift else ""
    shift = ", moved to where the target sings" if subject.key_shift is None else shift
    return [
        Section("conversion", f"Conversion to another voice{shift}", rows, notes, views=views),
        Section("conversion-gain", f"Gain over the specification's algorithm{shift}", gains, GAIN_NOTES),
    ]


def _sets(subject: ConversionSubject, bench: Bench) -> Iterable[tuple[str, int, Iterable[Pair]]]:
    """Return name, number of pairs and the pairs of every set; sounds are read when their turn comes."""
    read = Reader(bench.decode)
    matches = find_matches(bench.folder, bench.most or MOST_PAIRS, bench.seed)
    for name, chosen in matches.items():
        pairs = (match.read(read, subject.key_shift or 0.0) for match in chosen)
        yield name, len(chosen), (_moved(subject, pair) for pair in pairs)
    if subject.own_pairs is not None:
        own = [_moved(subject, pair) for pair in read_own_pairs(subject.own_pairs, bench.decode, subject.key_shift)]
        for name, members in groupby(sorted(own, key=lambda pair: pair.set_name), lambda pair: pair.set_name):
            group = list(members)
            yield name, len(group), group


def _moved(subject: ConversionSubject, pair: Pair) -> Pair:
    return shift_to_range(pair, subject.track) if subject.key_shift is None else pair


def shift_to_range(pair: Pair, track: Track) -> Pair:
    """Move a source by whole semitones to where the target sings.

    Args:
        pair: Its takes say where that is.
        track: Finds the pitch.

    Returns:
        The pair with the difference of the median pitches as its key shift; unmoved where either has no pitch.
    """
    source, target = (_median_midi(track(sound)) for sound in (pair.source, pair.take))
    shift = round(target - source) if np.isfinite(target - source) else 0
    return replace(pair, key_shift=float(np.clip(shift, -FARTHEST_SHIFT, FARTHEST_SHIFT)))


def _median_midi(f0_hz: NDArray[np.float64]) -> float:
    voiced = f0_hz[f0_hz > 0]
    return float(np.median(hz_to_midi(voiced))) if len(voiced) else float("nan")


def _remembered(pairs: Iterable[Pair], first: list[Pair]) -> Iterable[Pair]:
    """Pass pairs on and keep the first of them."""
    for pair in pairs:
        if not first:
            first.append(pair)
        yield pair


def _refusals(name: str, everybody: Sequence[Judged]) -> Iterable[str]:
    for judged in everybody:
        if judged.refused:
            pair, message = next(iter(judged.refused.items()))
            count = len(judged.refused)
            yield f"{judged.contender.name} refuses {count} of {name}, for instance {pair}: {message}"
