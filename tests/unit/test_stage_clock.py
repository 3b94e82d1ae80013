"""How far a conversion is, and how long it will still take."""

import pytest

from singalike.conversion.song import STAGES, Stage
from singalike.services.conversion.stage_clock import StageClock

COSTS = dict.fromkeys(STAGES, 0.1)
SONG_S = 100.0


class Hands:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_the_share_grows_from_stage_to_stage_and_never_falls() -> None:
    clock = StageClock(SONG_S, Hands(), COSTS)

    shares = [clock.progress(stage, share).share for stage in STAGES for share in (0.0, 0.5, 1.0, 0.2)]

    assert shares == sorted(shares)
    assert clock.progress(Stage.LISTENING, 0.0).share == shares[-1] < 1.0


def test_the_time_left_follows_how_fast_this_machine_is() -> None:
    hands = Hands()
    clock = StageClock(SONG_S, hands, COSTS)

    expected = clock.progress(Stage.SEPARATING, 0.0).time_left_s
    hands.now_s = 60.0
    slow = clock.progress(Stage.SHIFTING, 1.0).time_left_s

    assert expected == pytest.approx(60.0)
    assert slow == pytest.approx(30.0 * 63.0 / 33.0)


def test_what_need_not_be_done_is_not_waited_for() -> None:
    clock = StageClock(SONG_S, Hands(), COSTS)

    clock.skip(Stage.SEPARATING)

    assert clock.progress(Stage.LISTENING, 0.0).share == 0.0
    assert clock.progress(Stage.LISTENING, 0.0).time_left_s == pytest.approx(50.0)
