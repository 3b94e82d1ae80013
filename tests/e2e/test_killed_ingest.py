"""An ingest that is killed loses nothing that it acknowledged, and is resumed by starting it again."""

from benchmarks.kill_ingest import kill_and_resume
from tests.support.folders import quick_folder


def test_nothing_is_lost_and_nothing_is_there_twice_after_kills() -> None:
    with quick_folder() as folder:
        verdict = kill_and_resume(folder, kills=2, recordings=16, seed=5)

    assert verdict.passed, verdict
    assert verdict.kills == 2
