"""The map of singers and what it is worth."""

import numpy as np
import pytest

from singalike.errors import InvalidInputError, WrongStateError
from singalike.recsys.catalogue_view import build_view
from singalike.recsys.map import place_on_map, silhouette, trustworthiness
from singalike.services.recommender.singer_map import map_singers
from tests.support.fake_ear import unit_rows
from tests.support.voices import small_view, track_of, voice


def clusters(per_cluster: int = 8) -> tuple[np.ndarray, list[str]]:
    random = np.random.default_rng(0)
    centres = np.eye(12)[:3]
    rows = [centre + 0.05 * random.standard_normal(12) for centre in centres for _ in range(per_cluster)]
    return unit_rows(np.stack(rows)), [f"cluster {row // per_cluster}" for row in range(3 * per_cluster)]


def test_voices_that_are_alike_lie_together() -> None:
    vectors, labels = clusters()

    positions = place_on_map(vectors)

    parted = silhouette(positions, labels)
    assert parted is not None and parted > 0.6  # noqa: PT018
    assert trustworthiness(vectors, positions) > 0.8


def test_a_seed_fixes_the_map() -> None:
    vectors, _ = clusters(4)

    first, second = place_on_map(vectors, seed=3), place_on_map(vectors, seed=3)

    assert np.array_equal(first, second)


@pytest.mark.parametrize("labels", [["a", "a", "a", None], ["a", "b", None, None], [None] * 4])
def test_a_silhouette_without_two_groups_is_not_defined(labels: list[str | None]) -> None:
    assert silhouette(np.zeros((4, 2), dtype=np.float32), labels) is None


def test_three_singers_are_too_few() -> None:
    with pytest.raises(WrongStateError) as caught:
        map_singers(small_view(3))

    assert caught.value.reason == "TOO_FEW_SINGERS"


def test_an_unknown_colour_is_refused() -> None:
    with pytest.raises(InvalidInputError) as caught:
        map_singers(small_view(4), "height")

    assert caught.value.reason == "BAD_COLOUR"


def test_the_owner_knows_the_gender_better_than_the_ear() -> None:
    said = {0: {"voice_gender": "male"}, 1: {}, 2: {}, 3: {}}
    measured = {0: 0.9, 1: 0.9, 2: 0.1, 3: 0.5}
    view = build_view(
        track_of(f"s{row}", "song", voice(row, female_probability=measured[row]), **said[row]) for row in range(4)
    )

    points = map_singers(view, "gender").points

    assert [point.label for point in points] == ["male", "female", "male", None]
