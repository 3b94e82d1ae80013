"""Does timbre tell singers apart: whole recordings, the same ones made elsewhere, and short cuts of them."""

from collections.abc import Mapping, Sequence
from itertools import chain

from singalike.embeddings.evaluation.bench import Bench, Embedded, Method, Vectors
from singalike.embeddings.evaluation.conditions import CLEAN, Condition, elsewhere, middle
from singalike.embeddings.evaluation.identity import (
    Trials,
    comparable,
    confusion,
    detection_curve,
    identity_figures,
)
from singalike.embeddings.evaluation.recordings import Recording
from singalike.embeddings.evaluation.section import Row, Section
from singalike.embeddings.evaluation.timbre_methods import TIMBRE, silent_methods, timbre_methods
from singalike.embeddings.evaluation.timbre_probes import probe_section, shift_section
from singalike.embeddings.projection import unit
from singalike.errors import InvalidInputError

Sets = Mapping[str, Sequence[Recording]]
Points = Sequence[tuple[float, float]]

_SAME_FOR_ALL = (
    "EER: the rate at which misses (one singer, two songs) and false alarms (two singers) are equal; same-gender EER: "
    "the same among singers of one voice gender; P@1: the nearest recording of another song is of the same singer. "
    "MAP: mean average precision of finding the singer's other songs. Emotions of one RAVDESS song are one song. "
    "Intervals: 95 %, bootstrap over singers."
)


def evaluate_timbre(bench: Bench) -> Sequence[Section]:
    """Judge timbre beside baselines on every set with at least two singers, one of them with two songs.

    Raises:
        InvalidInputError: NOTHING_TO_MEASURE.
    """
    sets = {name: members for name, members in bench.sets().items() if Trials.of(members).possible}
    if not sets:
        message = f"no singer in {bench.folder.root} sings two songs: singers cannot be found again by voice alone"
        raise InvalidInputError("NOTHING_TO_MEASURE", message)
    methods = timbre_methods(bench.encoder)
    return [
        identity_section(bench, sets, methods, CLEAN, "timbre", "Telling singers apart", curves=True),
        identity_section(bench, sets, methods, elsewhere(bench.seed), "timbre-elsewhere",
                 "The same with a random room, colour and noise for each recording"),
        identity_section(bench, sets, methods, middle(bench.seconds), f"timbre-{bench.seconds:g}s",
                 f"The same with {bench.seconds:g} s of each recording"),
        shift_section(bench, sets, methods),
        probe_section(bench, methods),
    ]  # fmt: skip


def identity_section(
    bench: Bench,
    sets: Sets,
    methods: Mapping[str, Method],
    condition: Condition,
    name: str,
    title: str,
    *,
    curves: bool = False,
) -> Section:
    """Judge every method on every set under one condition.

    Args:
        bench: Recordings and ear.
        sets: By name, each with a singer of two songs.
        methods: By name.
        condition: What happens to the recordings first.
        name: Of the section.
        title: Of the section.
        curves: Whether to gather curves for pictures.
    """
    bench.say(title)
    everything = list(chain.from_iterable(sets.values()))
    heard = bench.embed(everything, methods, condition)
    by_peers = {peer: bench.embed_by_peer(peer, heard.recordings, condition) for peer in bench.peers}
    rows, drawn = [], dict[str, Mapping[str, Points]]()
    for set_name, members in sets.items():
        chosen = heard.only(members)
        trials = Trials.of(chosen.recordings)
        if not trials.possible:
            continue
        vectors = _vectors_of_set(chosen, methods, by_peers, bench.seed)
        rows += _rows(set_name, vectors, trials, methods, bench.seed)
        if curves:
            drawn |= _curves(bench, set_name, vectors, trials)
    notes = [_SAME_FOR_ALL, *(f"Left out: {recording}: {message}" for recording, message in heard.refused)]
    return Section(name, title, rows, notes, drawn)


def _vectors_of_set(
    heard: Embedded, methods: Mapping[str, Method], by_peers: Mapping[str, Embedded], seed: int
) -> Mapping[str, Vectors]:
    """Unit rows of every method for one set, the ear first, then peers, then baselines."""
    vectors = {
        name: comparable(heard.matrix(name)) if method.standardised else unit(heard.matrix(name))
        for name, method in methods.items()
    }
    peers = {name: unit(embedded.only(heard.recordings).matrix(name)) for name, embedded in by_peers.items()}
    ear = {name: rows for name, rows in vectors.items() if not methods[name].baseline}
    return {**ear, **peers, **vectors, **silent_methods(heard.recordings, seed)}


def _rows(
    set_name: str, vectors: Mapping[str, Vectors], trials: Trials, methods: Mapping[str, Method], seed: int
) -> list[Row]:
    return [
        Row(
            name,
            set_name,
            len(trials.singer),
            identity_figures(rows, trials, seed),
            baseline=methods[name].baseline if name in methods else True,
        )
        for name, rows in vectors.items()
    ]


def _curves(
    bench: Bench, set_name: str, vectors: Mapping[str, Vectors], trials: Trials
) -> Mapping[str, Mapping[str, Points]]:
    found: dict[str, Mapping[str, Points]] = {
        f"det {set_name}": {name: detection_curve(rows, trials) for name, rows in vectors.items()},
        f"confusion of singers {set_name}": {
            singer: [(float(place), float(share)) for place, share in enumerate(shares)]
            for singer, shares in zip(trials.names, confusion(vectors[TIMBRE], trials), strict=True)
        },
    }
    if bench.place is not None:
        places = bench.place(vectors[TIMBRE], bench.seed)
        found[f"umap {set_name}"] = {
            singer: [(float(x), float(y)) for x, y in places[trials.singer == number]]
            for number, singer in enumerate(trials.names)
        }
    return found
