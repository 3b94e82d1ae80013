"""What a worker makes of a conversion, however the work ends."""

import threading
from collections.abc import Callable, Iterator

import pytest

from singalike.errors import ConcurrentChangeError, InvalidInputError, UnavailableError
from singalike.services.conversion.worker import Check
from singalike.services.conversion_records import ConversionState, ConvertedSong, JobState, StoredConversion
from tests.support.conversion_stores import SONG
from tests.support.jobs_bench import JobsBench, jobs_bench, sing, worker_of


@pytest.fixture
def bench() -> Iterator[JobsBench]:
    with jobs_bench() as bench:
        yield bench


def run(bench: JobsBench, perform: Callable[[StoredConversion, Check], ConvertedSong]) -> StoredConversion:
    """Ask for a conversion and have it worked on."""
    conversion_id = bench.ask()
    bench.jobs.take("worker-1")
    worker_of(bench, perform).work_on(conversion_id)
    return bench.find(conversion_id)


def test_a_conversion_that_is_worked_on_ends_with_its_song_and_without_pieces(bench: JobsBench) -> None:
    ended = run(bench, sing(bench))

    assert (ended.state, ended.song, ended.attempts) == (ConversionState.SUCCEEDED, SONG, 1)
    assert bench.files.songs == {ended.conversion_id}
    assert not bench.files.pieces_of


def test_an_error_of_ours_ends_the_conversion_with_its_reason_and_leaves_no_file(bench: JobsBench) -> None:
    def refuse(conversion: StoredConversion, _check: Check) -> ConvertedSong:
        bench.files.pieces(conversion.conversion_id)
        raise InvalidInputError("NO_SINGING", "nobody sings in this song: choose another")

    ended = run(bench, refuse)

    assert ended.state is ConversionState.FAILED
    assert ended.fault is not None
    assert ended.fault.reason == "NO_SINGING"
    assert not bench.files.conversion_ids()


def test_any_other_error_is_told_by_an_id_and_not_by_its_words(bench: JobsBench) -> None:
    def break_down(_conversion: StoredConversion, _check: Check) -> ConvertedSong:
        raise RuntimeError("the secret of the voice")

    ended = run(bench, break_down)

    assert ended.fault is not None
    assert ended.fault.reason == "INTERNAL"
    assert "secret" not in ended.fault.message


@pytest.mark.parametrize("error", [UnavailableError, ConcurrentChangeError])
def test_what_may_pass_by_itself_is_tried_again(bench: JobsBench, error: type[Exception]) -> None:
    tries: list[int] = []

    def fail_twice(conversion: StoredConversion, check: Check) -> ConvertedSong:
        tries.append(conversion.attempts)
        if len(tries) < 3:
            raise error("CATALOGUE_BUSY", "somebody writes: try again")
        return sing(bench)(conversion, check)

    ended = run(bench, fail_twice)

    assert ended.state is ConversionState.SUCCEEDED
    assert tries == [1, 1, 1]


def test_what_does_not_pass_is_given_up_after_some_tries_and_other_errors_are_not_tried_twice(bench: JobsBench) -> None:
    tries: list[str] = []

    def fail(reason: str, error: type[Exception]) -> Callable[[StoredConversion, Check], ConvertedSong]:
        def perform(_conversion: StoredConversion, _check: Check) -> ConvertedSong:
            tries.append(reason)
            raise error(reason, "it does not work")

        return perform

    ended = [run(bench, fail("DOWN", UnavailableError)), run(bench, fail("WRONG", InvalidInputError))]

    assert [each.fault.reason for each in ended if each.fault] == ["DOWN", "WRONG"]
    assert tries == ["DOWN", "DOWN", "DOWN", "WRONG"]


def test_a_conversion_cancelled_at_work_stops_it_and_leaves_no_file(bench: JobsBench) -> None:
    def cancel_and_wait(conversion: StoredConversion, check: Check) -> ConvertedSong:
        bench.files.pieces(conversion.conversion_id)
        bench.stores.conversions.cancel_conversion(conversion.conversion_id)
        return wait_until_stopped(check)

    ended = run(bench, cancel_and_wait)

    assert ended.state is ConversionState.CANCELLED
    assert not bench.files.conversion_ids()


def test_a_conversion_whose_consent_is_revoked_at_work_is_stopped_and_leaves_nothing(bench: JobsBench) -> None:
    def revoke_and_wait(conversion: StoredConversion, check: Check) -> ConvertedSong:
        bench.files.pieces(conversion.conversion_id)
        bench.stores.targets.revoke_consent(conversion.tenant, conversion.order.voice_id, bench.stores.clock())
        return wait_until_stopped(check)

    conversion_id = bench.ask()
    bench.jobs.take("worker-1")
    worker_of(bench, revoke_and_wait).work_on(conversion_id)

    assert bench.stores.conversions.conversion_ids() == frozenset()
    assert not bench.files.conversion_ids()


def wait_until_stopped(check: Check) -> ConvertedSong:
    """Work for long, looking now and then."""
    pause = threading.Event()
    for _ in range(2000):
        check()
        pause.wait(0.005)
    return SONG


def test_a_worker_that_lost_a_conversion_leaves_it_and_its_files_to_the_other(bench: JobsBench) -> None:
    def lose(conversion: StoredConversion, check: Check) -> ConvertedSong:
        bench.files.pieces(conversion.conversion_id)
        bench.stores.conversions.start(conversion.conversion_id, "worker-2")
        return sing(bench)(conversion, lambda: None)

    ended = run(bench, lose)

    assert (ended.state, ended.executor_id) == (ConversionState.RUNNING, "worker-2")
    assert bench.files.conversion_ids() == {ended.conversion_id}


def test_a_worker_that_stops_gives_its_conversion_back_for_another_to_take(bench: JobsBench) -> None:
    conversion_id = bench.ask()
    bench.jobs.take("worker-1")

    def stop_at_work(conversion: StoredConversion, check: Check) -> ConvertedSong:
        bench.files.pieces(conversion.conversion_id)
        worker.stop()
        check()
        raise AssertionError("a worker that stops does not go on")

    worker = worker_of(bench, stop_at_work)
    worker.work_on(conversion_id)
    held = bench.job(conversion_id)
    worker.hand_over()
    given_back = bench.find(conversion_id)
    bench.jobs.take("worker-2")
    worker_of(bench, sing(bench), "worker-2").work_on(conversion_id)

    assert (held, given_back.state, given_back.attempts) == (JobState.ENDED, ConversionState.QUEUED, 0)
    assert bench.find(conversion_id).state is ConversionState.SUCCEEDED


def test_a_worker_that_has_stopped_begins_nothing(bench: JobsBench) -> None:
    conversion_id = bench.ask()
    bench.jobs.take("worker-1")
    worker = worker_of(bench, sing(bench))

    worker.stop()
    worker.work_on(conversion_id)
    worker.hand_over()

    assert (bench.find(conversion_id).state, bench.job(conversion_id)) == (ConversionState.QUEUED, JobState.WAITING)


def test_a_tenant_with_enough_at_work_waits_and_its_job_is_held(bench: JobsBench) -> None:
    for number in (1, 2, 3):
        bench.ask(number)
    for _ in range(2):
        bench.take("worker-2")
    third = bench.jobs.take("worker-1")
    assert third is not None

    worker_of(bench, sing(bench)).work_on(third)

    assert (bench.find(third).state, bench.job(third)) == (ConversionState.QUEUED, JobState.ENDED)


def test_a_worker_that_cannot_say_how_a_conversion_ended_gives_itself_up(bench: JobsBench) -> None:
    lost: list[bool] = []

    def sing_while_the_store_closes(conversion: StoredConversion, check: Check) -> ConvertedSong:
        song = sing(bench)(conversion, check)
        bench.stores.conversions.succeed = unreachable  # type: ignore[method-assign]
        return song

    conversion_id = bench.ask()
    bench.jobs.take("worker-1")
    worker_of(bench, sing_while_the_store_closes, lost=lambda: lost.append(True)).work_on(conversion_id)

    assert lost == [True]
    assert bench.find(conversion_id).state is ConversionState.RUNNING


def test_files_that_cannot_be_erased_now_are_no_reason_to_fail(bench: JobsBench) -> None:
    def refuse(_conversion_id: str) -> None:
        raise UnavailableError("FILES_UNAVAILABLE", "the disk does not answer")

    lost: list[bool] = []
    bench.files.drop_pieces = refuse  # type: ignore[method-assign]
    conversion_id = bench.ask()
    bench.jobs.take("worker-1")

    worker_of(bench, sing(bench), lost=lambda: lost.append(True)).work_on(conversion_id)

    assert (bench.find(conversion_id).state, lost) == (ConversionState.SUCCEEDED, [])


def unreachable(*_arguments: object) -> StoredConversion:
    raise UnavailableError("CATALOGUE_UNAVAILABLE", "the catalogue cannot be reached")
