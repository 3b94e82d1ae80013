"""The probability of each singer of a catalogue for a voice, and that it is none of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, expit, softmax

from singalike.embeddings.profile import Vectors
from singalike.errors import FieldViolation, InvalidInputError, WrongStateError
from singalike.recsys.singer_calibration import SingerCalibration, calibrate
from singalike.recsys.voice_spread import Numbers, VoiceSpread, fit_spread, gather_statistics

EVEN_PRIOR = 0.5
"""Before it is heard, a voice is as likely to be of the catalogue as not."""


@dataclass(frozen=True, eq=False)
class SingerProbabilities:
    """Who a voice may be.

    Attributes:
        singers: float64 (singers,), probability of each; they and `none` sum to one.
        none: Probability that the voice is of nobody in the catalogue.
    """

    singers: Numbers
    none: float

    @property
    def entropy_nats(self) -> float:
        """How undecided the answer is: 0 when sure, log(singers + 1) when nothing is known."""
        return float(entr(self.singers).sum() + entr(self.none))

    def best(self, k: int) -> list[int]:
        """Return the rows of the `k` most probable singers, best first; equal ones in the order of their rows."""
        return [int(row) for row in np.argsort(-self.singers, kind="stable")[:k]]


@dataclass(frozen=True, eq=False)
class SingerClassifier:
    """A classifier over the singers of one state of a catalogue; all are equally likely before a voice is heard.

    Attributes:
        spread: How far recordings and singers lie apart.
        centroids: float64 (singers, dim), mean of each singer's tracks in the axes of the spread.
        counts: float64 (singers,), tracks of each.
        calibration: How far the densities may be believed.
    """

    spread: VoiceSpread
    centroids: Numbers
    counts: Numbers
    calibration: SingerCalibration

    def identify(self, timbre: Vectors, prior_of_none: float = EVEN_PRIOR) -> SingerProbabilities:
        """Say who a voice may be.

        Args:
            timbre: Unit vector of one recording, float32 (dim,).
            prior_of_none: How likely it is, before listening, that the voice is of nobody in the catalogue; 0 asks
                which of the singers it is, all others being ruled out.

        Raises:
            InvalidInputError: BAD_PRIOR, outside [0, 1].
        """
        return self.identify_all(timbre[None], prior_of_none)[0]

    def identify_all(self, timbre: Vectors, prior_of_none: float = EVEN_PRIOR) -> list[SingerProbabilities]:
        """As `identify`, of many recordings on their own, shape (recordings, dim)."""
        if not 0.0 <= prior_of_none <= 1.0:
            message = f"the prior of none is {prior_of_none:g}: it is a probability, use 0 to 1"
            raise InvalidInputError("BAD_PRIOR", message, (FieldViolation("prior_of_none", message),))
        points = self.spread.whiten(timbre)
        densities = self.spread.log_densities(points, self.centroids, self.counts)
        stranger = self.spread.stranger_log_densities(points)
        with np.errstate(divide="ignore"):  # a prior of 0 or 1 is certainty, whose log odds are infinite
            prior_odds = np.log1p(-prior_of_none) - np.log(prior_of_none)
        odds = self.calibration.log_odds_of_known(densities, stranger) + prior_odds
        among = softmax(densities / self.calibration.temperature, axis=1)
        return [
            SingerProbabilities(row * expit(known), float(expit(-known)))
            for row, known in zip(among, odds, strict=True)
        ]


def fit_singer_classifier(vectors: Vectors, first_track: NDArray[np.intp]) -> SingerClassifier:
    """Fit a classifier to all tracks of a catalogue; the same tracks give the same classifier.

    Args:
        vectors: Unit timbre vectors of whole tracks, float32 (tracks, dim), grouped by singer.
        first_track: intp (singers,), ascending: the row where each singer's tracks begin.

    Raises:
        WrongStateError: CATALOGUE_EMPTY, no singers.
    """
    if not len(first_track):
        raise WrongStateError("CATALOGUE_EMPTY", "the catalogue is empty: ingest recordings first (singalike ingest)")
    statistics = gather_statistics(vectors, first_track)
    track_singer = np.repeat(np.arange(len(first_track)), statistics.counts.astype(np.intp))
    spread = fit_spread(statistics)
    return SingerClassifier(
        spread, spread.whiten(statistics.centroids), statistics.counts, calibrate(vectors, track_singer, statistics)
    )
