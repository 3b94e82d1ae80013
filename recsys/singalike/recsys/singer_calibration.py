"""How far densities of voices may be believed: fitted by taking the catalogue's own recordings out, one at a time.

Densities of a hundred dimensions claim to know more than they do. Dividing their logarithms by a temperature, and
weighing "somebody of the catalogue" against "nobody of it" with two numbers, makes probabilities of them. All three are
fitted to trials: each track is judged by a catalogue without it, and by one without its singer.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import logsumexp

from singalike.embeddings.profile import Vectors
from singalike.recsys.voice_spread import FOLDS, Numbers, SingerStatistics, canonical_order, fit_spread

PRIOR_TEMPERATURE, PRIOR_SINGERS = 4.0, 5.0
"""Temperature before a catalogue is seen, and for how many singers it stands.

On training data halves of one recording are found with certainty at every temperature up to 4 and with less above it
(`benchmarks/singer_probabilities.py`). Another song differs more than another half, and to claim too much costs more
than to claim too little: so it is the highest of these.
"""

LEAST_TEMPERATURE, MOST_TEMPERATURE = 0.5, 300.0

MOST_TRIALS, FEWEST_TRIALS, TRIAL_CELLS = 1024, 64, 4_000_000
"""Tracks that are taken out: as many as make this many densities, within these bounds."""


@dataclass(frozen=True)
class SingerCalibration:
    """Turns densities into probabilities.

    Attributes:
        temperature: Divides logarithms of densities; above 1 where they claim too much.
        slope, offset: The log odds that the voice is in the catalogue are slope x evidence + offset.
        trials: Tracks whose singer could still be found when they were taken out.
    """

    temperature: float = PRIOR_TEMPERATURE
    slope: float = 1.0
    offset: float = 0.0
    trials: int = 0

    def evidence(self, singers: Numbers, stranger: Numbers) -> Numbers:
        """Compare the whole catalogue with a stranger: log (mean tempered density of the singers / a stranger's).

        Args:
            singers: Log densities, float64 (rows, singers).
            stranger: Log density of a stranger, (rows,).
        """
        return _evidence(singers, stranger, self.temperature)

    def log_odds_of_known(self, singers: Numbers, stranger: Numbers) -> Numbers:
        """Log odds that a voice is in the catalogue when both were as likely before, float64 (rows,)."""
        return self.slope * self.evidence(singers, stranger) + self.offset


@dataclass(frozen=True, eq=False)
class Trials:
    """Tracks judged without themselves.

    Attributes:
        singers: Log densities, float64 (trials, singers); that of the true singer is without the track.
        stranger: float64 (trials,).
        truth: intp (trials,), the true singer.
        findable: bool (trials,), whether the true singer has other tracks.
        weights: float64 (trials,), one over the number of the singer's trials: every singer counts once.
    """

    singers: Numbers
    stranger: Numbers
    truth: NDArray[np.intp]
    findable: NDArray[np.bool_]
    weights: Numbers


def calibrate(vectors: Vectors, track_singer: NDArray[np.intp], statistics: SingerStatistics) -> SingerCalibration:
    """Fit a calibration to a catalogue; where nobody has two tracks, the prior stands.

    Args:
        vectors: Unit rows, float32 (tracks, dim).
        track_singer: intp (tracks,), row of the singer.
        statistics: Of these vectors.
    """
    trials = run_trials(vectors, track_singer, statistics)
    temperature = _fit_temperature(trials)
    slope, offset = _fit_known(trials, temperature) if trials.singers.shape[1] > 1 else (1.0, 0.0)
    return SingerCalibration(temperature, slope, offset, int(trials.findable.sum()))


def run_trials(vectors: Vectors, track_singer: NDArray[np.intp], statistics: SingerStatistics) -> Trials:
    """Take tracks out, evenly chosen, and judge each by spreads that were fitted to other singers."""
    chosen = _choose(vectors, len(statistics.counts))
    truth = track_singer[chosen]
    singers = np.empty((len(chosen), len(statistics.counts)))
    stranger = np.empty(len(chosen))
    for fold in range(FOLDS):
        rows = np.flatnonzero(statistics.fold[truth] == fold)
        if len(rows):
            singers[rows], stranger[rows] = _judge(vectors[chosen[rows]], truth[rows], statistics, fold)
    per_singer = np.bincount(truth, minlength=len(statistics.counts))
    return Trials(singers, stranger, truth, statistics.counts[truth] > 1, 1.0 / per_singer[truth])


def _choose(vectors: Vectors, singers: int) -> NDArray[np.intp]:
    count = int(np.clip(TRIAL_CELLS // singers, FEWEST_TRIALS, MOST_TRIALS))
    order = canonical_order(vectors.astype(np.float64))
    return order[np.unique(np.linspace(0, len(order) - 1, count).round().astype(np.intp))]


def _judge(
    vectors: Vectors, truth: NDArray[np.intp], statistics: SingerStatistics, fold: int
) -> tuple[Numbers, Numbers]:
    spread = fit_spread(statistics, without_fold=fold)
    points, centroids, counts = spread.whiten(vectors), spread.whiten(statistics.centroids), statistics.counts
    singers = spread.log_densities(points, centroids, counts)
    left = counts[truth] - 1.0
    others = (centroids[truth] * counts[truth][:, None] - points) / np.maximum(left, 1.0)[:, None]
    singers[np.arange(len(points)), truth] = spread.paired_log_densities(points, others, left)
    return singers, spread.stranger_log_densities(points)


def _fit_temperature(trials: Trials) -> float:
    """Minimise the cross entropy of the findable trials, drawn towards the prior on a logarithmic scale."""
    singers, truth = trials.singers[trials.findable], trials.truth[trials.findable]
    weights = trials.weights[trials.findable]

    def loss(log_temperature: float) -> float:
        tempered = singers / np.exp(log_temperature)
        surprise = logsumexp(tempered, axis=1) - tempered[np.arange(len(truth)), truth]
        pull = PRIOR_SINGERS * (log_temperature - np.log(PRIOR_TEMPERATURE)) ** 2 / 2.0
        return float(weights @ surprise + pull)

    return _least(loss, float(np.log(LEAST_TEMPERATURE)), float(np.log(MOST_TEMPERATURE)))


def _least(loss: Callable[[float], float], low: float, high: float) -> float:
    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded").x))


def _fit_known(trials: Trials, temperature: float) -> tuple[float, float]:
    """Fit slope and offset: findable trials are known; all trials, their singer left out, are strangers.

    Source:
        Platt 1999, Probabilistic outputs for support vector machines; both kinds weigh the same here.
    """
    alone = trials.singers.copy()
    alone[np.arange(len(alone)), trials.truth] = -np.inf
    strangers = _evidence(alone, trials.stranger, temperature) + np.log(alone.shape[1] / (alone.shape[1] - 1.0))
    known = _evidence(trials.singers, trials.stranger, temperature)[trials.findable]
    weights = trials.weights[trials.findable]
    as_many = weights.sum() / trials.weights.sum()

    def loss(parameters: Numbers) -> float:
        slope, offset = np.exp(parameters[0]), parameters[1]
        missed = weights @ np.logaddexp(0.0, -(slope * known + offset))
        taken = as_many * trials.weights @ np.logaddexp(0.0, slope * strangers + offset)
        return float(missed + taken + PRIOR_SINGERS * (parameters @ parameters) / 2.0)

    log_slope, offset = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    return float(np.exp(log_slope)), float(offset)


def _evidence(singers: Numbers, stranger: Numbers, temperature: float) -> Numbers:
    mean = logsumexp(singers / temperature, axis=1) - np.log(singers.shape[1])
    return np.asarray(mean - stranger / temperature)
