"""What is left of conversions whose rows are gone: erased at once where that can be, swept later where it cannot."""

from collections.abc import Iterator

import pytest

from singalike.errors import UnavailableError
from singalike.services.conversion.conversions import Leftovers, TargetVoices
from singalike.services.conversion.sweeper import Sweeper
from tests.support.conversion_stores import TENANT
from tests.support.jobs_bench import JobsBench, jobs_bench


@pytest.fixture
def bench() -> Iterator[JobsBench]:
    with jobs_bench() as bench:
        yield bench


def test_files_that_cannot_be_erased_now_hinder_no_others_and_are_swept(bench: JobsBench) -> None:
    bench.ask(1)
    bench.ask(2)
    first, second = (bench.take(worker) for worker in ("worker-1", "worker-2"))
    stuck, erase = {first}, bench.files.erase

    def erase_unless_stuck(conversion_id: str) -> None:
        if conversion_id in stuck:
            raise UnavailableError("FILES_UNAVAILABLE", "the disk does not answer")
        erase(conversion_id)

    bench.files.erase = erase_unless_stuck  # type: ignore[method-assign]
    voices = TargetVoices(bench.stores.targets, Leftovers(bench.jobs, bench.files), bench.stores.clock)

    voices.delete(TENANT.name, bench.voice_id)
    left = bench.files.conversion_ids()
    stuck.clear()
    Sweeper(bench.parts, bench.stores.clock, lambda _tenant: 2).sweep()

    assert second not in left
    assert (left, bench.files.conversion_ids()) == ({first}, frozenset())
    assert list(bench.jobs.jobs()) == []
