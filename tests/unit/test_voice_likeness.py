"""Likeness told as a share of pairs of different singers, its interval, and when to name nobody."""

from dataclasses import replace

import numpy as np
import pytest

from singalike.embeddings.profile import Vectors
from singalike.recsys.abstention import (
    LEAST_CONTRAST,
    LEAST_VOICED_S,
    MORE_VOICE_NEEDED,
    NOTHING_STANDS_OUT,
    contrast,
    missing_voice_s,
    reason_to_abstain,
)
from singalike.recsys.medoids import unit_rows
from singalike.recsys.vector_space import PRIOR_REPEAT_Z, VectorSpace, build_space
from singalike.recsys.voice_likeness import closer_than, voice_likeness
from tests.support.voices import voice

DIM = 24
SHARE_TOLERANCE = 0.03


def recordings(singers: int, takes: int, spread: float, seed: int = 0) -> Vectors:
    """Draw `takes` recordings of each of some singers, shape (singers, takes, dim)."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((singers, 1, DIM)) + random.standard_normal(DIM)
    noisy = centres + spread * random.standard_normal((singers, takes, DIM))
    return unit_rows(noisy.reshape(-1, DIM)).reshape(singers, takes, DIM)


def space_of(vectors: Vectors) -> VectorSpace:
    singers, takes, _ = vectors.shape
    return build_space(vectors.reshape(-1, DIM), np.ones(singers * takes), np.arange(singers) * takes)


def test_strangers_are_closer_than_as_many_pairs_as_is_said() -> None:
    drawn = recordings(210, 3, 0.4)
    space, strangers = space_of(drawn[:150]), drawn[150:, 0]

    told = closer_than(space, space.similarities(strangers)).ravel()

    for share in (0.1, 0.5, 0.9, 0.98):
        assert (told > share).mean() == pytest.approx(1 - share, abs=SHARE_TOLERANCE)


def test_another_recording_of_a_singer_is_closer_than_nearly_all_pairs() -> None:
    drawn = recordings(40, 4, 0.4)
    space = space_of(drawn[:, :3])

    own = [voice_likeness(space, drawn[row, 3], drawn[row, 3:], np.array([row]))[0] for row in range(40)]

    assert np.mean([likeness.closer_than for likeness in own]) > 0.95


def test_a_share_is_never_none_or_all_and_grows_with_the_similarity() -> None:
    space = space_of(recordings(5, 2, 0.4))

    told = closer_than(space, np.linspace(-1.0, 1.0, 41))

    assert told[0] > 0.0
    assert told[-1] < 1.0
    assert (np.diff(told) > 0).all()


def test_a_catalogue_of_one_singer_leans_on_what_is_usual() -> None:
    space = space_of(recordings(1, 3, 0.4))

    assert closer_than(space, np.array([0.0]))[0] == pytest.approx(0.5)
    assert space.repeat_deviation == pytest.approx(PRIOR_REPEAT_Z * space.calibration.deviation)


def test_the_interval_holds_what_other_recordings_of_the_person_say() -> None:
    drawn = recordings(80, 6, 0.5)
    space, people = space_of(drawn[:60]), drawn[60:]

    held = []
    for takes in people:
        truth = closer_than(space, space.similarities(takes[1:]).mean(axis=0))
        told = voice_likeness(space, takes[0], takes[:1], np.arange(60))
        held += [likeness.low <= share <= likeness.high for likeness, share in zip(told, truth, strict=True)]

    assert 0.85 < np.mean(held) < 0.99


def test_segments_that_disagree_widen_the_interval_and_more_of_them_narrow_it() -> None:
    drawn = recordings(40, 3, 0.3)
    space, whole = space_of(drawn), drawn[0, 0]
    random = np.random.default_rng(1)

    def width(segments: int, apart: float) -> float:
        rows = unit_rows(whole + apart * random.standard_normal((segments, DIM)) / np.sqrt(DIM))
        told = voice_likeness(space, whole, rows, np.arange(40))
        return float(np.mean([likeness.high - likeness.low for likeness in told]))

    assert width(12, 0.05) < width(2, 0.05)
    assert width(12, 0.05) < width(12, 2.0)
    assert width(1, 0.0) > 0.05


def test_the_same_seed_draws_the_same_interval_around_the_likeness() -> None:
    drawn = recordings(10, 3, 0.4)
    space, rows = space_of(drawn), np.array([7, 2])

    first = voice_likeness(space, drawn[4, 0], drawn[4], rows, seed=3)

    assert first == voice_likeness(space, drawn[4, 0], drawn[4], rows, seed=3)
    assert first[::-1] == voice_likeness(space, drawn[4, 0], drawn[4], rows[::-1], seed=3)
    assert all(likeness.low <= likeness.closer_than <= likeness.high for likeness in first)


def test_a_recording_without_voiced_segments_still_has_an_interval() -> None:
    drawn = recordings(10, 3, 0.4)

    told = voice_likeness(space_of(drawn), drawn[0, 0], np.zeros((0, DIM), np.float32), np.array([1]))

    assert told[0].low < told[0].closer_than < told[0].high


def test_nobody_is_compared_when_nobody_is_asked_for() -> None:
    drawn = recordings(3, 2, 0.4)

    assert voice_likeness(space_of(drawn), drawn[0, 0], drawn[0], np.zeros(0, np.intp)) == []


def test_recordings_of_one_singer_that_differ_more_make_intervals_wider() -> None:
    steady, moody = space_of(recordings(30, 4, 0.2)), space_of(recordings(30, 4, 0.8))

    assert steady.repeat_deviation / steady.calibration.deviation < moody.repeat_deviation / moody.calibration.deviation


def test_a_vector_between_all_singers_has_little_contrast_and_a_recording_has_one() -> None:
    drawn = recordings(60, 3, 0.4)
    space = space_of(drawn)
    random = np.random.default_rng(2)
    nowhere = unit_rows((0.1 * random.standard_normal(DIM) + np.ones(DIM))[None])[0]
    blurred = replace(
        space, mean=np.zeros_like(space.mean), centroids=space.centroids * 0.1, medoids=space.medoids * 0.1
    )

    assert contrast(space, drawn[0, 0]) == pytest.approx(1.0, abs=0.35)
    assert contrast(blurred, nowhere) < LEAST_CONTRAST


def test_names_are_withheld_below_the_least_clear_voice_with_what_is_missing() -> None:
    profile = voice(1)
    short = replace(profile, quality=replace(profile.quality, voiced_s=LEAST_VOICED_S - 0.5))

    assert reason_to_abstain(short, 1.0, 6, 3) == MORE_VOICE_NEEDED
    assert missing_voice_s(short) == pytest.approx(8.5)
    assert missing_voice_s(profile) == 0.0
    assert reason_to_abstain(profile, 1.0, 6, 3) == ""


def test_a_voice_like_nobody_in_particular_is_named_to_nobody_unless_all_are_shown() -> None:
    assert reason_to_abstain(voice(1), LEAST_CONTRAST - 0.01, 20, 10) == NOTHING_STANDS_OUT
    assert reason_to_abstain(voice(1), LEAST_CONTRAST - 0.01, 10, 10) == ""
    assert reason_to_abstain(voice(1), LEAST_CONTRAST, 20, 10) == ""
