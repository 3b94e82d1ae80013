"""How shares, degrees, ages and Korean particles are put into words."""

import pytest

from singalike.recsys.calibration import likeness
from singalike.recsys.explanations import wording
from singalike.recsys.explanations.particles import with_particle
from singalike.recsys.signals import FRESHNESS_HALF_LIFE_DAYS


@pytest.mark.parametrize(
    ("share", "down", "up"),
    [
        (0.987, "98%", "99%"),
        (0.9949, "99.4%", "99.5%"),
        (0.99999, "99.9%", "100%"),
        (0.004, "0%", "1%"),
        (0.5, "50%", "50%"),
    ],
)
def test_shares_are_rounded_to_the_side_that_claims_less(share: float, down: str, up: str) -> None:
    assert wording.percent(share) == down
    assert wording.percent_rounded_up(share) == up


def test_all_and_nothing_are_told_only_when_it_is_so() -> None:
    assert [wording.whole_percent(share) for share in (0.0, 0.002, 0.405, 0.998, 1.0)] == [
        "0%",
        "0%",
        "40%",
        "99%",
        "100%",
    ]


@pytest.mark.parametrize(
    ("z", "degree"), [(3.1, "much"), (2.1, "clearly"), (1.1, "somewhat"), (0.0, "not"), (-1.5, "less")]
)
def test_degrees_are_deviations_above_unrelated_singers(z: float, degree: str) -> None:
    assert wording.likeness_degree(float(likeness(z))) == degree  # type: ignore[arg-type]


@pytest.mark.parametrize("days", [0, 1, 12, 400])
def test_the_age_is_read_back_from_the_freshness(days: int) -> None:
    assert wording.age_days(2 ** (-days / FRESHNESS_HALF_LIFE_DAYS)) == days


@pytest.mark.parametrize(
    ("word", "particle", "written"),
    [
        ("박민아", "을", "박민아를"),
        ("김준", "을", "김준을"),
        ("김준", "은", "김준은"),
        ("서울", "으로", "서울로"),
        ("부산", "으로", "부산으로"),
        ("IU", "이", "IU가"),
        ("Kim", "은", "Kim은"),
        ("Park", "과", "Park와"),
        ("Ada Brook", "은", "Ada Brook은"),
        ("Finn Gale", "은", "Finn Gale은"),
        ("Adele", "으로", "Adele로"),
        ("Ben Crane", "이", "Ben Crane이(가)"),
        ("Akane", "이", "Akane이(가)"),
        ("Rock", "과", "Rock과"),
        ("Young", "은", "Young은"),
        ("MSN", "을", "MSN을"),
        ("2NE1", "을", "2NE1을"),
        ("24", "이", "24가"),
        ("‘밤편지’", "을", "‘밤편지’를"),
        ("Мила", "을", "Мила을(를)"),
        ("...", "이", "...이(가)"),
    ],
)
def test_particles_follow_the_sound_of_the_word(word: str, particle: str, written: str) -> None:
    assert with_particle(word, particle) == written
