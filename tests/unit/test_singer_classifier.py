"""Probabilities of singers: right on clusters whose answer is known, honest about how sure they are."""

import numpy as np
import pytest

from singalike.embeddings.profile import Vectors
from singalike.errors import InvalidInputError, WrongStateError
from singalike.recsys.singer_calibration import PRIOR_TEMPERATURE
from singalike.recsys.singer_classifier import SingerClassifier, fit_singer_classifier
from singalike.recsys.voice_spread import fit_spread, gather_statistics
from tests.support.fake_ear import unit_rows

DIM = 24
EQUAL = 1e-9
CALIBRATED = 0.06
"""Of 600 voices; the deviation of a share of 600 is at most .02."""


class Voices:
    """Singers whose true spread is known: centres and takes are drawn from Gaussians before they are scaled to one."""

    def __init__(self, seed: int, singers: int, noise: float = 0.6) -> None:
        self.random = np.random.default_rng(seed)
        self.noise = noise
        self.centres = self.random.standard_normal((singers, DIM))

    def takes(self, singer: int, count: int) -> Vectors:
        return unit_rows(self.centres[singer] + self.noise * self.random.standard_normal((count, DIM)))

    def catalogue(self, counts: list[int]) -> tuple[Vectors, np.ndarray]:
        tracks = np.concatenate([self.takes(singer, count) for singer, count in enumerate(counts)])
        return tracks, np.cumsum([0, *counts[:-1]])

    def classifier(self, counts: list[int]) -> SingerClassifier:
        return fit_singer_classifier(*self.catalogue(counts))


def test_a_voice_of_the_catalogue_is_found_and_all_probabilities_sum_to_one() -> None:
    voices = Voices(0, singers=12, noise=0.4)
    classifier = voices.classifier([4] * 12)

    for singer in range(12):
        found = classifier.identify(voices.takes(singer, 1)[0])

        assert found.best(1) == [singer]
        assert found.singers[singer] > 0.7
        assert found.singers.sum() + found.none == pytest.approx(1.0, abs=EQUAL)
        assert 0.0 <= found.entropy_nats <= np.log(13)


def test_a_voice_of_nobody_in_the_catalogue_is_said_to_be_nobodys() -> None:
    voices = Voices(1, singers=60, noise=0.4)
    classifier = voices.classifier([4] * 20)

    strangers = [classifier.identify(voices.takes(singer, 1)[0]).none for singer in range(20, 60)]
    known = [classifier.identify(voices.takes(singer, 1)[0]).none for singer in range(20)]

    assert np.mean(np.array(strangers) > 0.5) > 0.85
    assert np.mean(np.array(known) < 0.5) > 0.85


def test_what_is_said_with_a_probability_comes_true_that_often() -> None:
    voices = Voices(2, singers=30, noise=1.3)
    classifier = voices.classifier([5] * 30)
    truth = np.tile(np.arange(30), 20)
    asked = np.concatenate([voices.takes(singer, 1) for singer in truth])

    found = classifier.identify_all(asked, prior_of_none=0.0)

    confidence = np.array([answer.singers.max() for answer in found])
    right = np.array([answer.best(1)[0] for answer in found]) == truth
    assert 0.3 < right.mean() < 0.95
    assert confidence.mean() == pytest.approx(right.mean(), abs=CALIBRATED)
    for sure in (confidence > 0.7, confidence < 0.7):
        assert confidence[sure].mean() == pytest.approx(right[sure].mean(), abs=2 * CALIBRATED)


def test_the_order_of_singers_and_tracks_does_not_matter() -> None:
    voices = Voices(3, singers=9, noise=1.0)
    tracks, first_track = voices.catalogue([3] * 9)
    order = np.random.default_rng(4).permutation(9)
    shuffled = np.concatenate([tracks[first_track[singer] : first_track[singer] + 3][::-1] for singer in order])
    asked = voices.takes(5, 1)[0]

    one = fit_singer_classifier(tracks, first_track).identify(asked)
    other = fit_singer_classifier(shuffled, first_track).identify(asked)

    np.testing.assert_allclose(other.singers, one.singers[order], atol=1e-6)
    assert other.none == pytest.approx(one.none, abs=1e-6)


def test_the_same_catalogue_gives_the_same_answer_to_the_bit() -> None:
    voices = Voices(5, singers=8)
    tracks, first_track = voices.catalogue([1, 2, 3, 4, 5, 6, 7, 8])
    asked = voices.takes(2, 1)[0]

    answers = [fit_singer_classifier(tracks, first_track).identify(asked) for _ in range(2)]

    np.testing.assert_array_equal(answers[0].singers, answers[1].singers)


def test_a_further_track_of_a_singer_like_the_voice_never_lowers_that_singer() -> None:
    voices = Voices(6, singers=6, noise=1.0)
    tracks, first_track = voices.catalogue([3] * 6)
    statistics = gather_statistics(tracks, first_track)
    spread = fit_spread(statistics)
    centroids = spread.whiten(statistics.centroids)

    for singer in range(6):
        point = spread.whiten(voices.takes(singer, 1))
        more = (statistics.counts[singer] * centroids[singer] + point) / (statistics.counts[singer] + 1.0)
        before = spread.paired_log_densities(point, centroids[singer][None], statistics.counts[[singer]])
        after = spread.paired_log_densities(point, more, statistics.counts[[singer]] + 1.0)
        assert after[0] > before[0]


def test_many_tracks_of_a_singer_are_no_reason_to_expect_that_singer() -> None:
    voices = Voices(7, singers=6)
    classifier = voices.classifier([2, 2, 2, 2, 2, 60])

    strangers = Voices(8, singers=300)
    favourite = classifier.identify_all(np.concatenate([strangers.takes(one, 1) for one in range(300)]), 0.0)

    assert np.mean([answer.best(1) == [5] for answer in favourite]) < 0.3


def test_one_track_a_singer_is_enough_to_answer_and_the_prior_says_how_surely() -> None:
    voices = Voices(9, singers=10)
    classifier = voices.classifier([1] * 10)

    right = [classifier.identify(voices.takes(singer, 1)[0]).best(1) == [singer] for singer in range(10)]

    assert sum(right) >= 8
    assert classifier.calibration.temperature == pytest.approx(PRIOR_TEMPERATURE, rel=1e-3)
    assert classifier.calibration.trials == 0


def test_one_singer_alone_is_told_from_somebody_else() -> None:
    voices = Voices(10, singers=20, noise=0.4)
    classifier = voices.classifier([5])

    known = classifier.identify(voices.takes(0, 1)[0])
    strangers = [classifier.identify(voices.takes(other, 1)[0]).none for other in range(1, 20)]

    assert known.singers[0] + known.none == pytest.approx(1.0, abs=EQUAL)
    assert known.none < min(strangers)


def test_an_empty_catalogue_is_refused() -> None:
    with pytest.raises(WrongStateError) as refused:
        fit_singer_classifier(np.zeros((0, DIM), dtype=np.float32), np.zeros(0, dtype=np.intp))

    assert refused.value.reason == "CATALOGUE_EMPTY"


def test_the_prior_of_none_rules_out_strangers_or_everybody() -> None:
    voices = Voices(11, singers=5)
    classifier = voices.classifier([3] * 5)
    asked = voices.takes(1, 1)[0]

    among, even, nobody = (classifier.identify(asked, prior) for prior in (0.0, 0.5, 1.0))

    assert (among.none, nobody.none) == (0.0, 1.0)
    assert among.singers.sum() == pytest.approx(1.0, abs=EQUAL)
    np.testing.assert_allclose(even.singers / even.singers.sum(), among.singers, atol=EQUAL)
    assert nobody.entropy_nats == 0.0


@pytest.mark.parametrize("prior", [-0.1, 1.1, float("nan")])
def test_a_prior_that_is_no_probability_is_refused(prior: float) -> None:
    classifier = Voices(12, singers=2).classifier([2, 2])

    with pytest.raises(InvalidInputError) as refused:
        classifier.identify(Voices(12, singers=2).takes(0, 1)[0], prior)

    assert refused.value.reason == "BAD_PRIOR"


def test_equal_recordings_do_no_harm() -> None:
    same = unit_rows(np.ones((6, DIM)))

    found = fit_singer_classifier(same, np.array([0, 2, 4])).identify(same[0])

    np.testing.assert_allclose(found.singers, found.singers[0])
    assert np.isfinite(found.none)
