"""Which moments of a voice are kept, and how much of them is heard."""

import numpy as np
import pytest

from singalike.conversion.engine import ConvertOptions
from singalike.conversion.neural.listening import Heard, join, own_rows
from singalike.conversion.neural.moments import MOST_MOMENTS, chosen_moments, mixed
from singalike.conversion.pieces import Piece


def heard(rows: int, quiet: tuple[int, ...] = (), unvoiced: tuple[int, ...] = ()) -> Heard:
    """A voice whose rows are numbered, at 200 Hz."""
    level_db, f0_hz = np.full(rows, -20.0, np.float32), np.full((rows, 2), 200.0, np.float32)
    level_db[list(quiet)] = -90.0
    f0_hz[list(unvoiced)] = 0.0
    return Heard(np.arange(rows, dtype=np.float32)[:, None], f0_hz.ravel(), level_db, np.arange(rows) > 0)


def test_silent_moments_are_left_out_and_what_follows_them_follows_nothing() -> None:
    kept = chosen_moments(heard(6, quiet=(2,), unvoiced=(4,)), seed=0)

    assert kept.content[:, 0].tolist() == [0, 1, 3, 4, 5]
    assert kept.follows.tolist() == [False, True, False, True, True]
    assert np.isnan(kept.log2_f0).tolist() == [False, False, False, True, False]


def test_takes_do_not_follow_each_other() -> None:
    kept = chosen_moments(join([heard(2), heard(2)]), seed=0)

    assert kept.follows.tolist() == [False, True, False, True]


def test_of_more_than_ten_minutes_whole_seconds_are_drawn_by_the_seed() -> None:
    voice = heard(MOST_MOMENTS + 500)
    places = np.arange(len(voice), dtype=np.float32)
    voice = Heard(np.stack([places // 1_000, places % 1_000], axis=1), voice.f0_hz, voice.level_db, voice.follows)

    first, again, other = (chosen_moments(voice, seed) for seed in (1, 1, 2))

    assert len(first.content) == MOST_MOMENTS
    assert np.array_equal(first.content, again.content)
    assert not np.array_equal(first.content, other.content)
    assert (~first.follows).sum() <= 11


@pytest.mark.parametrize(
    ("options", "voiced", "unvoiced"),
    [
        (ConvertOptions(), 0.8, 0.4),
        (ConvertOptions(retrieval_share=1.0), 1.0, 0.5),
        (ConvertOptions(protect=0.0), 0.8, 0.0),
        (ConvertOptions(retrieval_share=0.0, protect=1.0), 0.0, 0.0),
    ],
)
def test_shares_say_how_much_of_what_was_retrieved_is_heard(
    options: ConvertOptions, voiced: float, unvoiced: float
) -> None:
    source = heard(2, unvoiced=(1,))

    rows = mixed(source, source.content + 1.0, options, share=0.8, protect=0.5)

    assert (rows - source.content)[:, 0].tolist() == pytest.approx([voiced, unvoiced])


def test_the_rows_of_margins_are_dropped() -> None:
    piece = Piece(first=640, last=1_700, from_sample=320, to_sample=2_020)

    assert own_rows(heard(6), piece).content[:, 0].tolist() == [1, 2, 3, 4]
