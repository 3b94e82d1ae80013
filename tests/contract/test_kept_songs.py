"""The sound of tracks that come over gRPC is kept when the operator says so, and goes with the track."""

import hashlib
import io
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import soundfile

from singalike.client import Recording, TrackDescription
from singalike.services import bootstrap
from singalike.services.adapters.kept_songs import KeptSongs
from singalike.services.adapters.sql_song_files import SqlSongFiles
from singalike.services.conversion_records import SongFile
from singalike.services.records import TrackInfo
from singalike.services.settings import Settings
from tests.support.buzzing import SAMPLE_RATE, buzzing_voice
from tests.support.conversion_stores import outcome
from tests.support.fake_ear import make_profile
from tests.support.folders import quick_folder
from tests.support.servers import running, small_settings, use_fake_ear

INFO = TrackDescription("Ann", "A song", "folk")


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    use_fake_ear(monkeypatch)
    with quick_folder() as folder:
        yield small_settings(folder, keep_songs=True)


def song(f0_hz: float = 180.0) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, buzzing_voice(5.0, f0_hz), SAMPLE_RATE, format="FLAC")
    return file.getvalue()


def kept_in(settings: Settings) -> list[Path]:
    return list((settings.data_dir / "songs").glob("*"))


def find(settings: Settings, audio: bytes) -> SongFile:
    with closing(bootstrap.open_song_files(settings)) as song_files:
        return song_files.find_song_file(hashlib.sha256(audio).hexdigest())


def add_track(settings: Settings) -> str:
    """Take a track in that nobody has listened to."""
    with closing(bootstrap.open_catalogue(settings)) as catalogue:
        track = catalogue.add_track(TrackInfo("Ann", "A song"), "ab" * 32, 5.0, "identity", make_profile(5))
    return track.track_id


def remove_track(settings: Settings, track_id: str) -> None:
    """Erase a track as another process does, which keeps no songs and sweeps none."""
    with closing(bootstrap.open_catalogue(settings)) as catalogue:
        catalogue.remove_track(track_id)


async def test_an_uploaded_track_is_kept_once_and_goes_when_it_is_deleted(settings: Settings) -> None:
    audio = song()

    async with running(settings, "embedding") as servers:
        track = await servers.client.index_track(Recording(audio, a_cappella=True), INFO)
        await servers.client.index_track(Recording(audio, a_cappella=True), INFO)
        kept, file = kept_in(settings), find(settings, audio)
        content = kept[0].read_bytes()
        await servers.client.delete_track(track.track_id)

    assert [str(path) for path in kept] == [file.path]
    assert (content, file.channel, file.a_cappella) == (audio, "mix", True)
    assert kept_in(settings) == []
    assert outcome(lambda: find(settings, audio)) == "SONG_SOUND_NOT_FOUND"


async def test_nothing_is_kept_unless_the_operator_says_so(settings: Settings) -> None:
    audio = song()

    async with running(settings.model_copy(update={"keep_songs": False}), "embedding") as servers:
        await servers.client.index_track(audio, INFO)

    assert kept_in(settings) == []
    assert outcome(lambda: find(settings, audio)) == "SONG_SOUND_NOT_FOUND"


def test_what_a_killed_process_left_goes_and_what_is_being_written_stays(settings: Settings) -> None:
    with closing(bootstrap.open_song_files(settings)) as song_files:
        add_track(settings)
        kept = KeptSongs(settings.data_dir / "songs", song_files)
        kept.keep(b"a song", "ab" * 32, "mix", a_cappella=False)
        unfinished = settings.data_dir / "songs" / f".{'ab' * 32}.0011.part"
        for path in (unfinished, unfinished.with_name(f".{'cd' * 32}.0011.part"), unfinished.with_name("ef" * 32)):
            path.write_bytes(b"left")

        kept.sweep()

    assert {path.name for path in kept_in(settings)} == {"ab" * 32, unfinished.name}


def test_a_full_disk_keeps_no_song(settings: Settings) -> None:
    with closing(bootstrap.open_song_files(settings)) as song_files:
        add_track(settings)
        kept = KeptSongs(settings.data_dir / "songs", song_files, min_free_disk_mb=10**9)

        assert outcome(lambda: kept.keep(b"a song", "ab" * 32, "mix", a_cappella=False)) == "DISK_FULL"
    assert kept_in(settings) == []


def test_nothing_is_kept_of_a_track_that_was_erased_before(settings: Settings) -> None:
    with closing(bootstrap.open_song_files(settings)) as song_files:
        remove_track(settings, add_track(settings))

        KeptSongs(settings.data_dir / "songs", song_files).keep(b"a song", "ab" * 32, "mix", a_cappella=False)

        assert song_files.song_paths() == frozenset()
    assert kept_in(settings) == []


def test_a_track_that_another_process_erases_while_it_is_kept_leaves_no_sound(settings: Settings) -> None:
    class ErasedMeanwhile(SqlSongFiles):
        def add_track_file(self, file: SongFile) -> bool:
            there = super().add_track_file(file)
            remove_track(settings, track_id)
            return there

    track_id = add_track(settings)
    with closing(ErasedMeanwhile(f"sqlite:///{settings.data_dir}/catalogue.db")) as song_files:
        KeptSongs(settings.data_dir / "songs", song_files).keep(b"a song", "ab" * 32, "mix", a_cappella=False)

        assert song_files.song_paths() == frozenset()
    assert kept_in(settings) == []


def test_a_song_that_comes_again_while_it_is_swept_stays(settings: Settings) -> None:
    class ComesAgain(SqlSongFiles):
        def song_paths(self) -> frozenset[str]:
            known = super().song_paths()
            add_track(settings)
            coming.start()
            coming.join(0.1)  # where sweeping lets it in, it is through by then
            return known

    def keep() -> None:
        with closing(bootstrap.open_song_files(settings)) as others:
            KeptSongs(folder, others).keep(b"a song", "ab" * 32, "mix", a_cappella=False)

    folder, coming = settings.data_dir / "songs", threading.Thread(target=keep)
    remove_track(settings, add_track(settings))
    folder.mkdir()
    (folder / ("ab" * 32)).write_bytes(b"a song")
    with closing(ComesAgain(f"sqlite:///{settings.data_dir}/catalogue.db")) as song_files:
        KeptSongs(folder, song_files).sweep()
        coming.join()

    assert [path.read_bytes() for path in kept_in(settings)] == [b"a song"]
