"""Workers that are killed lose no conversion and make none twice; what is taken away from them leaves nothing."""

from functools import partial

from benchmarks.end_conversions import remove_in_every_way
from benchmarks.kill_conversions import kill_workers
from tests.support.folders import quick_folder
from tests.support.killable_workers import SupervisedWorkers


def test_conversions_end_once_and_with_the_same_bytes_however_their_workers_are_killed() -> None:
    with quick_folder() as folder:
        verdict = kill_workers(
            folder, kills=2, conversions=2, seed=5, seconds=8.0, keep=partial(SupervisedWorkers, count=1)
        )

    assert verdict.passed, verdict


def test_conversions_that_are_cancelled_and_revoked_at_work_leave_no_file_and_no_row() -> None:
    with quick_folder() as folder:
        left = remove_in_every_way(folder, seed=6, seconds=8.0, ways=("cancel", "revoke"))

    assert left == {}
