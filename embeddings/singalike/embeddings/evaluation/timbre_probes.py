"""Does timbre ignore what is sung: pitch moved with the formants kept, and probes on singers who never lived."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from singalike.audio.resample import resample
from singalike.audio.synthesis import compose_melody, draw_singer, sing
from singalike.embeddings.evaluation.bench import Bench, Embedded, Hearing, Method, Vectors
from singalike.embeddings.evaluation.conditions import CLEAN, SAMPLE_RATE, shifted
from singalike.embeddings.evaluation.identity import Trials, comparable
from singalike.embeddings.evaluation.intervals import mean_interval
from singalike.embeddings.evaluation.recordings import Recording
from singalike.embeddings.evaluation.section import Figure, Row, Section
from singalike.embeddings.projection import unit

SHIFTS = (-5.0, 0.0, 5.0)
CLIPS_OF_EACH = 4
"""Recordings of each singer that are resynthesised: WORLD is slow."""

INVENTED_SINGERS, MELODIES, CLIP_S = 24, 6, 4.0
KEY_SHIFTS = (-5, -3, -1, 1, 3, 5)
"""Semitones around the singer's own centre: the same for all, so that a high voice is not a high key."""

_SHIFT_NOTE = (
    f"Up to {CLIPS_OF_EACH} recordings of each singer, resynthesised by WORLD; by 0 semitones shows what resynthesis "
    "alone costs. Cosines are means. P@1: the nearest recording of another song, as recorded, is the singer's own."
)
_PROBE_NOTE = (
    f"Synthetic singers sing {MELODIES} melodies in keys of -5 to +5 semitones around their centre. Singer: share "
    "right, fitted on half of the melodies, asked about the others. Melody: share right; key: explained variance of "
    "the semitones; both from what a clip adds to its singer's mean vector, fitted on half of the singers, asked about "
    "the others. Timbre should tell the singer and neither melody nor key."
)


def few_of_each(recordings: Sequence[Recording], most: int = CLIPS_OF_EACH) -> list[Recording]:
    """Take the first works of each singer, round after round, at most so many recordings each."""
    chosen = []
    for singer in sorted({one.singer for one in recordings}):
        own = [one for one in recordings if one.singer == singer]
        chosen += [own[index * len(own) // most] for index in range(most)] if len(own) > most else own
    return chosen


def shift_section(bench: Bench, sets: Mapping[str, Sequence[Recording]], methods: Mapping[str, Method]) -> Section:
    """Compare recordings with themselves sung up to five semitones lower and higher, and with other singers."""
    bench.say("Moving the pitch by 5 semitones, formants kept")
    sung = {name: few_of_each(members) for name, members in sets.items() if members[0].kind != "speech"}
    everything = list(chain.from_iterable(sung.values()))
    whole = bench.embed(everything, methods, CLEAN)
    moved = {shift: bench.embed(whole.recordings, methods, shifted(shift)) for shift in SHIFTS}
    rows = [
        Row(name, set_name, len(chosen), _shift_figures(name, method, whole, moved, chosen), method.baseline)
        for set_name, chosen in sung.items()
        for name, method in methods.items()
    ]
    return Section(
        "timbre-shifted",
        "The same recording sung 5 semitones lower and higher, formants kept",
        rows,
        (_SHIFT_NOTE,),
    )


def _shift_figures(
    name: str, method: Method, whole: Embedded, moved: Mapping[float, Embedded], chosen: Sequence[Recording]
) -> Mapping[str, Figure]:
    heard = set(whole.recordings)
    for embedded in moved.values():
        heard &= set(embedded.recordings)
    kept = [one for one in chosen if one in heard]
    trials = Trials.of(kept)
    raw = whole.only(kept).matrix(name)
    scale: Callable[[Vectors], Vectors] = partial(comparable, reference=raw) if method.standardised else unit
    original = scale(raw)
    others = original @ original.T
    figures = {
        f"cosine at {shift:+g}": _mean(np.sum(original * scale(moved[shift].only(kept).matrix(name)), axis=1))
        for shift in SHIFTS
    }
    figures["cosine, own songs"] = _mean(others[trials.positive])
    figures["cosine, other singers"] = _mean(others[trials.negative])
    for title, shifts in (("P@1 at +0", (0.0,)), ("P@1 at +-5", (-5.0, 5.0))):
        hits = [_found(scale(moved[shift].only(kept).matrix(name)) @ original.T, trials) for shift in shifts]
        figures[title] = mean_interval(np.concatenate(hits), [one.singer for one in kept] * len(shifts))
    return figures


def _mean(values: NDArray[np.floating]) -> Figure:
    return Figure(float(values.mean()) if values.size else float("nan"))


def _found(similarity: NDArray[np.floating], trials: Trials) -> NDArray[np.float64]:
    nearest = np.where(trials.positive | trials.negative, similarity, -np.inf).argmax(axis=1)
    return np.asarray(trials.singer[nearest] == trials.singer, dtype=np.float64)


def probe_section(bench: Bench, methods: Mapping[str, Method], singers: int = INVENTED_SINGERS) -> Section:
    """Try to read singer, melody and key from the vectors of invented singers with linear probes.

    Args:
        bench: Where to listen.
        methods: By name.
        singers: How many to invent, a multiple of four.
    """
    bench.say("Asking linear probes about invented singers")
    names, labels = zip(*_plan(singers), strict=True)
    sounds = {name: partial(_sing, bench, *label) for name, label in zip(names, labels, strict=True)}
    arrays, _ = bench.embed_sounds(sounds, methods, "invented-1")
    singer, melody, key = np.array(labels).T
    rows = []
    for method, how in methods.items():
        vectors = np.stack([arrays[method][name] for name in names])
        figures = _probe_figures(vectors, singer, melody, key)
        rows.append(Row(method, "invented singers", len(names), figures, how.baseline))
    chance = {"singer": Figure(1 / singers), "melody": Figure(1 / MELODIES), "key, R2": Figure(0.0)}
    rows.append(Row("chance", "invented singers", len(names), chance, baseline=True))
    return Section(
        "timbre-probe",
        "What linear probes read from the vectors of invented singers",
        rows,
        (_PROBE_NOTE,),
    )


def _plan(singers: int) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Name each clip and say its singer, melody and key: every melody comes in every key."""
    for singer in range(singers):
        for melody in range(MELODIES):
            key = KEY_SHIFTS[(singer + melody) % len(KEY_SHIFTS)]
            yield f"singer{singer} melody{melody} key{key:+d}", (singer, melody, key)


def _sing(bench: Bench, singer: int, melody: int, key: int) -> Hearing:
    voice = draw_singer(np.random.default_rng([bench.seed, 1, singer]), ("female", "male")[singer % 2])
    tune = compose_melody(np.random.default_rng([bench.seed, 2, melody]), 60.0, CLIP_S)
    rng = np.random.default_rng([bench.seed, 3, singer, melody])
    sound = sing(voice, tune.transposed(round(voice.centre_midi) - 60 + key), rng=rng)
    return Hearing(resample(sound, SAMPLE_RATE).waveform[0], bench.encoder)


def _probe_figures(
    vectors: Vectors, singer: NDArray[np.int64], melody: NDArray[np.int64], key: NDArray[np.int64]
) -> Mapping[str, Figure]:
    from sklearn.linear_model import RidgeClassifierCV, RidgeCV

    strengths = np.logspace(-2, 4, 7)
    whole = _standard(vectors.astype(np.float64))
    # Who sings moves a vector more than what is sung: a probe that never met the singer would read nothing else.
    own = _standard(vectors - np.stack([vectors[singer == one].mean(axis=0) for one in singer]))
    right: dict[str, list[NDArray[np.float64]]] = {"singer": [], "melody": []}
    guessed = np.zeros(len(key))
    for half in (0, 1):
        other_melodies, other_singers = melody % 2 != half, singer // 2 % 2 != half
        for what, label, values, asked in (
            ("singer", singer, whole, other_melodies),
            ("melody", melody, own, other_singers),
        ):
            probe = RidgeClassifierCV(strengths).fit(values[~asked], label[~asked])
            right[what].append((probe.predict(values[asked]) == label[asked]).astype(np.float64))
        fit = RidgeCV(strengths).fit(own[~other_singers], key[~other_singers])
        guessed[other_singers] = fit.predict(own[other_singers])
    explained = 1.0 - np.sum(np.square(key - guessed)) / np.sum(np.square(key - key.mean()))
    figures = {what: mean_interval(np.concatenate(rights)) for what, rights in right.items()}
    return {**figures, "key, R2": Figure(float(explained))}


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((values - values.mean(axis=0)) / (values.std(axis=0) + 1e-9))
