"""How good are probabilities of singers: cross entropy, first hits, calibration, and whether strangers are noticed.

Conventions: a query is a recording of a song that the catalogue lacks; the songs of each singer are left out one at a
time, in the order of their names, and singers with one song stay in the catalogue without being asked. Figures are of
one set of recordings, never pooled.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax

from singalike.embeddings.evaluation.bench import Bench, Method
from singalike.embeddings.evaluation.recordings import Recording
from singalike.embeddings.evaluation.section import Figure, Row, Section
from singalike.embeddings.evaluation.timbre_methods import heard_timbre
from singalike.embeddings.profile import Vectors
from singalike.recsys.probability_figures import Answers, Rows, area_under_curve
from singalike.recsys.singer_classifier import SingerClassifier, fit_singer_classifier
from singalike.recsys.voice_spread import Numbers

STRANGER_GROUPS = 3
"""Each third of the singers is once left out of the catalogue."""

Contender = Callable[[Vectors, Rows, Vectors], Numbers]
"""Takes tracks (grouped by singer), the row where each singer's begin, and queries; log probabilities of singers."""


def gaussian(tracks: Vectors, first_track: Rows, queries: Vectors) -> Numbers:
    """The shipped classifier, strangers ruled out."""
    found = fit_singer_classifier(tracks, first_track).identify_all(queries, prior_of_none=0.0)
    return np.asarray(np.log(np.maximum([answer.singers for answer in found], np.finfo(np.float64).tiny)))


def cosines(tracks: Vectors, first_track: Rows, queries: Vectors) -> Numbers:
    """Softmax of cosines with the centroids at temperature 1: what a classifier without calibration would say."""
    return np.asarray(log_softmax(_cosines(tracks, first_track, queries), axis=1))


CONTENDERS: Mapping[str, Contender] = {"singer classifier": gaussian, "cosines, temperature 1": cosines}


@dataclass(frozen=True, eq=False)
class Round:
    """One catalogue and the queries to it, as rows of a set; `singers` are the catalogue's, ascending.

    Attributes:
        tracks: Rows of the catalogue, grouped by singer.
        first_track: Where each singer's begin among `tracks`.
        singers: Number of each singer, as in `numbers`.
        queries: Rows that are asked.
    """

    tracks: Rows
    first_track: Rows
    singers: Rows
    queries: Rows


def evaluate_singers(bench: Bench, contenders: Mapping[str, Contender] = CONTENDERS) -> Sequence[Section]:
    """Judge the probabilities on every set of a folder in which enough singers have two songs."""
    closed: list[Row] = []
    curves: dict[str, dict[str, Sequence[tuple[float, float]]]] = {}
    strangers: list[Row] = []
    for name, recordings in bench.sets().items():
        embedded = bench.embed(recordings, {"timbre": Method(heard_timbre, bench.encoder.model_version)})
        if not embedded.recordings:
            continue
        judged = JudgedSet(name, embedded.matrix("timbre"), *_labels(embedded.recordings))
        if len(judged.askable) < STRANGER_GROUPS:
            bench.say(f"{name}: too few singers have two songs, left out")
            continue
        for method, label, answers in judged.ask(contenders):
            closed.append(answers.row(method, label, baseline=method != next(iter(contenders))))
            curves.setdefault(f"calibration {label}", {})[method] = answers.reliability()
        closed += judged.chance_rows()
        strangers += judged.stranger_rows()
    return [
        Section("singers", "Which singer is it", closed, CLOSED_NOTES, curves),
        Section("strangers", "Is it anybody in the catalogue", strangers, STRANGER_NOTES),
    ]


CLOSED_NOTES = (
    "Songs left out one at a time; cross entropy in nats with intervals over singers, chance is log(singers).",
    "'1 track' keeps one track of each singer, so that nothing can be calibrated and the prior speaks.",
)
STRANGER_NOTES = (
    "A third of the singers is left out of the catalogue; their recordings are asked with those of left out songs.",
    "At a probability of none of one half: share of the catalogue's singers and of strangers who are called so.",
)


@dataclass(frozen=True, eq=False)
class JudgedSet:
    """One set of recordings whose probabilities are judged.

    Attributes:
        name: Of the set.
        vectors: Unit rows, float32 (recordings, dim).
        singer: intp (recordings,), number of the singer.
        song: intp (recordings,), place of the song among those of its singer.
    """

    name: str
    vectors: Vectors
    singer: Rows
    song: Rows

    @property
    def askable(self) -> Rows:
        """Singers with two songs or more."""
        return np.unique(self.singer[self.song > 0])

    def ask(self, contenders: Mapping[str, Contender]) -> Iterator[tuple[str, str, Answers]]:
        """Ask contenders with all tracks, then with one track of each singer: method, recordings and answers."""
        for label, per_singer in self._catalogues().items():
            rounds = list(self.rounds(per_singer=per_singer))
            for method, contender in contenders.items():
                yield method, label, self._answers(contender, rounds)

    def chance_rows(self) -> Iterator[Row]:
        """What somebody who does not listen would score."""
        for label, per_singer in self._catalogues().items():
            sizes = [np.full(len(one.queries), len(one.singers)) for one in self.rounds(per_singer=per_singer)]
            chance = Figure(float(np.log(np.concatenate(sizes)).mean()))
            yield Row("chance", label, sum(map(len, sizes)), {"cross entropy": chance}, baseline=True)

    def _catalogues(self) -> Mapping[str, int | None]:
        return {self.name: None, f"{self.name}, 1 track": 1}

    def rounds(self, absent: Rows | None = None, per_singer: int | None = None) -> Iterator[Round]:
        """Leave out each song of every askable singer once.

        Args:
            absent: Singers who are not in the catalogue; all their recordings of the left out songs are asked.
            per_singer: Keep at most so many tracks of each singer.
        """
        asked = np.isin(self.singer, self.askable)
        gone = np.zeros(len(self.singer), dtype=bool) if absent is None else np.isin(self.singer, absent)
        for song in range(int(self.song.max()) + 1):
            queries = np.flatnonzero(asked & (self.song == song))
            kept = np.flatnonzero(~gone & ~(asked & (self.song == song)))
            kept = kept[np.argsort(self.singer[kept], kind="stable")]
            singers, first, counts = np.unique(self.singer[kept], return_index=True, return_counts=True)
            if per_singer is not None:
                place = np.arange(len(kept)) - np.repeat(first, counts)
                kept = kept[place < per_singer]
                first = np.searchsorted(self.singer[kept], singers)
            if len(queries) and len(singers) > 1:
                yield Round(kept, first, singers, queries)

    def _answers(self, contender: Contender, rounds: Sequence[Round]) -> Answers:
        surprise, rank, confidence, singers = [], [], [], []
        for one in rounds:
            known = one.queries[np.isin(self.singer[one.queries], one.singers)]
            found = contender(self.vectors[one.tracks], one.first_track, self.vectors[known])
            own = found[np.arange(len(known)), np.searchsorted(one.singers, self.singer[known])]
            surprise.append(-own)
            rank.append((found > own[:, None]).sum(axis=1))
            confidence.append(np.exp(found.max(axis=1)))
            singers.append(self.singer[known])
        return Answers(*(np.concatenate(parts) for parts in (surprise, rank, confidence, singers)))

    def stranger_rows(self) -> Iterator[Row]:
        """Judge whether singers who are not in the catalogue are noticed."""
        none, nearest, stranger = [], [], []
        askable = self.askable
        for group in range(STRANGER_GROUPS):
            for one in self.rounds(absent=askable[group::STRANGER_GROUPS]):
                tracks, queries = self.vectors[one.tracks], self.vectors[one.queries]
                classifier = fit_singer_classifier(tracks, one.first_track)
                none.append(_none(classifier, queries))
                nearest.append(-_cosines(tracks, one.first_track, queries).max(axis=1))
                stranger.append(~np.isin(self.singer[one.queries], one.singers))
        said, far, truth = np.concatenate(none), np.concatenate(nearest), np.concatenate(stranger)
        figures = {
            "AUC": Figure(area_under_curve(said[truth], said[~truth])),
            "known right": Figure(float((said[~truth] < 0.5).mean())),
            "strangers right": Figure(float((said[truth] >= 0.5).mean())),
        }
        yield Row("probability of none", self.name, len(truth), figures)
        distance = Figure(area_under_curve(far[truth], far[~truth]))
        yield Row("nearest cosine", self.name, len(truth), {"AUC": distance}, baseline=True)


def label_songs(singers: Sequence[str], songs: Sequence[str]) -> tuple[Rows, Rows]:
    """Number singers, and the songs of each, in the order of their names.

    Args:
        singers: Of each recording.
        songs: Of each recording.

    Returns:
        `singer` and `song` of a `JudgedSet`.
    """
    singer = _numbered(singers)
    works = np.array(songs)
    song = np.zeros(len(works), dtype=np.intp)
    for number in range(int(singer.max()) + 1):
        own = np.flatnonzero(singer == number)
        song[own] = _numbered(works[own].tolist())
    return singer, song


def _labels(recordings: Sequence[Recording]) -> tuple[Rows, Rows]:
    return label_songs([one.singer for one in recordings], [one.work for one in recordings])


def _numbered(names: Sequence[str]) -> Rows:
    """Number names in their order."""
    return np.asarray(np.unique(np.array(names), return_inverse=True)[1], dtype=np.intp)


def _none(classifier: SingerClassifier, queries: Vectors) -> Numbers:
    return np.array([answer.none for answer in classifier.identify_all(queries)])


def _cosines(tracks: Vectors, first_track: Rows, queries: Vectors) -> Numbers:
    sums = np.add.reduceat(tracks.astype(np.float64), first_track)
    return np.asarray(queries @ (sums / np.linalg.norm(sums, axis=1, keepdims=True)).T)
