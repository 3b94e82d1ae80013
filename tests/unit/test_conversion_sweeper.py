"""What is erased, and what is woken."""

from collections.abc import Iterator

import pytest

from singalike.errors import UnavailableError
from singalike.services.conversion.sweeper import Sweeper
from singalike.services.conversion_records import ConversionState, JobState, Priority, Tenant
from tests.support.conversion_stores import TENANT
from tests.support.jobs_bench import JobsBench, jobs_bench, sing, worker_of


@pytest.fixture
def bench() -> Iterator[JobsBench]:
    with jobs_bench() as bench:
        yield bench


def sweeper_of(bench: JobsBench, most_running: int = 2) -> Sweeper:
    return Sweeper(bench.parts, bench.stores.clock, lambda _tenant: most_running)


def finish(bench: JobsBench) -> str:
    """Have a conversion asked for and finished."""
    conversion_id = bench.ask()
    bench.jobs.take("worker-1")
    worker_of(bench, sing(bench)).work_on(conversion_id)
    return conversion_id


def test_a_finished_conversion_keeps_its_song_and_row_and_loses_its_job(bench: JobsBench) -> None:
    conversion_id = finish(bench)
    bench.jobs.cancel(conversion_id)
    bench.files.pieces(conversion_id)

    sweeper_of(bench).sweep()

    assert bench.jobs.jobs() == []
    assert (bench.files.songs, bench.files.pieces_of) == ({conversion_id}, set())
    assert bench.find(conversion_id).state is ConversionState.SUCCEEDED


def test_an_expired_conversion_leaves_no_row_no_file_and_no_job(bench: JobsBench) -> None:
    finish(bench)
    bench.stores.clock.forward(days=8)

    sweeper_of(bench).sweep()

    assert bench.stores.conversions.conversion_ids() == frozenset()
    assert bench.jobs.jobs() == []
    assert not bench.files.conversion_ids()


@pytest.mark.parametrize("sweeps_before", [0, 1])
def test_a_deleted_conversion_leaves_no_file_and_no_job(bench: JobsBench, sweeps_before: int) -> None:
    conversion_id = finish(bench)
    bench.jobs.cancel(conversion_id)
    sweeper = sweeper_of(bench)
    for _ in range(sweeps_before):
        sweeper.sweep()
    bench.stores.conversions.remove_conversion(conversion_id)

    sweeper.sweep()

    assert bench.jobs.jobs() == []
    assert not bench.files.conversion_ids()


def test_a_revoked_consent_leaves_no_file_and_no_job_of_its_conversions(bench: JobsBench) -> None:
    finish(bench)
    waiting = bench.ask(2)
    bench.stores.targets.revoke_consent(TENANT.name, bench.voice_id, bench.stores.clock())

    sweeper_of(bench).sweep()

    assert bench.job(waiting) is None
    assert not bench.files.conversion_ids()


def test_a_cancelled_conversion_keeps_its_row_and_nothing_else(bench: JobsBench) -> None:
    conversion_id = bench.ask()
    bench.files.pieces(conversion_id)
    bench.stores.conversions.cancel_conversion(conversion_id)

    sweeper_of(bench).sweep()

    assert bench.find(conversion_id).state is ConversionState.CANCELLED
    assert bench.jobs.jobs() == []
    assert not bench.files.conversion_ids()


def test_a_row_without_a_job_is_woken_when_it_is_seen_twice(bench: JobsBench) -> None:
    conversion_id = bench.ask()
    bench.jobs.forget([conversion_id])
    sweeper = sweeper_of(bench)

    sweeper.sweep()
    seen_once = bench.job(conversion_id)
    sweeper.sweep()

    assert (seen_once, bench.job(conversion_id)) == (None, JobState.WAITING)


def test_held_conversions_are_woken_as_far_as_their_tenant_has_room_and_the_urgent_first(bench: JobsBench) -> None:
    low, high, normal = (bench.ask(1, Priority.LOW), bench.ask(2, Priority.HIGH), bench.ask(3))
    for conversion_id in (low, high, normal):
        bench.jobs.cancel(conversion_id)
    sweeper = sweeper_of(bench, most_running=2)

    for _ in range(3):
        sweeper.sweep()

    assert [bench.job(name) for name in (high, normal, low)] == [JobState.WAITING, JobState.WAITING, JobState.ENDED]


def test_what_is_at_work_or_waits_is_left_alone(bench: JobsBench) -> None:
    bench.ask(1)
    running = bench.take("worker-1")
    waiting = bench.ask(2, tenant=Tenant(TENANT.name))
    sweeper = sweeper_of(bench)

    for _ in range(3):
        sweeper.sweep()

    assert (bench.job(running), bench.job(waiting)) == (JobState.TAKEN, JobState.WAITING)
    assert bench.files.conversion_ids() == {running}


def test_a_vocal_goes_with_the_last_conversion_of_its_song(bench: JobsBench) -> None:
    conversion_id = bench.ask()
    content = bench.find(conversion_id).order.content_sha256
    bench.files.vocals_of = {content, "0" * 64}
    sweeper = sweeper_of(bench)

    sweeper.sweep()
    while_needed = set(bench.files.vocals_of)
    bench.stores.conversions.remove_conversion(conversion_id)
    sweeper.sweep()

    assert (while_needed, bench.files.vocals_of) == ({content}, set())


def test_files_that_cannot_be_erased_now_hinder_no_others_and_are_tried_again(bench: JobsBench) -> None:
    erase, refused = bench.files.erase, iter([True])

    def refuse_once(conversion_id: str) -> None:
        if next(refused, False):
            raise UnavailableError("FILES_UNAVAILABLE", "the disk does not answer")
        erase(conversion_id)

    bench.files.erase = refuse_once  # type: ignore[method-assign]
    for name in ("c-1", "c-2", "c-3"):
        bench.files.pieces(name)
    sweeper = sweeper_of(bench)

    sweeper.sweep()
    left = len(bench.files.conversion_ids())
    sweeper.sweep()

    assert (left, bench.files.conversion_ids()) == (1, frozenset())
