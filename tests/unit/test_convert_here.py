"""A conversion in the process of the person who asked for it: stopped, gone on with, taken over, and forgotten."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from singalike.errors import CapacityError, InvalidInputError, NotFoundError, SingalikeError, WrongStateError
from singalike.services.conversion.convert_here import (
    HereConverter,
    choose_engine,
    find_song_here,
    forget_voice,
    may_go_on,
    order_song,
    save_song,
)
from singalike.services.conversion.still_wanted import LetGoError
from singalike.services.conversion.worker import Check
from singalike.services.conversion_records import (
    ConversionFault,
    ConversionProgress,
    ConversionState,
    ConvertedSong,
    SongFile,
    StoredConversion,
)
from singalike.services.conversion_refusals import conversion_finished
from singalike.services.records import Track, TrackInfo, TrackWithProfile
from tests.support.conversion_stores import TENANT, order
from tests.support.jobs_bench import JobsBench, jobs_bench, sing
from tests.support.performing import WHEN, KnownTracks, profile_singing

OUT = Path("song.ogg")


@pytest.fixture
def bench() -> Iterator[JobsBench]:
    with jobs_bench() as built:
        yield built


def ordered(bench: JobsBench, out: Path = OUT) -> StoredConversion:
    return order_song(bench.parts, TENANT, order(bench.voice_id), out)


def failing(error: SingalikeError) -> "Performs":
    def perform(_conversion: StoredConversion, _check: Check) -> ConvertedSong:
        raise error

    return Performs(perform)


class Performs:
    """A converter with a performing of its own."""

    def __init__(self, perform: object) -> None:
        self._perform = perform
        self.shown: list[ConversionProgress] = []

    def convert(self, bench: JobsBench, conversion: StoredConversion, *, stopped: bool = False) -> StoredConversion:
        stopping = threading.Event()
        if stopped:
            stopping.set()
        converter = HereConverter(bench.parts, self._perform, "here-1", stopping, self.shown.append)  # type: ignore[arg-type]
        return converter.convert(conversion)


def test_the_same_order_finds_what_was_made(bench: JobsBench) -> None:
    done = Performs(sing(bench)).convert(bench, ordered(bench))

    again = ordered(bench)

    assert done.state == again.state == ConversionState.SUCCEEDED
    assert again.conversion_id == done.conversion_id
    assert failing(WrongStateError("NOBODY", "asks")).convert(bench, again) == again
    assert ordered(bench, Path("other.ogg")).conversion_id != done.conversion_id


def test_what_was_stopped_waits_and_is_gone_on_with(bench: JobsBench) -> None:
    first = ordered(bench)

    with pytest.raises(LetGoError):
        Performs(sing(bench)).convert(bench, first, stopped=True)
    waiting = bench.find(first.conversion_id)
    done = Performs(sing(bench)).convert(bench, ordered(bench))

    assert (waiting.state, waiting.attempts) == (ConversionState.QUEUED, 0)
    assert (done.conversion_id, done.state) == (first.conversion_id, ConversionState.SUCCEEDED)


def test_what_cannot_be_sung_has_failed_and_may_be_asked_for_again(bench: JobsBench) -> None:
    first = ordered(bench)

    with pytest.raises(InvalidInputError):
        failing(InvalidInputError("NO_SINGING", "nobody sings")).convert(bench, first)
    failed = bench.find(first.conversion_id)
    again = ordered(bench)

    assert (failed.state, failed.fault) == (ConversionState.FAILED, ConversionFault("NO_SINGING", "nobody sings"))
    assert again.conversion_id != first.conversion_id
    assert bench.files.conversion_ids() == frozenset()


def test_a_full_disk_leaves_it_waiting(bench: JobsBench) -> None:
    first = ordered(bench)

    with pytest.raises(CapacityError):
        failing(CapacityError("DISK_FULL", "free some room")).convert(bench, first)

    assert bench.find(first.conversion_id).state == ConversionState.QUEUED


def test_where_a_worker_took_it_over_its_song_is_waited_for(bench: JobsBench) -> None:
    converter = Performs(None)

    def perform(conversion: StoredConversion, _check: Check) -> ConvertedSong:
        store = bench.stores.conversions
        store.start(conversion.conversion_id, "worker-9")
        store.succeed(conversion.conversion_id, "worker-9", sing(bench)(conversion, lambda: None))
        raise WrongStateError("CONVERSION_MOVED", "another worker has it")

    converter._perform = perform
    done = converter.convert(bench, ordered(bench))

    assert (done.state, done.executor_id) == (ConversionState.SUCCEEDED, "worker-9")
    assert converter.shown[-1].stage == "done"


def test_a_song_that_a_worker_finished_before_it_was_begun_here_is_taken(bench: JobsBench) -> None:
    asked, store = ordered(bench), bench.stores.conversions
    started = store.start(asked.conversion_id, "worker-9")
    store.succeed(asked.conversion_id, "worker-9", sing(bench)(started, lambda: None))

    done = failing(WrongStateError("NOBODY", "asks")).convert(bench, asked)

    assert (done.state, done.executor_id) == (ConversionState.SUCCEEDED, "worker-9")


def test_a_song_that_a_worker_has_finished_meanwhile_is_not_erased(bench: JobsBench) -> None:
    converter = Performs(None)

    def perform(conversion: StoredConversion, check: Check) -> ConvertedSong:
        store = bench.stores.conversions
        store.start(conversion.conversion_id, "worker-9")
        store.succeed(conversion.conversion_id, "worker-9", sing(bench)(conversion, check))
        raise conversion_finished(ConversionState.SUCCEEDED)

    converter._perform = perform
    done = converter.convert(bench, ordered(bench))

    assert (done.state, done.executor_id) == (ConversionState.SUCCEEDED, "worker-9")
    assert bench.files.find_song(done.conversion_id)


def test_a_voice_that_is_not_kept_leaves_nothing(bench: JobsBench) -> None:
    done = Performs(sing(bench)).convert(bench, ordered(bench))
    bench.files.vocals_of.add(done.order.content_sha256)

    forget_voice(bench.parts, TENANT, bench.voice_id, done.order.content_sha256)

    assert bench.stores.conversions.conversion_ids() == frozenset()
    assert bench.files.conversion_ids() == bench.files.vocal_contents() == frozenset()
    with pytest.raises(NotFoundError):
        bench.stores.targets.get_target(TENANT.name, bench.voice_id)


def test_a_song_is_found_by_path_and_by_track(tmp_path: Path) -> None:
    song = tmp_path / "song.flac"
    song.write_bytes(b"any bytes")
    content = "2b4a"
    track = Track("t-1", "ann", TrackInfo("Ann", "A"), content, 9.0, "identity", "ear", 1, WHEN)
    catalogue = KnownTracks({"t-1": TrackWithProfile(track, profile_singing(60.0, 70.0))})
    taken_in = SongFile(content, "/songs/a.flac", "right")

    def known(asked: str) -> SongFile:
        if asked != content:
            raise NotFoundError("SONG_SOUND_NOT_FOUND", "take it in")
        return taken_in

    by_path = find_song_here(str(song), catalogue, known, channel="left", a_cappella=True)

    assert find_song_here("t-1", catalogue, known, channel=None, a_cappella=False) == ("t-1", taken_in)
    assert by_path[0] == ""
    assert (by_path[1].path, by_path[1].channel, by_path[1].a_cappella) == (str(song), "left", True)
    with pytest.raises(NotFoundError) as refused:
        find_song_here("nowhere.flac", catalogue, known, channel=None, a_cappella=False)
    assert refused.value.reason == "SONG_NOT_FOUND"


def test_a_copy_of_a_song_that_was_taken_in_is_not_where_others_look_for_it(tmp_path: Path) -> None:
    taken_in, copy = tmp_path / "taken in.flac", tmp_path / "copy.flac"
    for path in (taken_in, copy):
        path.write_bytes(b"the same bytes")

    def place() -> str:
        here = find_song_here(
            str(copy), KnownTracks({}), lambda content: SongFile(content, str(taken_in)), channel=None, a_cappella=False
        )
        return here[1].path

    known = place()
    taken_in.write_bytes(b"other bytes")

    assert (known, place()) == (str(taken_in), str(copy))


def test_the_first_engine_that_knows_the_voice_sings(bench: JobsBench) -> None:
    target = bench.stores.targets.get_target(TENANT.name, bench.voice_id)
    name = next(iter(target.engines))

    assert choose_engine("", target, ("other", name)) == name
    assert choose_engine("asked", target, ("other", name)) == "asked"
    with pytest.raises(WrongStateError):
        choose_engine("", target, ("other",))


def test_a_song_that_cannot_be_put_where_it_is_wanted_is_refused(tmp_path: Path) -> None:
    song, out = tmp_path / "song.ogg", tmp_path / "out.ogg"
    song.write_bytes(b"sound")

    save_song(song, out)
    with pytest.raises(InvalidInputError) as refused:
        save_song(song, tmp_path / "nowhere" / "out.ogg")

    assert out.read_bytes() == b"sound"
    assert refused.value.reason == "NOT_WRITABLE"
    assert may_go_on(refused.value)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["out.ogg", "song.ogg"]
