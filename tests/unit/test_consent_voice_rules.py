"""The voice rules of consent, on vectors whose angles are known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from singalike.conversion.consent.voice_rules import (
    LEAST_MARGIN,
    LEAST_READ_BACK_LIKENESS,
    LEAST_TAKES_LIKENESS,
    MOST_MARGIN,
    catalogue_margin,
    check_agreement,
    check_catalogue,
    check_read_back,
    takes_likeness,
)
from singalike.embeddings.profile import Vectors
from singalike.errors import InvalidInputError, WrongStateError

DIM = 64


def people(takes: int, *, like: float = 0.7, persons: int = 1, seed: int = 0) -> list[Vectors]:
    """Draw takes of persons who have nothing in common; two takes of one are about so much alike."""
    rng = np.random.default_rng(seed)
    drawn = []
    for person in range(persons):
        noise = rng.standard_normal((takes, DIM)) * np.sqrt((1 / like - 1) / DIM)
        vectors = np.eye(DIM)[person] + noise
        drawn.append((vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32))
    return drawn


def cosines(*values: float) -> NDArray[np.float64]:
    return np.array(values)


def test_a_reading_passes_from_the_least_likeness_on() -> None:
    takes = np.eye(2, dtype=np.float32)[0]
    angles = (np.arccos(LEAST_READ_BACK_LIKENESS - 0.01), np.arccos(LEAST_READ_BACK_LIKENESS + 0.01))
    far, near = (np.array([np.cos(angle), np.sin(angle)], np.float32) for angle in angles)

    with pytest.raises(InvalidInputError) as refused:
        check_read_back(far, takes)

    assert refused.value.reason == "READ_BACK_OTHER_VOICE"
    assert check_read_back(near, takes) == pytest.approx(LEAST_READ_BACK_LIKENESS + 0.01, abs=1e-6)


def test_one_take_and_takes_that_are_the_same_agree() -> None:
    (takes,) = people(1)

    assert takes_likeness(takes) == 1.0
    assert takes_likeness(np.repeat(takes, 5, axis=0)) > 0.999


def test_takes_of_one_person_agree_however_many_they_are() -> None:
    for count in (2, 3, 8, 32):
        (takes,) = people(count)

        assert takes_likeness(takes) > LEAST_TAKES_LIKENESS


@pytest.mark.parametrize(("own", "foreign"), [(1, 1), (7, 1), (4, 4), (2, 6), (31, 1)])
def test_takes_of_two_people_are_refused_however_many_each_has(own: int, foreign: int) -> None:
    mine, theirs = people(32, persons=2)

    with pytest.raises(InvalidInputError) as refused:
        check_agreement(np.concatenate([mine[:own], theirs[:foreign]]))

    assert refused.value.reason == "MIXED_VOICES"


def test_the_margin_grows_with_the_catalogue_between_its_ends() -> None:
    margins = [catalogue_margin(tracks) for tracks in (1, 10, 100, 1_000, 10_000, 100_000, 10_000_000)]

    assert margins == sorted(margins)
    assert (margins[0], margins[-1]) == (LEAST_MARGIN, MOST_MARGIN)


def test_a_singer_nearer_than_the_reading_by_more_than_the_margin_is_that_singer() -> None:
    margin = catalogue_margin(3)

    check_catalogue(cosines(0.1, 0.2, 0.5 + margin - 1e-6), 0.5)
    with pytest.raises(WrongStateError) as refused:
        check_catalogue(cosines(0.1, 0.2, 0.5 + margin + 1e-6), 0.5)

    assert refused.value.reason == "VOICE_OF_CATALOGUE_SINGER"


def test_an_empty_catalogue_refuses_nobody() -> None:
    check_catalogue(cosines(), 0.0)
