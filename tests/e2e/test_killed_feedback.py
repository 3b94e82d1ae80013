"""A server that is killed loses no event that it acknowledged, and keeps none twice when it is sent again."""

from benchmarks.kill_feedback import kill_and_restart
from tests.support.folders import quick_folder


def test_no_acknowledged_event_is_lost_and_none_is_there_twice_after_a_kill() -> None:
    with quick_folder() as folder:
        verdict = kill_and_restart(folder, kills=1, seed=3)

    assert verdict.passed, verdict
    assert verdict.acknowledged > 0
